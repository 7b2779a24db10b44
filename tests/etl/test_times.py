"""The time of an event: chosen among its clocks, by the rules of docs/decisions/0004-clocks.md."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.etl.pipeline import Pipeline, received

ENGINES = ("duckdb",)  # it parses for all of them
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
GOOD = {"eventName": "good"}


def iso(delta: timedelta = timedelta(), base: datetime = NOW) -> str:
    return (base + delta).isoformat()


DAY = timedelta(days=1)
CLOCKS = [
    pytest.param(iso(-DAY), iso(), -DAY, "client", id="device clock right"),
    pytest.param(iso(-DAY), iso(timedelta(seconds=5)), -DAY, "client", id="5 s off is right"),
    pytest.param(iso(DAY), iso(DAY), timedelta(), "corrected", id="device a day ahead"),
    pytest.param(iso(-3 * DAY), iso(-2 * DAY), -DAY, "corrected", id="device two days behind"),
    pytest.param(iso(-6 * DAY), None, -6 * DAY, "client", id="not sent, 6 days old"),
    pytest.param(iso(-8 * DAY), None, timedelta(), "received", id="not sent, 8 days old"),
    pytest.param(iso(timedelta(minutes=5)), None, timedelta(minutes=5), "client", id="not sent, 5 minutes ahead"),
    pytest.param(None, iso(), timedelta(), "received", id="no createdAt"),
    pytest.param(1_773_144_000_000 - 60_000, iso(), timedelta(minutes=-1), "client", id="epoch milliseconds"),
    pytest.param("2026-03-10T11:00:00", iso(), timedelta(hours=-1), "client", id="no offset is UTC"),
    pytest.param(1_773_144_000 - 60, iso(), timedelta(minutes=-1), "client", id="epoch seconds"),
    pytest.param("1773143940.5", iso(), timedelta(seconds=-59.5), "client", id="seconds with a fraction, as text"),
    pytest.param(1_773_143_940_000_001, iso(), timedelta(microseconds=-59_999_999), "client", id="epoch microseconds"),
    pytest.param("2026-03-10T12:30:00+02:00", iso(), timedelta(minutes=-90), "client", id="offset"),
    pytest.param("2026-03-10 11:00:00 UTC", iso(), timedelta(hours=-1), "client", id="UTC"),
    pytest.param("2026-03-10T11:00:00z", iso(), timedelta(hours=-1), "client", id="z"),
]


@pytest.mark.parametrize(("created", "sent", "expected", "source"), CLOCKS)
def test_the_event_time_is_chosen_among_the_clocks(
    pipeline: Pipeline, created: Any, sent: str | None, expected: timedelta, source: str
) -> None:
    event = {"eventName": "x", "createdAt": created, "_ingest": {"receivedAt": iso(), "sentAt": sent}}
    pipeline.put_batch([event])
    pipeline.load()
    row = pipeline.one("event_timestamp, event_timestamp_source, received_at, field_errors")
    assert row == {
        "event_timestamp": NOW + expected,
        "event_timestamp_source": source,
        "received_at": NOW,
        "field_errors": None,
    }


@pytest.mark.parametrize(
    ("created", "sent"),
    [
        pytest.param("1970-01-01T00:00:00Z", iso(), id="1970"),
        pytest.param("1999-12-31T23:59:59.999999Z", None, id="a microsecond before 2000"),
        pytest.param("2099-01-01T00:00:00Z", iso(), id="2099"),
        pytest.param(iso(timedelta(minutes=6)), None, id="6 minutes ahead, not sent"),
        pytest.param(iso(3 * DAY), iso(2 * DAY), id="a day ahead after the correction"),
    ],
)
def test_a_time_that_cannot_be_is_a_field_error_and_stays_as_sent(
    pipeline: Pipeline, created: Any, sent: str | None
) -> None:
    pipeline.put_batch([{"eventName": "x", "createdAt": created, "_ingest": {"receivedAt": iso(), "sentAt": sent}}])
    pipeline.load()
    row = pipeline.one("event_timestamp, event_timestamp_source, created_at, field_errors")
    assert row == {
        "event_timestamp": NOW,
        "event_timestamp_source": "received",
        "created_at": datetime.fromisoformat(created),
        "field_errors": "createdAt",
    }


@pytest.mark.parametrize(
    "created",
    [
        *("yesterday", "infinity", "2026-02-30", "12026-01-01", "2026-03-10T12:00:00 CET", True),
        *(0, -1, 177_314_400, 17_731_440_000, 20_260_310_140_500, 202_603_101_405, "1.7731440e9", -1_773_144_000),
    ],
)
def test_time_that_cannot_be_read_is_a_field_error(pipeline: Pipeline, created: Any) -> None:
    pipeline.put_batch([received(NOW, createdAt=created)])
    pipeline.load()
    row = pipeline.one("event_timestamp, created_at, field_errors")
    assert row == {"event_timestamp": NOW, "created_at": None, "field_errors": "createdAt"}


@pytest.mark.parametrize(
    "time",
    [
        "0000-06-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "1999-12-31T23:59:59.999999Z",
        "2100-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        -99_999_999_999_999,
        99_999_999_999_999,
    ],
)
def test_receipt_in_another_century_is_a_field_error_and_the_objects_time_is_used(
    pipeline: Pipeline, time: Any
) -> None:
    pipeline.put_batch([GOOD, {"eventName": "x", "_ingest": {"receivedAt": time}}])
    pipeline.load()
    row = pipeline.events("event_timestamp, received_at, event_timestamp_source, field_errors")[1]
    assert (row["event_timestamp"], row["received_at"], row["event_timestamp_source"]) == (NOW, NOW, "received")
    assert row["field_errors"] == "_ingest.receivedAt"


@pytest.mark.parametrize("time", ["2000-01-01T00:00:00Z", "2099-12-31T23:59:59.999999Z"])
def test_receipt_in_this_century_is_used(pipeline: Pipeline, time: str) -> None:
    pipeline.put_batch([{"eventName": "x", "_ingest": {"receivedAt": time}}])
    pipeline.load()
    row = pipeline.one("received_at, field_errors")
    assert row == {"received_at": datetime.fromisoformat(time), "field_errors": None}


def test_sent_at_of_the_event_is_used_when_the_envelope_has_none(pipeline: Pipeline) -> None:
    event = {"eventName": "x", "createdAt": iso(DAY), "sentAt": iso(DAY), "_ingest": {"receivedAt": iso()}}
    pipeline.put_batch([event])
    pipeline.load()
    assert pipeline.one("event_timestamp_source") == {"event_timestamp_source": "corrected"}
