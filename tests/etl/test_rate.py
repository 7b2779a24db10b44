"""Bots by rate: a session that is faster than a human, if its times can show a rate at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

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


@pytest.mark.parametrize(
    ("events", "reasons"),
    [
        pytest.param(views(FAST), "rate", id="12 pages in 6 s"),
        pytest.param(views(spread(12, timedelta(seconds=1))), None, id="a page a second"),
        pytest.param(views(spread(120, timedelta(seconds=0.1)), eventName="x"), "rate", id="10 events a second"),
        pytest.param(views([timedelta()] * 1200), None, id="1,200 pages in one instant"),
        pytest.param(views([timedelta(seconds=0.5)] * 12), None, id="one instant within a minute"),
        pytest.param(views([timedelta(days=-1)] * 6 + [timedelta(days=-1, minutes=1)] * 6), None, id="whole minutes"),
        pytest.param(views(FAST, "clickstream-import/1"), None, id="imported"),
        pytest.param(views(FAST, identitySource="import"), None, id="imported by another program"),
        pytest.param(views(FAST, identitySource="server"), None, id="sent by a server"),
        pytest.param(
            views(spread(9, timedelta(seconds=0.5))) + views(FAST, identitySource="server"),
            None,
            id="9 of a browser, 12 of a server",
        ),
    ],
)
def test_which_sessions_are_too_fast(pipeline: Pipeline, events: list[dict[str, Any]], reasons: str | None) -> None:
    pipeline.put_batch(events)
    pipeline.load()
    assert pipeline.rows("select is_bot, bot_reasons from sessions") == [(reasons is not None, reasons)]
    assert pipeline.rows("select count(*) from clickstream_events where is_bot") == [(0,)]


def test_a_late_event_is_judged_together_with_the_stored_ones(pipeline: Pipeline) -> None:
    events = views(FAST)
    pipeline.put_batch(events[:6])
    pipeline.load()
    assert pipeline.rows("select is_bot from sessions") == [(False,)]
    pipeline.put_batch(events[6:])
    pipeline.load()
    assert pipeline.rows("select is_bot, bot_reasons from sessions") == [(True, "rate")]
