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


@pytest.mark.parametrize(
    ("url", "bucket"),
    [
        ("s3://shop-events", ("shop-events", "")),
        ("s3://shop-events/", ("shop-events", "")),
        ("s3://shop-events/raw/2/", ("shop-events", "raw/2")),
        ("./raw", None),
    ],
)
def test_raw_buckets(monkeypatch: pytest.MonkeyPatch, url: str, bucket: tuple[str, str] | None) -> None:
    monkeypatch.setenv("CLICKSTREAM_RAW_URL", url)
    assert read_settings().raw_bucket == bucket
    assert not read_settings().has_default_places


@pytest.mark.parametrize("url", ["s3://", "s3://A_b", "s3://key:sesame@bucket", "s3://bucket?region=x", "s3:bucket//x"])
def test_raw_url_that_is_no_bucket_is_refused_without_repeating_secrets(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("CLICKSTREAM_RAW_URL", url)
    with pytest.raises(SettingsError, match="CLICKSTREAM_RAW_URL: ") as caught:
        read_settings()
    assert "sesame" not in str(caught.value)


def test_endpoint_is_that_of_the_aws_environment_unless_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings().s3_endpoint is None
    for name, url in (
        ("AWS_ENDPOINT_URL", "https://s3.example"),
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000"),
        ("CLICKSTREAM_S3_ENDPOINT", "http://localhost:9001"),
    ):
        monkeypatch.setenv(name, url)
        assert read_settings().s3_endpoint == url


@pytest.mark.parametrize(
    "url", ["http://s3.example", "http://10.0.0.7:9000", "ftp://x", "https://key:sesame@s3.example", "s3.example"]
)
def test_endpoint_off_this_machine_must_be_encrypted_and_hold_no_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    with pytest.raises(SettingsError, match="CLICKSTREAM_S3_ENDPOINT: ") as caught:
        read_settings()
    assert "sesame" not in str(caught.value)


def test_plain_http_to_an_endpoint_can_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_S3_ENDPOINT", "http://10.0.0.7:9000")
    monkeypatch.setenv("CLICKSTREAM_S3_ALLOW_HTTP", "true")
    assert read_settings().s3_endpoint == "http://10.0.0.7:9000"


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


def test_hosts_and_parameters_are_lists_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_OWN_HOSTS", "a.example, b.example")
    monkeypatch.setenv("CLICKSTREAM_PERSONAL_PARAMETERS", "vip,")
    assert (read_settings().own_hosts, read_settings().personal_parameters) == (("a.example", "b.example"), ("vip",))


def test_a_geo_file_that_is_not_there_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_GEOIP_FILE", "missing.mmdb")
    with pytest.raises(SettingsError, match="CLICKSTREAM_GEOIP_FILE: no such file"):
        read_settings()


def test_unknown_setting_in_the_file_is_a_problem() -> None:
    Path("clickstream.toml").write_text('timezon = "UTC"\n')
    with pytest.raises(SettingsError, match="CLICKSTREAM_TIMEZON"):
        read_settings()


def test_write_keys_and_proxies_are_lists_and_a_wrong_one_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = "0123456789abcdef"
    monkeypatch.setenv("CLICKSTREAM_WRITE_KEYS", f"{key}, {key}2")
    monkeypatch.setenv("CLICKSTREAM_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8")
    settings = read_settings()
    assert [one.get_secret_value() for one in settings.write_keys] == [key, f"{key}2"]
    assert list(map(str, settings.trusted_proxies)) == ["127.0.0.1/32", "10.0.0.0/8"]
    assert key not in repr(settings)
    monkeypatch.setenv("CLICKSTREAM_WRITE_KEYS", "too-short")
    monkeypatch.setenv("CLICKSTREAM_TRUSTED_PROXIES", "proxy.example")
    monkeypatch.setenv("CLICKSTREAM_RATE_LIMIT", "0")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    told = "\n".join(caught.value.problems)
    names = ("CLICKSTREAM_WRITE_KEYS", "CLICKSTREAM_TRUSTED_PROXIES", "CLICKSTREAM_RATE_LIMIT")
    assert all(name in told for name in names)
    assert "too-short" not in told
