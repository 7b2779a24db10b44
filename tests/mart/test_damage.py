"""A damaged file of the mart: it is built again, at once or after a plain error, and answers are never wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from clickstream.errors import WarehouseError
from clickstream.mart.file import Mart
from clickstream.mart.keeper import MartKeeper
from clickstream.mart.refresh import build, refresh
from clickstream.metrics.catalog import ask
from clickstream.metrics.question import Question
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.metrics.filling import at, event, fill

START = at("2026-03-01 10:00")
QUESTION = Question(as_of=at("2026-03-05 10:00"), tz=ZoneInfo("UTC"))
EVENTS = 600
BLOCK = 262_144
FIRST_BLOCK = 12_288
METRICS = ("overview", "time_series", "products", "login_state", "devices", "acquisition")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckWarehouse]:
    events = [
        event(
            START + timedelta(minutes=number),
            "product_view",
            client_id=f"c{number % 97}",
            context_product_id=f"p{number % 50}",
            page_path=f"/x/{number % 30}",
        )
        for number in range(EVENTS)
    ]
    with DuckWarehouse.open(tmp_path_factory.mktemp("filled") / "warehouse.duckdb", threads=1) as warehouse:
        fill(warehouse, events)
        yield warehouse


@pytest.fixture(scope="module")
def good(filled: DuckWarehouse, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a mart that is up to date."""
    path = tmp_path_factory.mktemp("good") / "mart.duckdb"
    with Mart.open(path) as mart:
        build(mart, filled)
    return path.read_bytes()


def events_of(mart: Mart) -> int:
    """Ask metrics of every kind, and return the number of events."""
    for metric in METRICS:
        ask(mart, metric, QUESTION)
    events: int = ask(mart, "overview", QUESTION).dicts()[0]["events"]
    return events


@pytest.mark.parametrize(
    "content", [b"", b"not a database " * 10_000, b"\0" * 100_000], ids=["empty", "garbage", "zeros"]
)
def test_a_file_that_cannot_be_opened_is_made_again(filled: DuckWarehouse, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mart.duckdb"
    path.write_bytes(content)
    with Mart.open(path) as mart:
        assert refresh(mart, filled).how == "built"
        assert events_of(mart) == EVENTS


@pytest.mark.parametrize("kept", [0.6, *(pytest.param(share, marks=pytest.mark.slow) for share in (0.01, 0.3, 0.9))])
def test_a_truncated_file_is_built_again(filled: DuckWarehouse, good: bytes, tmp_path: Path, kept: float) -> None:
    path = tmp_path / "mart.duckdb"
    path.write_bytes(good[: int(len(good) * kept)])
    assert_built_again(path, filled)


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)], ids=("some", "all"))
def test_a_file_with_a_damaged_block_is_built_again(
    filled: DuckWarehouse, good: bytes, tmp_path: Path, step: int
) -> None:
    path = tmp_path / "mart.duckdb"
    for start in range(FIRST_BLOCK, len(good), BLOCK * step):
        path.write_bytes(good[: start + 500] + b"damage" * 50 + good[start + 800 :])
        assert_built_again(path, filled)


def assert_built_again(path: Path, warehouse: DuckWarehouse) -> None:
    """The first question may fail plainly; the next one, in another process, is right."""
    error = failure_of_a_question(path, warehouse)
    if error is not None:
        assert "the file is damaged" in error.why
        assert error.advice == "run this again: the mart is then built from the warehouse"
        assert str(path) in error.doing
        assert not path.exists()
    assert failure_of_a_question(path, warehouse) is None


def failure_of_a_question(path: Path, warehouse: DuckWarehouse) -> WarehouseError | None:
    try:
        with Mart.open(path) as mart:
            refresh(mart, warehouse)
            assert events_of(mart) == EVENTS
    except WarehouseError as error:
        return error
    return None


def test_a_running_keeper_builds_a_mart_that_turned_out_damaged(
    filled: DuckWarehouse, good: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "mart.duckdb"
    path.write_bytes(good[: len(good) * 2 // 3])
    with MartKeeper(path, filled) as keeper:
        assert keeper.refresh().how == "unchanged"
        with pytest.raises(WarehouseError, match="the file is damaged"):
            events_of(keeper.mart)
        assert keeper.refresh().how == "built"
        assert events_of(keeper.mart) == EVENTS


def test_peeking_changes_nothing(filled: DuckWarehouse, tmp_path: Path) -> None:
    path = tmp_path / "mart.duckdb"
    with MartKeeper(path, filled) as keeper, keeper.peek() as mart:
        assert mart is None
    assert list(tmp_path.iterdir()) == []
    path.write_bytes(b"not a database " * 10_000)
    with MartKeeper(path, filled) as keeper, keeper.peek() as mart:
        assert mart is None
    assert path.read_bytes() == b"not a database " * 10_000
