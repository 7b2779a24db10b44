"""A copy of the warehouse that reads only what the loads name as changed stays equal to the warehouse.

`Copy` keeps sessions with their events, orders with items, refunds, clients, pairs, and events without a session by
quarter of an hour. It follows load numbers and `gone`, and reads nothing else again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.etl.erasure.forget import Eraser
from clickstream.etl.erasure.person import Person
from clickstream.etl.expire import RetentionConfig, expire
from clickstream.etl.repair.rebuild import RebuildContext, RebuildRequest, rebuild
from clickstream.etl.run import Loader
from clickstream.warehouse.contract import Warehouse
from clickstream.warehouse.dialects import fill
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, minutes, open_pipeline, received
from tests.etl.test_load import EVENTS, quick
from tests.postgres import Cluster

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DAY_S = 86_400
SLOW = pytest.mark.slow
FEW = [received(NOW - minutes(number), clientId=f"other {number % 5}") for number in range(80)]
"""So many that no case below removes a fifth of the events, which would start a new epoch."""

Rows = dict[Any, Any]


class Copy:
    """What a reader keeps of a warehouse, and how it brings that up to date."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self.start()

    def start(self) -> None:
        """Read everything."""
        self.epoch, self.last_load = position(self._warehouse)
        self.kinds = everything(self._warehouse)

    def follow(self) -> None:
        """Read what the loads since the last one wrote, and drop what they removed."""
        warehouse, kinds, changed = self._warehouse, self.kinds, f"load_id > {self.last_load}"
        quarters = set(keys(warehouse, "@quarter(event_timestamp)", NO_SESSION, f"(load_id is null or {changed})"))
        for kind, key in warehouse.fetch(f"select kind, key from gone where {changed}").rows:
            if kind == "quarter":
                quarters.add(int(key))
            elif kind == "visitors":
                kinds["clients"], kinds["seen"] = clients(warehouse, "true"), seen(warehouse, "true")
            else:
                kinds[f"{kind}s"].pop(key, None)
        kinds["sessions"].update(sessions(warehouse, changed))
        kinds["orders"].update(orders(warehouse, changed))
        kinds["refunds"].update(refunds(warehouse, changed))
        kinds["clients"].update(clients(warehouse, changed))
        kinds["seen"].update(seen(warehouse, changed))
        for quarter in quarters:
            kinds["quarters"].pop(quarter, None)
            kinds["quarters"].update(events_of_quarters(warehouse, f"@quarter(event_timestamp) = {quarter}"))
        self.epoch, self.last_load = position(warehouse)

    def assert_equal(self) -> None:
        stored = everything(self._warehouse)
        for kind, rows in self.kinds.items():
            assert rows == stored[kind], kind


NO_SESSION = "clickstream_events where session_key is null"


def position(warehouse: Warehouse) -> tuple[Any, int]:
    return warehouse.fetch(
        "select (select epoch from warehouse_epoch), (select coalesce(max(load_id), 0) from loads)"
    ).rows[0]


def everything(warehouse: Warehouse) -> dict[str, Rows]:
    return {
        "sessions": sessions(warehouse, "true"),
        "orders": orders(warehouse, "true"),
        "refunds": refunds(warehouse, "true"),
        "clients": clients(warehouse, "true"),
        "seen": seen(warehouse, "true"),
        "quarters": events_of_quarters(warehouse, "true"),
    }


def keys(warehouse: Warehouse, column: str, source: str, condition: str) -> Iterable[Any]:
    sql = "select distinct {column} from {source} and {condition}"
    return (row[0] for row in warehouse.fetch(fill(sql, column=column, source=source, condition=condition)).rows)


def grouped(rows: Iterable[tuple[Any, ...]]) -> Rows:
    """Group rows by their first column; the others are sorted."""
    groups = defaultdict(list)
    for key, *values in rows:
        groups[key].append(repr(values))
    return {key: sorted(values) for key, values in groups.items()}


def rows_of(warehouse: Warehouse, table: str, condition: str) -> list[dict[str, Any]]:
    found = warehouse.fetch(fill("select * from {table} where {condition}", table=table, condition=condition)).dicts()
    for row in found:
        assert row.pop("load_id") is not None
    return found


def sessions(warehouse: Warehouse, condition: str) -> Rows:
    sql = """
        select session_key, event_id, is_page_view from clickstream_events
        where session_key in (select session_key from sessions where {condition})
    """
    events = grouped(warehouse.fetch(fill(sql, condition=condition)).rows)
    return {row["session_key"]: (row, events[row["session_key"]]) for row in rows_of(warehouse, "sessions", condition)}


def orders(warehouse: Warehouse, condition: str) -> Rows:
    sql = "select * from order_items where order_id in (select order_id from orders where {condition})"
    items = grouped(warehouse.fetch(fill(sql, condition=condition)).rows)
    return {row["order_id"]: (row, items.get(row["order_id"])) for row in rows_of(warehouse, "orders", condition)}


def refunds(warehouse: Warehouse, condition: str) -> Rows:
    found = rows_of(warehouse, "refunds", f"order_id in (select order_id from refunds where {condition})")
    return grouped((row["order_id"], row) for row in found)


def clients(warehouse: Warehouse, condition: str) -> Rows:
    return {row["client_id"]: row for row in rows_of(warehouse, "clients", condition)}


def seen(warehouse: Warehouse, condition: str) -> Rows:
    return {(row["client_id"], row["user_id"]): row for row in rows_of(warehouse, "seen", condition)}


def events_of_quarters(warehouse: Warehouse, condition: str) -> Rows:
    sql = "select @quarter(event_timestamp), event_id, event_name, is_page_view from {source} and {condition}"
    return grouped(warehouse.fetch(fill(sql, source=NO_SESSION, condition=condition)).rows)


# One change at a time -------------------------------------------------------------------------------------------------


def view(after_min: float = 0, **fields: Any) -> dict[str, Any]:
    return received(NOW + minutes(after_min), **fields)


def bought(event_id: str, after_min: float = 0, name: str = "checkout_complete", **order: Any) -> dict[str, Any]:
    return view(after_min, eventId=event_id, eventName=name, clientId="c", order={"id": "1", **order})


ITEMS = [{"id": "p", "price": 2, "quantity": 3}]
REFUND = view(50, eventId="r", eventName="order_refunded", order={"id": "1", "total": 5})
Action = Callable[[Pipeline], object]


def put(*events: dict[str, Any], ago_s: float = 0) -> Action:
    """Load events. ago_s: the age of their object; of copies received at one time, that in the oldest object counts."""
    return lambda pipeline: (pipeline.put_batch(events, ago_s), load(pipeline))


def load(pipeline: Pipeline) -> object:
    return pipeline.loader.run_pass(reconcile=[(NOW - timedelta(days=3)).date()])


def forget(person: Person) -> Action:
    return lambda pipeline: Eraser(pipeline.loader).forget(person)


def expire_old(pipeline: Pipeline) -> object:
    return expire(pipeline.loader, RetentionConfig(warehouse_days=1))


SAME = "00000000-0000-4000-8000-000000000001"


def insert_row_of_another_client(pipeline: Pipeline) -> None:
    with pipeline.warehouse.transaction() as cursor:
        cursor.execute(
            "insert into clickstream_events (event_id, event_timestamp, event_name, client_id, user_id) "
            "select cast($id as uuid), $now, 'external', 'a', 'u' "
            "where not exists (select 1 from clickstream_events where event_id = cast($id as uuid))",
            {"id": SAME, "now": NOW},
        )


U, C = Person("user", "u"), Person("client", "c")
CASES: dict[str, list[Action]] = {
    "new events": [put(view(clientId="c")), put(view(1, clientId="c"), view(userId="v"))],
    "late event before its session": [put(view(clientId="c")), put(view(-5, clientId="c"))],
    "late event that merges two sessions": [
        put(view(clientId="c"), view(40, clientId="c")),
        put(view(20, clientId="c")),
    ],
    "second copy": [put(view(eventId="e", clientId="c")), put(view(1, eventId="e", clientId="d"))],
    "earlier copy of another client": [
        put(view(eventId="e", clientId="c", userId="u"), view(1, clientId="c")),
        put(view(-1, eventId="e", clientId="d")),
    ],
    "earlier copy of the only event of a client": [
        put(view(eventId="e", clientId="c", userId="u")),
        put(view(-1, eventId="e", clientId="d", userId="u")),
    ],
    "earlier copy without a session": [put(view(eventId="e", clientId="c")), put(view(-1, eventId="e"))],
    "earlier copy with a session": [put(view(eventId="e")), put(view(-1, eventId="e", clientId="c"))],
    "earlier copy in another quarter": [put(view(eventId="e"), view(1)), put(view(-30, eventId="e"))],
    "page view that hides a view": [
        put(view(eventName="product_view", clientId="c", pageUrl="/p")),
        put(view(0.01, clientId="c", pageUrl="/p")),
    ],
    "login later": [put(view(clientId="c")), put(view(1, clientId="c", userId="u"))],
    "login earlier": [put(view(1, clientId="c", userId="u")), put(view(clientId="c", userId="v"))],
    "server after browser": [put(bought("o", total=5, items=ITEMS)), put(bought("s", 1, "order_confirmed", total=7))],
    "browser after server": [put(bought("s", 1, "order_confirmed", total=7)), put(bought("o", items=ITEMS))],
    "session of an order starts earlier": [put(bought("o", total=5)), put(view(-5, clientId="c"))],
    "order replaced by an earlier copy without it": [
        put(bought("o", total=5, items=ITEMS), REFUND),
        put(view(-1, eventId="o", clientId="c")),
    ],
    "refund before its order": [put(REFUND), put(bought("o", total=5, currency="EUR"))],
    "refund of another order": [put(bought("o", total=5), REFUND), put({**REFUND, "order": {"id": "1", "total": 2}})],
    "refund replaced by an earlier copy": [
        put(REFUND),
        put(view(49, eventId="r", eventName="order_refunded", order={"id": "2", "total": 5})),
    ],
    "one of two refunds replaced": [
        put(REFUND, {**REFUND, "eventId": "r2"}),
        put(view(49, eventId="r", eventName="order_refunded", order={"id": "2", "total": 5})),
    ],
    "row of another client": [insert_row_of_another_client, put(view(eventId=SAME, clientId="c"))],
    "row of another client, then nothing": [insert_row_of_another_client],
    "user erased": [put(view(clientId="c", userId="u"), view(1, clientId="c"), view(userId="u"), REFUND), forget(U)],
    "buyer erased": [put(bought("o", total=5, items=ITEMS), bought("o2", id="2"), view(clientId="d")), forget(C)],
    "refund erased": [put({**REFUND, "userId": "u"}, {**REFUND, "eventId": "r2"}), forget(U)],
    "only refund erased": [put({**REFUND, "userId": "u"}), forget(U)],
    "row of another client erased": [insert_row_of_another_client, forget(U)],
    "everything of a visitor expired": [
        put(view(-4320, clientId="c", userId="u"), bought("o", -4320), view(-4320), REFUND, ago_s=3 * DAY_S),
        expire_old,
    ],
    "first sight of an expired visitor erased": [
        put(view(-4320, clientId="c", userId="u"), ago_s=3 * DAY_S),
        expire_old,
        forget(U),
    ],
}


QUICK_CASES = {
    "new events", "late event that merges two sessions", "second copy", "earlier copy with a session", "login earlier",
    "browser after server", "one of two refunds replaced", "row of another client", "buyer erased",
}  # fmt: skip


@pytest.mark.quick_on("duckdb")
@pytest.mark.parametrize("case", [case if case in QUICK_CASES else pytest.param(case, marks=SLOW) for case in CASES])
def test_copy_follows(pipeline: Pipeline, case: str) -> None:
    pipeline.put_batch(FEW)
    load(pipeline)
    copy = Copy(pipeline.warehouse)
    for action in CASES[case]:
        epoch = copy.epoch
        action(pipeline)
        copy.follow()
        assert copy.epoch == epoch
        copy.assert_equal()


# Random histories -----------------------------------------------------------------------------------------------------

PEOPLE = [U, Person("user", "v", ("a",)), Person("client", "a"), Person("sample")]


@pytest.mark.quick_on("duckdb")
@settings(quick, max_examples=3)
@given(events=EVENTS, data=st.data())
def test_copy_follows_a_random_history(
    tmp_path_factory: Any, server: Cluster | None, events: list[dict[str, Any]], data: st.DataObject
) -> None:
    follow_a_history(tmp_path_factory, server, events, data)


@SLOW
@settings(quick, max_examples=60)
@given(events=EVENTS, data=st.data())
def test_copy_follows_many_more_random_histories(
    tmp_path_factory: Any, server: Cluster | None, events: list[dict[str, Any]], data: st.DataObject
) -> None:
    follow_a_history(tmp_path_factory, server, events, data)


def follow_a_history(folders: Any, server: Cluster | None, events: list[dict[str, Any]], data: st.DataObject) -> None:
    """Load events one or two at a time, with erasures, expiries and rows of another client between."""
    with open_pipeline(folders.mktemp("history"), Clock(), server) as pipeline:
        pipeline.put_batch(FEW)
        load(pipeline)
        copy = Copy(pipeline.warehouse)
        epoch = copy.epoch
        while events:
            count = data.draw(st.integers(1, 3))
            batch, events = [varied(event, data) for event in events[:count]], events[count:]
            put(*batch, ago_s=data.draw(st.sampled_from([0, 60, 3 * DAY_S])))(pipeline)
            more: Action = data.draw(
                st.sampled_from(
                    [
                        lambda _: None,
                        lambda _: None,
                        insert_row_of_another_client,
                        forget(data.draw(st.sampled_from(PEOPLE))),
                        expire_old,
                    ]
                )
            )
            more(pipeline)
            if data.draw(st.booleans()):
                copy.follow()
                copy.assert_equal()
        copy.follow()
        copy.assert_equal()
        assert copy.epoch == epoch


def varied(event: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    """Make some of the events refunds, or events without client and session; one has the id of the other client's."""
    event = event | {"eventId": SAME if event["eventId"] == "e0" else event["eventId"]}
    kind = data.draw(st.sampled_from(["as it is", "as it is", "refund", "no session"]))
    if kind == "refund":
        return event | {"eventName": "order_refunded", "order": {"id": data.draw(st.sampled_from("12")), "total": 1}}
    return event | ({"clientId": None, "sessionId": None} if kind == "no session" else {})


# Epochs ---------------------------------------------------------------------------------------------------------------


def epoch_of(pipeline: Pipeline) -> Any:
    return position(pipeline.warehouse)[0]


@pytest.mark.quick_on("duckdb")
@pytest.mark.parametrize("action", [forget(C), expire_old], ids=["erasure", "expiry"])
def test_removal_of_more_than_a_fifth_of_the_events_starts_an_epoch(pipeline: Pipeline, action: Action) -> None:
    kept = [view(number, clientId="d") for number in range(8)]
    gone = [view(number - 4320, clientId="c", eventId=f"{number}") for number in range(3)]
    put(*kept)(pipeline)
    put(*gone[:2], ago_s=3 * DAY_S)(pipeline)
    epoch = epoch_of(pipeline)
    action(pipeline)
    assert epoch_of(pipeline) == epoch, "two of ten are a fifth, not more"
    assert pipeline.rows("select kind from gone where kind <> 'visitors'") == [("session",)]
    pipeline.put_batch(gone, ago_s=3 * DAY_S)
    load(pipeline)
    action(pipeline)
    assert epoch_of(pipeline) != epoch
    assert pipeline.rows("select count(*) from gone") == [(0,)]


def test_rebuild_that_is_applied_starts_an_epoch(pipeline: Pipeline) -> None:
    put(view(clientId="c"))(pipeline)
    epoch = epoch_of(pipeline)

    def make_loader(warehouse: Warehouse) -> Loader:
        return Loader(warehouse, pipeline.store, pipeline.root / "stage", pipeline.clock)

    context = RebuildContext(pipeline.warehouse, pipeline.store, pipeline.clock, pipeline.load, make_loader)
    assert rebuild(context, RebuildRequest())["same"]
    assert epoch_of(pipeline) == epoch
    assert rebuild(context, RebuildRequest(apply=True))["same"]
    assert epoch_of(pipeline) != epoch
    assert pipeline.rows("select count(*) from sessions where load_id in (select load_id from loads)") == [(1,)]


def test_no_note_contains_an_id_of_an_erased_person(pipeline: Pipeline) -> None:
    put(*FEW, view(eventId="e", clientId="client id", userId="user id"), view(userId="user id"))(pipeline)
    put(view(-1, eventId="e", clientId="client id"))(pipeline)
    forget(Person("client", "client id"))(pipeline)
    forget(Person("user", "user id"))(pipeline)
    assert {kind for kind, _ in pipeline.rows("select kind, key from gone")} == {"session", "visitors", "quarter"}
    assert pipeline.rows("select key from gone where key like '%id%'") == []
