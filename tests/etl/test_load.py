"""Each event is loaded once and its session and visitor follow the rules, in whatever order rows arrive."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, minutes, open_pipeline, received
from tests.etl.warehouses import contents
from tests.postgres import Cluster

pytestmark = pytest.mark.quick_on("duckdb")  # the test of both engines below compares them
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def test_copies_within_one_pass_are_one_event_and_two_duplicates(pipeline: Pipeline) -> None:
    events = [received(NOW + timedelta(seconds=n), eventId="e") for n in (2, 0, 1)]
    key = pipeline.put_batch(events)
    pipeline.load()
    assert pipeline.one("raw_line") == {"raw_line": 2}
    assert pipeline.rows("select object, line from duplicates order by line") == [(key, 1), (key, 3)]
    assert pipeline.totals() == {"accepted": 3, "loaded": 1, "duplicate": 2}


def test_copy_that_comes_in_a_later_pass_is_a_duplicate(pipeline: Pipeline) -> None:
    pipeline.put_batch([received(NOW, eventId="e")])
    pipeline.load()
    later = pipeline.put_batch([received(NOW + timedelta(seconds=1), eventId="e", userId="second")])
    pipeline.load()
    assert pipeline.one("user_id") == {"user_id": None}
    assert pipeline.rows("select object from duplicates") == [(later,)]


def test_earlier_copy_that_comes_later_replaces_the_row_and_its_traces(pipeline: Pipeline) -> None:
    late = received(NOW, eventId="e", clientId="c", userId="late")
    first = pipeline.put_batch([late, received(NOW + minutes(1), eventId="f", clientId="c")])
    pipeline.load()
    early = received(NOW - timedelta(days=1), eventId="e", clientId="c", userId="early")
    pipeline.put_batch([early], ago_s=60)
    pipeline.load()
    row = pipeline.events("event_id, user_id, event_timestamp")[0]
    assert (row["user_id"], row["event_timestamp"]) == ("early", NOW - timedelta(days=1))
    assert pipeline.rows("select object, line from duplicates") == [(first, 1)]
    assert pipeline.rows("select client_id, first_user_id from clients") == [("c", "early")]
    assert pipeline.rows("select session_start, events from sessions order by 1") == [
        (NOW - timedelta(days=1), 1),
        (NOW + minutes(1), 1),
    ]
    assert pipeline.totals() == {"accepted": 3, "loaded": 2, "duplicate": 1}


def test_silence_of_30_minutes_does_not_split_one_microsecond_more_does(pipeline: Pipeline) -> None:
    gap = timedelta(minutes=30)
    moments = [NOW - 3 * gap, NOW - 2 * gap, NOW - gap + timedelta(microseconds=1)]
    pipeline.put_batch([received(moment, clientId="c", sessionId="s") for moment in moments])
    pipeline.load()
    assert pipeline.rows("select events from sessions order by session_start") == [(2,), (1,)]


def test_event_sent_two_days_late_reopens_its_session(pipeline: Pipeline) -> None:
    then = NOW - timedelta(days=2)
    pipeline.put_batch([received(then, clientId="c"), received(then + minutes(50), clientId="c")])
    pipeline.load()
    assert pipeline.rows("select events from sessions order by session_start") == [(1,), (1,)]
    text = (then + minutes(25)).isoformat()
    pipeline.put_batch(
        [{"eventName": "x", "clientId": "c", "createdAt": text, "_ingest": {"receivedAt": NOW.isoformat()}}]
    )
    pipeline.load()
    assert pipeline.rows("select events, session_end - session_start from sessions") == [(3, minutes(50))]
    assert len({row["session_key"] for row in pipeline.events("session_key, event_timestamp")}) == 1


def test_event_without_client_and_session_belongs_to_no_session(pipeline: Pipeline) -> None:
    pipeline.put_batch([received(NOW, userId="u"), received(NOW, sessionId="s"), received(NOW, clientId="c")])
    pipeline.load()
    assert sorted(row["session_key"] is None for row in pipeline.events("session_key")) == [False, False, True]
    assert pipeline.rows("select count(*) from sessions") == [(2,)]


def test_named_view_next_to_its_page_view_is_not_a_second_page_view(pipeline: Pipeline) -> None:
    def view(name: str, after_s: float, page: str = "/p") -> dict[str, Any]:
        moment = NOW + timedelta(seconds=after_s)
        return received(moment, eventName=name, clientId="c", pageUrl=f"https://shop.example{page}")

    pipeline.put_batch(
        [
            view("page_view", 0),
            view("product_view", 4.999999),
            view("product_view", 5),
            view("home_view", 60, "/"),
            view("page_view", 62, "/other"),
            view("category_view", 100),
            view("page_view", 104),
        ]
    )
    pipeline.load()
    rows = pipeline.events("event_name, is_page_view, event_timestamp, raw_object, raw_line")
    assert [row["is_page_view"] for row in rows] == [True, False, True, True, True, False, True]
    assert pipeline.rows("select page_views, entry_page, exit_page from sessions") == [(5, "/p", "/p")]


def test_a_second_pass_finds_nothing_new(pipeline: Pipeline) -> None:
    pipeline.put_batch([received(NOW)] * 3)
    pipeline.load()
    assert pipeline.load().load_id is None
    assert pipeline.rows("select count(*) from loads") == [(1,)]


# One warehouse, whatever the order ------------------------------------------------------------------------------------

EVENTS = st.lists(
    st.builds(
        lambda number, client, session, user, minute, received_after, name, order, page, agent, skew, more: {
            "eventName": name,
            **order,
            **more,
            "eventId": f"e{number}",
            "clientId": client,
            "sessionId": session,
            "userId": user,
            "isFirstVisit": received_after % 2 == 0,
            "pageUrl": page,
            "createdAt": (NOW + timedelta(minutes=minute)).isoformat(),
            "_ingest": {
                "receivedAt": (NOW + timedelta(minutes=minute, seconds=received_after)).isoformat(),
                "sentAt": None if skew is None else (NOW + timedelta(minutes=minute, seconds=skew)).isoformat(),
                "userAgent": agent,
                "requestId": "r",
            },
        },
        number=st.integers(0, 7),
        client=st.sampled_from(["a", "b", None]),
        session=st.sampled_from(["s", "t", None]),
        user=st.sampled_from(["u", "v", None, None]),
        minute=st.sampled_from([0, 10, 29, 30, 31, 59, 60, 61, 90, 120, 121, 200]),
        received_after=st.integers(0, 3),
        name=st.sampled_from(
            ["page_view", "product_view", "add_to_cart_click", "checkout_complete", "order_confirmed"]
        ),
        order=st.sampled_from(
            [
                {},
                {"order": {"id": "1", "total": 10, "items": [{"id": "p", "price": 10}]}},
                {"order": {"id": "1", "total": "12.50", "currency": "EUR"}},
                {"order": {"id": "2", "items": [{"id": "q", "price": 1, "quantity": 3}, {"id": "p"}]}},
            ]
        ),
        page=st.sampled_from(["/p", "https://shop.example/q?utm_source=google&utm_medium=cpc", None]),
        agent=st.sampled_from(["Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120.0 Safari/537.36", "curl/8.0", ""]),
        skew=st.sampled_from([None, None, 0, 600, -600]),
        more=st.sampled_from([{}, {}, {"properties": {"sample": "s"}}, {"userLoginState": "guest", "country": "FR"}]),
    ),
    min_size=1,
    max_size=14,
)

quick = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.slow  # the test below holds the same, on both engines
@settings(quick, max_examples=60)
@given(events=EVENTS, data=st.data())
def test_any_split_into_passes_gives_the_same_warehouse(
    tmp_path_factory: Any, events: list[dict[str, Any]], data: st.DataObject
) -> None:
    """The same objects, loaded at once or in parts in any order, make the same rows."""
    same_at_once_and_in_parts(tmp_path_factory.mktemp("split"), events, data, None)


@settings(quick, max_examples=5)
@given(events=EVENTS, data=st.data())
def test_both_engines_hold_the_same_rows(
    tmp_path_factory: Any, cluster: Cluster, events: list[dict[str, Any]], data: st.DataObject
) -> None:
    """PostgreSQL, loaded in parts in any order, has the rows of DuckDB, loaded at once: all tables, all columns."""
    same_at_once_and_in_parts(tmp_path_factory.mktemp("engines"), events, data, cluster)


@pytest.mark.slow
@settings(quick, max_examples=60)
@given(events=EVENTS, data=st.data())
def test_both_engines_hold_the_same_rows_in_many_more_examples(
    tmp_path_factory: Any, cluster: Cluster, events: list[dict[str, Any]], data: st.DataObject
) -> None:
    same_at_once_and_in_parts(tmp_path_factory.mktemp("engines"), events, data, cluster)


def same_at_once_and_in_parts(
    folder: Path, events: list[dict[str, Any]], data: st.DataObject, server: Cluster | None
) -> None:
    """Load into DuckDB at once, and in parts into a database of `server` (None: another DuckDB), and compare."""
    size = data.draw(st.integers(1, 4))
    groups = [events[start : start + size] for start in range(0, len(events), size)]
    with (
        open_pipeline(folder / "once", Clock()) as at_once,
        open_pipeline(folder / "parts", Clock(), server) as in_parts,
    ):
        keys = [at_once.put_batch(group) for group in groups]
        at_once.load()
        for position in data.draw(st.permutations(range(len(keys)))):
            in_parts.store.put([(keys[position], at_once.store.read(keys[position]))])
            if data.draw(st.booleans()):
                in_parts.load()
        in_parts.load()
        assert contents(in_parts.warehouse) == contents(at_once.warehouse)
        assert in_parts.ledger().is_balanced
        assert_sessions_are_right(at_once)


def assert_sessions_are_right(pipeline: Pipeline) -> None:
    """Compare the sessions with the rule in plain Python."""
    groups = defaultdict(list)
    for row in pipeline.events("client_id, session_id, event_timestamp, session_key, raw_object, raw_line"):
        if row["client_id"] or row["session_id"]:
            groups[row["client_id"], row["session_id"]].append((row["event_timestamp"], row["session_key"]))
    expected = []
    for rows in groups.values():
        rows.sort()
        for position, (moment, key) in enumerate(rows):
            is_split = position == 0 or moment - rows[position - 1][0] > timedelta(minutes=30)
            assert is_split == (position == 0 or key != rows[position - 1][1])
            expected.append(key)
    stored = pipeline.rows("select session_key, events from sessions")
    assert {key: expected.count(key) for key in expected} == dict(stored)
