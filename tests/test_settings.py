"""Settings: where they come from, which wins, and how all that is wrong is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from clickstream.errors import SettingsError
from clickstream.settings import read_settings


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_defaults_stand_below_the_data_folder() -> None:
    settings = read_settings()
    assert settings.raw_path == Path("data/raw")
    assert settings.warehouse_path == Path("data/warehouse.duckdb")
    assert settings.has_default_places


def test_environment_wins_over_the_file_and_data_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("clickstream.toml").write_text('timezone = "Europe/Rome"\ncurrency = "EUR"\ndata = "from-file"\n')
    monkeypatch.setenv("CLICKSTREAM_TIMEZONE", "Asia/Tokyo")
    settings = read_settings(Path("given"))
    assert (settings.timezone, settings.currency, settings.data) == ("Asia/Tokyo", "EUR", Path("given"))


@pytest.mark.parametrize(
    ("url", "path"),
    [("duckdb:///w.duckdb", "w.duckdb"), ("duckdb:////abs/w.duckdb", "/abs/w.duckdb")],
)
def test_warehouse_urls(monkeypatch: pytest.MonkeyPatch, url: str, path: str) -> None:
    monkeypatch.setenv("CLICKSTREAM_WAREHOUSE_URL", url)
    assert read_settings().warehouse_path == Path(path)
    assert not read_settings().has_default_places


@pytest.mark.parametrize(("url", "path"), [("./raw", "raw"), ("/abs/raw", "/abs/raw"), ("file:///abs/raw", "/abs/raw")])
def test_raw_urls(monkeypatch: pytest.MonkeyPatch, url: str, path: str) -> None:
    monkeypatch.setenv("CLICKSTREAM_RAW_URL", url)
    assert read_settings().raw_path == Path(path)


def test_all_problems_are_told_at_once_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_TIMEZONE", "Mars/Olympus")
    monkeypatch.setenv("CLICKSTREAM_CURRENCY", "euro")
    monkeypatch.setenv("CLICKSTREAM_RAW_URL", "ftp://x")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    told = "\n".join(caught.value.problems)
    assert all(name in told for name in ("CLICKSTREAM_TIMEZONE", "CLICKSTREAM_CURRENCY", "CLICKSTREAM_RAW_URL"))


def test_origins_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_CORS_ORIGINS", "https://a.example, https://b.example")
    assert read_settings().cors_origins == ("https://a.example", "https://b.example")


def test_unknown_setting_in_the_file_is_a_problem() -> None:
    Path("clickstream.toml").write_text('timezon = "UTC"\n')
    with pytest.raises(SettingsError, match="CLICKSTREAM_TIMEZON"):
        read_settings()
