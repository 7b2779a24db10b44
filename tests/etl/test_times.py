"""The time of an event: chosen among its clocks, by the rules of docs/decisions/0004-clocks.md."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.etl.pipeline import Pipeline, received

ENGINES = ("duckdb",)  # it parses for all of them
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
GOOD = {"eventName": "good"}


def iso(delta: timedelta = timedelta(), base: datetime = NOW) -> str:
    return (base + delta).isoformat()


DAY = timedelta(days=1)
CLOCKS = {
    "device clock right": (iso(-DAY), iso(), -DAY, "client"),
    "5 s off is right": (iso(-DAY), iso(timedelta(seconds=5)), -DAY, "client"),
    "device a day ahead": (iso(DAY), iso(DAY), timedelta(), "corrected"),
    "device two days behind": (iso(-3 * DAY), iso(-2 * DAY), -DAY, "corrected"),
    "not sent, 6 days old": (iso(-6 * DAY), None, -6 * DAY, "client"),
    "not sent, 8 days old": (iso(-8 * DAY), None, timedelta(), "received"),
    "not sent, 5 minutes ahead": (iso(timedelta(minutes=5)), None, timedelta(minutes=5), "client"),
    "no createdAt": (None, iso(), timedelta(), "received"),
    "epoch milliseconds": (1_773_144_000_000 - 60_000, iso(), timedelta(minutes=-1), "client"),
    "no offset is UTC": ("2026-03-10T11:00:00", iso(), timedelta(hours=-1), "client"),
    "epoch seconds": (1_773_144_000 - 60, iso(), timedelta(minutes=-1), "client"),
    "seconds with a fraction, as text": ("1773143940.5", iso(), timedelta(seconds=-59.5), "client"),
    "epoch microseconds": (1_773_143_940_000_001, iso(), timedelta(microseconds=-59_999_999), "client"),
    "offset": ("2026-03-10T12:30:00+02:00", iso(), timedelta(minutes=-90), "client"),
    "UTC": ("2026-03-10 11:00:00 UTC", iso(), timedelta(hours=-1), "client"),
    "z": ("2026-03-10T11:00:00z", iso(), timedelta(hours=-1), "client"),
}


def test_the_event_time_is_chosen_among_the_clocks(pipeline: Pipeline) -> None:
    found = pipeline.load_each(
        {case: sent_event(created, sent) for case, (created, sent, _, _) in CLOCKS.items()},
        "event_timestamp, event_timestamp_source, received_at, field_errors",
    )
    assert {case: tuple(row.values()) for case, row in found.items()} == {
        case: (NOW + expected, source, NOW, None) for case, (_, _, expected, source) in CLOCKS.items()
    }


def sent_event(created: Any, sent: str | None) -> dict[str, Any]:
    return {"eventName": "x", "createdAt": created, "_ingest": {"receivedAt": iso(), "sentAt": sent}}


IMPOSSIBLE = {
    "1970": ("1970-01-01T00:00:00Z", iso()),
    "a microsecond before 2000": ("1999-12-31T23:59:59.999999Z", None),
    "2099": ("2099-01-01T00:00:00Z", iso()),
    "6 minutes ahead, not sent": (iso(timedelta(minutes=6)), None),
    "a day ahead after the correction": (iso(3 * DAY), iso(2 * DAY)),
}


def test_a_time_that_cannot_be_is_a_field_error_and_stays_as_sent(pipeline: Pipeline) -> None:
    found = pipeline.load_each(
        {case: sent_event(*times) for case, times in IMPOSSIBLE.items()},
        "event_timestamp, event_timestamp_source, created_at, field_errors",
    )
    assert {case: tuple(row.values()) for case, row in found.items()} == {
        case: (NOW, "received", datetime.fromisoformat(created), "createdAt")
        for case, (created, _) in IMPOSSIBLE.items()
    }


def test_time_that_cannot_be_read_is_a_field_error(pipeline: Pipeline) -> None:
    times = (
        *("yesterday", "infinity", "2026-02-30", "12026-01-01", "2026-03-10T12:00:00 CET", True),
        *(0, -1, 177_314_400, 17_731_440_000, 20_260_310_140_500, 202_603_101_405, "1.7731440e9", -1_773_144_000),
    )
    events = {str(created): received(NOW, createdAt=created) for created in times}
    found = pipeline.load_each(events, "event_timestamp, created_at, field_errors")
    wrong = {"event_timestamp": NOW, "created_at": None, "field_errors": "createdAt"}
    assert found == dict.fromkeys(events, wrong)


def test_receipt_in_another_century_is_a_field_error_and_the_objects_time_is_used(pipeline: Pipeline) -> None:
    times = (
        *("0000-06-01T00:00:00Z", "0001-01-01T00:00:00Z", "1999-12-31T23:59:59.999999Z"),
        *("2100-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", -99_999_999_999_999, 99_999_999_999_999),
    )
    events = {str(time): {"eventName": "x", "_ingest": {"receivedAt": time}} for time in times}
    found = pipeline.load_each(
        events | {"good": GOOD}, "event_timestamp, received_at, event_timestamp_source, field_errors"
    )
    right = {"event_timestamp": NOW, "received_at": NOW, "event_timestamp_source": "received", "field_errors": None}
    wrong = right | {"field_errors": "_ingest.receivedAt"}
    assert found == dict.fromkeys(events, wrong) | {"good": right}


def test_receipt_in_this_century_is_used(pipeline: Pipeline) -> None:
    times = ("2000-01-01T00:00:00Z", "2099-12-31T23:59:59.999999Z")
    events = {time: {"eventName": "x", "_ingest": {"receivedAt": time}} for time in times}
    found = pipeline.load_each(events, "received_at, field_errors")
    assert found == {time: {"received_at": datetime.fromisoformat(time), "field_errors": None} for time in times}


def test_sent_at_of_the_event_is_used_when_the_envelope_has_none(pipeline: Pipeline) -> None:
    event = {"eventName": "x", "createdAt": iso(DAY), "sentAt": iso(DAY), "_ingest": {"receivedAt": iso()}}
    pipeline.put_batch([event])
    pipeline.load()
    assert pipeline.one("event_timestamp_source") == {"event_timestamp_source": "corrected"}
