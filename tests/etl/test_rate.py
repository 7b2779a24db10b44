"""Bots by rate: a session that is faster than a human, if its times can show a rate at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.etl.pipeline import Pipeline, received

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"


def views(times: list[timedelta], agent: str = CHROME, **fields: Any) -> list[dict[str, Any]]:
    """Page views of one client at these times after NOW, as a collector stored them."""
    events = []
    for time in times:
        event = received(NOW + time, clientId="c", pageUrl="/p", **fields)
        event["_ingest"] |= {"userAgent": agent, "requestId": "r"}
        events.append(event)
    return events


def spread(count: int, step: timedelta) -> list[timedelta]:
    return [number * step for number in range(count)]


FAST = spread(12, timedelta(seconds=0.5))


CASES = {
    "12 pages in 6 s": (views(FAST), "rate"),
    "a page a second": (views(spread(12, timedelta(seconds=1))), None),
    "10 events a second": (views(spread(120, timedelta(seconds=0.1)), eventName="x"), "rate"),
    "1,200 pages in one instant": (views([timedelta()] * 1200), None),
    "one instant within a minute": (views([timedelta(seconds=0.5)] * 12), None),
    "whole minutes": (views([timedelta(days=-1)] * 6 + [timedelta(days=-1, minutes=1)] * 6), None),
    "imported": (views(FAST, "clickstream-import/1"), None),
    "imported by another program": (views(FAST, identitySource="import"), None),
    "sent by a server": (views(FAST, identitySource="server"), None),
    "9 of a browser, 12 of a server": (
        views(spread(9, timedelta(seconds=0.5))) + views(FAST, identitySource="server"),
        None,
    ),
}


def test_which_sessions_are_too_fast(pipeline: Pipeline) -> None:
    """Each case is the session of one client."""
    for case, (events, _) in CASES.items():
        pipeline.put_batch([event | {"clientId": case} for event in events])
    pipeline.load()
    found = pipeline.rows("select client_id, is_bot, bot_reasons from sessions")
    assert sorted(found) == sorted((case, reasons is not None, reasons) for case, (_, reasons) in CASES.items())
    assert pipeline.rows("select count(*) from clickstream_events where is_bot") == [(0,)]


def test_a_late_event_is_judged_together_with_the_stored_ones(pipeline: Pipeline) -> None:
    events = views(FAST)
    pipeline.put_batch(events[:6])
    pipeline.load()
    assert pipeline.rows("select is_bot from sessions") == [(False,)]
    pipeline.put_batch(events[6:])
    pipeline.load()
    assert pipeline.rows("select is_bot, bot_reasons from sessions") == [(True, "rate")]
