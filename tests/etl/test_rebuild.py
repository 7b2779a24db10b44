"""A rebuild reports which numbers would change, changes them only on request, and loses no event."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clickstream.errors import WarehouseError
from clickstream.etl.expire import RetentionConfig, expire
from clickstream.etl.repair import swap as swapping
from clickstream.etl.repair.rebuild import RebuildContext, RebuildRequest, rebuild
from clickstream.etl.run import LoadConfig, Loader
from clickstream.warehouse.contract import Warehouse
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, open_pipeline, received
from tests.etl.warehouses import contents
from tests.postgres import Cluster

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DAY_S = 86_400


def event(number: int, ago_s: float = 0, **fields: Any) -> dict[str, Any]:
    moment = NOW - timedelta(seconds=ago_s) + timedelta(seconds=number)
    return received(moment, eventId=f"e{number}", clientId=f"c{number % 3}", **fields)


def order(number: int, ago_s: float = 0) -> dict[str, Any]:
    return event(number, ago_s, order={"id": f"o{number}", "total": 10}) | {"eventName": "checkout_complete"}


def context_of(pipeline: Pipeline, folder: Path, rules: LoadConfig | None = None) -> RebuildContext:
    def make_loader(warehouse: Warehouse) -> Loader:
        return Loader(warehouse, pipeline.store, folder / "stage", pipeline.clock, rules)

    return RebuildContext(pipeline.warehouse, pipeline.store, pipeline.clock, pipeline.load, make_loader)


def fill(pipeline: Pipeline) -> None:
    """Load two days of a shop: sessions over midnight, an order, copies, bad lines."""
    night = 12 * 3600 + 60
    pipeline.put_batch([event(1, DAY_S), event(2, DAY_S, userId="u2"), b"{broken", order(3, DAY_S)], ago_s=DAY_S)
    pipeline.put_batch([event(n, night) for n in range(10, 15)], ago_s=night)
    pipeline.load()
    pipeline.put_batch([event(n, night - 120) for n in range(20, 25)], ago_s=night - 120)
    pipeline.put_batch([event(1), event(30, productId=7), order(31), {"no": "name"}])
    pipeline.load()


@pytest.fixture(scope="module")
def filled_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw store and DuckDB warehouse of the filled pipeline, for each test to copy."""
    folder = tmp_path_factory.mktemp("filled")
    with open_pipeline(folder, Clock()) as pipeline:
        fill(pipeline)
    return folder


@pytest.fixture
def filled(tmp_path: Path, clock: Clock, server: Cluster | None, filled_folder: Path) -> Iterator[Pipeline]:
    if server is None:
        shutil.copytree(filled_folder, tmp_path, dirs_exist_ok=True)
    with open_pipeline(tmp_path, clock, server) as pipeline:
        if server is not None:
            fill(pipeline)
        yield pipeline


@pytest.fixture
def context(filled: Pipeline, tmp_path: Path) -> RebuildContext:
    return context_of(filled, tmp_path)


@pytest.mark.quick_on("duckdb")
def test_rebuild_of_an_unchanged_warehouse_reports_no_change(filled: Pipeline, context: RebuildContext) -> None:
    before = contents(filled.warehouse), filled.rows("select * from loads order by load_id")
    found = rebuild(context, RebuildRequest())
    assert (found["same"], found["moves"], found["reasons"], found["applied"]) == (True, [], [], False)
    assert (found["objects"], found["lines"], found["events"]["changed"]) == (4, 18, 0)
    assert (contents(filled.warehouse), filled.rows("select * from loads order by load_id")) == before


def test_applied_rebuild_of_an_unchanged_warehouse_changes_only_the_loads(
    filled: Pipeline, context: RebuildContext
) -> None:
    before = contents(filled.warehouse)
    loads = filled.rows("select max(load_id) from loads")[0][0]
    assert rebuild(context, RebuildRequest(apply=True))["applied"]
    assert contents(filled.warehouse) == before
    assert filled.rows("select min(load_id) from clickstream_events")[0][0] > loads
    assert filled.rows("select count(*) from raw_objects where load_id not in (select load_id from loads)") == [(0,)]
    assert filled.ledger().is_balanced
    filled.put_batch([event(40)])
    assert filled.load().objects == 1


@pytest.mark.quick_on("duckdb")
def test_another_currency_changes_only_the_revenue(filled: Pipeline, tmp_path: Path) -> None:
    context = context_of(filled, tmp_path, LoadConfig(currency="EUR"))
    found = rebuild(context, RebuildRequest(apply=True))
    assert [(move["figure"], move["of"], move["before"], move["after"]) for move in found["moves"]] == [
        ("revenue by currency", "EUR", 0, 20),
        ("revenue by currency", "USD", 20, 0),
    ]
    assert found["reasons"] == [{"what": "currency", "before": ["USD"], "after": "EUR"}]
    (kind,) = found["events"]["kinds"]
    assert (kind["columns"], kind["events"]) == (["order_currency"], 2)
    assert (kind["example"]["before"], kind["example"]["after"]) == (
        {"order_currency": "USD"},
        {"order_currency": "EUR"},
    )
    assert filled.rows("select distinct currency from orders") == [("EUR",)]


@pytest.mark.quick_on("duckdb")
def test_row_that_differs_from_its_line_is_reported_and_corrected(filled: Pipeline, context: RebuildContext) -> None:
    before = contents(filled.warehouse)
    with filled.warehouse.transaction() as cursor:
        cursor.execute("update clickstream_events set page_title = 'x', is_bot = true where raw_line = 2")
        cursor.execute("delete from clickstream_events where raw_line = 5")
    found = rebuild(context, RebuildRequest(apply=True))
    assert (found["events"]["changed"], found["events"]["only_before"], found["events"]["only_after"]) == (4, 0, 2)
    assert found["events"]["kinds"][0]["columns"] == ["page_title", "is_bot"]
    assert {"figure": "events of bots", "of": "", "before": 4, "after": 0} in found["moves"]
    assert contents(filled.warehouse) == before


CORRUPTIONS = {
    "raw_objects": "update raw_objects set lines = lines + 1",
    "duplicates": "update duplicates set line = 99",
    "bad_rows": "update bad_rows set original = null",
    "erased": "insert into erased values ('x', 1, timestamptz '2026-03-10 11:00:00+00', null)",
    "sessions": "update sessions set entry_page = '/x', country = 'FR', login_state = 'x'",
    "clients": "update clients set first_user_id = 'x'",
    "seen": "update seen set first_is_first_visit = true",
    "orders": "update orders set user_id = 'x', ordered_at = ordered_at - interval '1 minute'",
    "order_lines": "insert into order_lines (event_id, line_number) select event_id, 7 from orders",
    "refunds": "insert into refunds (order_id, event_id, refunded_at, currency, is_bot, is_sample) "
    "select order_id, event_id, ordered_at, 'EUR', false, false from orders",
}


def test_wrong_value_in_any_replaced_table_is_reported_and_corrected(filled: Pipeline, context: RebuildContext) -> None:
    """None of these changes a number of rows, events or money that a report shows."""
    before = contents(filled.warehouse)
    with filled.warehouse.transaction() as cursor:
        for sql in CORRUPTIONS.values():
            cursor.execute(sql)
    found = rebuild(context, RebuildRequest(apply=True))
    assert not found["same"]
    assert {table["table"] for table in found["tables"]} == set(CORRUPTIONS) == set(swapping.REPLACED)
    assert {"table": "erased", "only_before": 1, "only_after": 0} in found["tables"]
    assert contents(filled.warehouse) == before
    assert rebuild(context, RebuildRequest())["same"]


@pytest.mark.quick_on("duckdb")
def test_figures_of_sessions_and_items_change_with_their_rows(filled: Pipeline, context: RebuildContext) -> None:
    bought = {"id": "o9", "items": [{"id": "p", "price": 2.5, "quantity": 2}]}
    filled.put_event(event(62, order=bought) | {"eventName": "checkout_complete"})
    filled.load()
    with filled.warehouse.transaction() as cursor:
        cursor.execute("update order_lines set quantity = 10")
        cursor.execute("update sessions set has_cart = true, has_checkout = true, orders = 0, key_events = 0")
        cursor.execute("update sessions set session_end = session_start")
    moves = {move["figure"]: (move["before"], move["after"]) for move in rebuild(context, RebuildRequest())["moves"]}
    assert (moves["units"], moves["item revenue by currency"]) == ((10, 2), (25, 5))
    ((sessions,),) = filled.rows("select count(*) from sessions")
    assert moves["sessions with a cart"] == moves["sessions with a check-out"] == (sessions, 0)
    assert {name for name, (before, _) in moves.items() if before == 0} == {
        "sessions with an order",
        "key events",
        "time in sessions (s)",
    }


class Meanwhile:
    """Runs `work` once, when the rebuild has begun to read."""

    def __init__(self, context: RebuildContext, work: Callable[[], object]) -> None:
        self._context = context
        self._work: Callable[[], object] | None = work

    def make_loader(self, warehouse: Warehouse) -> Loader:
        return self._context.make_loader(warehouse)

    def progress(self, done: int, total: int, doing: str = "") -> None:
        work, self._work = self._work, None
        if work is not None:
            work()


def test_events_that_arrive_during_a_rebuild_are_loaded_once(
    filled: Pipeline, context: RebuildContext, tmp_path: Path, server: Cluster | None
) -> None:
    def arrive() -> None:
        filled.put_batch([event(50), event(51)])
        filled.load()
        filled.put_batch([event(52)])  # in the store, but not loaded yet

    found = rebuild(context, RebuildRequest(apply=True), Meanwhile(context, arrive).progress)
    assert (found["same"], found["objects"]) == (True, 5)
    assert filled.totals()["pending"] == 1
    assert filled.load().objects == 1
    assert filled.ledger().is_balanced
    with clean_load(filled, tmp_path, server) as clean:
        assert contents(filled.warehouse) == contents(clean.warehouse)


@contextmanager
def clean_load(pipeline: Pipeline, folder: Path, server: Cluster | None) -> Iterator[Pipeline]:
    """A warehouse that loaded the same store in one pass."""
    with open_pipeline(folder / "clean", pipeline.clock, server) as clean:
        with closing(Loader(clean.warehouse, pipeline.store, folder / "stage", pipeline.clock)) as loader:
            loader.run_pass()
        yield clean


@pytest.mark.quick_on("duckdb")
def test_object_that_was_never_loaded_is_reported(filled: Pipeline, context: RebuildContext) -> None:
    filled.clock.forward(days=2)
    filled.load()  # closes both days
    filled.put_batch([event(60)], ago_s=2 * DAY_S)
    ((events,),) = filled.rows("select count(*) from clickstream_events")
    found = rebuild(context, RebuildRequest())
    assert found["never_loaded"] == 1
    assert {"figure": "events", "of": "", "before": events, "after": events + 1} in found["moves"]


@pytest.mark.quick_on("duckdb")
def test_expired_day_is_not_loaded_again(filled: Pipeline, context: RebuildContext) -> None:
    with filled.warehouse.transaction() as cursor:
        cursor.execute("insert into expired_days values (date '2026-03-08', 'warehouse', $now)", {"now": NOW})
    filled.put_batch([event(60, 2 * DAY_S)], ago_s=2 * DAY_S)
    context = replace(context, load=lambda: None)  # a pass would load the object
    assert rebuild(context, RebuildRequest(apply=True))["never_loaded"] == 0
    assert filled.rows("select count(*) from raw_objects where day = date '2026-03-08'") == [(0,)]


@pytest.mark.quick_on("duckdb")
def test_totals_of_expired_rows_survive_a_rebuild_without_raw_objects(
    filled: Pipeline, context: RebuildContext
) -> None:
    counts = filled.rows("select count(*) from clickstream_events")
    filled.clock.forward(days=40)
    filled.load()  # closes the days
    expire(filled.loader, RetentionConfig(raw_days=1, warehouse_days=1))
    assert filled.rows("select count(*) from clickstream_events") == [(0,)]
    assert rebuild(context, RebuildRequest(apply=True))["same"]
    assert filled.rows("select sum(events) from expired_totals") == counts


@pytest.mark.quick_on("duckdb")
def test_erasure_during_a_rebuild_stops_it(filled: Pipeline, context: RebuildContext) -> None:
    def erase() -> None:
        with filled.warehouse.transaction() as cursor:
            cursor.execute("insert into erasures values ('r', $now, 1)", {"now": NOW})

    with pytest.raises(WarehouseError, match="erased or expired meanwhile"):
        rebuild(context, RebuildRequest(apply=True), Meanwhile(context, erase).progress)


def test_second_rebuild_at_the_same_time_is_refused(filled: Pipeline, context: RebuildContext) -> None:
    with filled.warehouse.shadow(), pytest.raises(WarehouseError, match="another rebuild is running"):
        rebuild(context, RebuildRequest())
    assert rebuild(context, RebuildRequest())["same"]


def test_rebuild_without_the_oldest_objects_is_refused_and_from_retains_their_rows(
    filled: Pipeline, context: RebuildContext
) -> None:
    with filled.warehouse.transaction() as cursor:
        cursor.execute("update clickstream_events set page_title = 'kept' where raw_line = 1")
    before = contents(filled.warehouse)
    for path in filled.root.glob("events/2026/03/09/*"):
        path.unlink()
    with pytest.raises(WarehouseError, match=r"2 loaded objects of .* are no longer in the raw store") as refused:
        rebuild(context, RebuildRequest(apply=True))
    assert "--from 2026-03-10" in refused.value.advice
    assert contents(filled.warehouse) == before
    found = rebuild(context, RebuildRequest(apply=True, first=date(2026, 3, 10)))
    assert (found["objects"], found["events"]["changed"]) == (2, 1), "only rows that were read again are corrected"
    after = contents(filled.warehouse)
    assert {name: after[name] for name in after if name != "clickstream_events"} == {
        name: before[name] for name in before if name != "clickstream_events"
    }
    assert filled.rows(
        "select distinct raw_object like '%/03/09/%' from clickstream_events where page_title = 'kept'"
    ) == [(True,)]
    assert filled.rows("select count(*) from clickstream_events where load_id not in (select load_id from loads)") == [
        (0,)
    ]


@pytest.mark.quick_on("postgres")
def test_rows_of_other_clients_and_expired_first_sights_survive(filled: Pipeline, context: RebuildContext) -> None:
    with filled.warehouse.transaction() as cursor:
        cursor.execute(
            "insert into clickstream_events (event_id, event_timestamp, event_name, client_id) "
            "values (cast('00000000-0000-4000-8000-000000000001' as uuid), $now, 'external', 'other')",
            {"now": NOW},
        )
        cursor.execute(
            "insert into seen (client_id, first_seen_at, event_id) "
            "values ('gone', $then, cast('00000000-0000-4000-8000-000000000002' as uuid))",
            {"then": NOW - timedelta(days=900)},
        )
    filled.load()  # takes in the other client's row
    before = contents(filled.warehouse)
    found = rebuild(context, RebuildRequest(apply=True))
    assert found["same"]
    assert contents(filled.warehouse) == before


def test_every_table_is_either_replaced_or_kept(pipeline: Pipeline) -> None:
    names = pipeline.rows(
        "select table_name from information_schema.tables "
        "where table_schema = current_schema() and table_catalog = current_database() and table_type = 'BASE TABLE'"
    )
    assert {row[0] for row in names} == {*swapping.REPLACED, *swapping.KEPT, "clickstream_events", "loads"}
