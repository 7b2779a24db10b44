"""Names of raw objects: our names can be parsed, odd names are irregular, other files are not raw objects."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import uuid_utils
from hypothesis import given
from hypothesis import strategies as st

from clickstream.raw.keys import Kind, RawName, batch_key, event_key, parse_key, parse_name

MOMENT = datetime(2026, 3, 10, 23, 59, 59, 999000, tzinfo=UTC)
DAY = date(2026, 3, 10)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def name_at(moment: datetime) -> UUID:
    nanoseconds = (moment - EPOCH) // timedelta(microseconds=1) * 1000
    return UUID(int=uuid_utils.uuid7(nanoseconds=nanoseconds).int)


@given(
    st.integers(0, 8_000 * 365).map(lambda days: EPOCH + timedelta(days=days, seconds=days)), st.integers(1, 9_999_999)
)
def test_a_batch_key_contains_day_instant_and_count(moment: datetime, count: int) -> None:
    day, file_name = moment.date(), batch_key(name_at(moment), count).rpartition("/")[2]
    raw = parse_name(day, file_name)
    millisecond = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert raw == RawName(batch_key(name_at(moment), count)[:18] + file_name, day, Kind.BATCH, count, millisecond)


def test_event_key_is_in_the_folder_of_its_utc_day() -> None:
    key = event_key(name_at(MOMENT))
    assert key.startswith("events/2026/03/10/event-")
    raw = parse_key(key)
    assert raw is not None
    assert (raw.kind, raw.count, raw.instant) == (Kind.EVENT, 1, MOMENT)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(str(uuid4()), id="UUIDv4"),
        pytest.param(str(name_at(MOMENT + timedelta(milliseconds=1))), id="time of the next day"),
        pytest.param("order-17", id="not a UUID"),
    ],
)
def test_names_without_a_uuid7_of_their_day_are_irregular_objects(text: str) -> None:
    for file_name, kind in ((f"event-{text}.json", Kind.EVENT), (f"batch-{text}-3.ndjson.gz", Kind.BATCH)):
        raw = parse_name(DAY, file_name)
        assert raw is not None
        assert (raw.kind, raw.instant) == (kind, None)


@pytest.mark.parametrize(
    "file_name",
    [
        "",
        "event-.json",
        "event-a.json.tmp",
        "batch-a.ndjson.gz",
        "batch-a-x.ndjson.gz",
        "batch-a-12345678.ndjson.gz",
        "x",
        pytest.param(os.fsdecode(b"event-\xff.json"), id="not UTF-8"),
        pytest.param(os.fsdecode(b"batch-a\xc3-3.ndjson.gz"), id="batch, not UTF-8"),
    ],
)
def test_other_files_are_not_raw_objects(file_name: str) -> None:
    assert parse_name(DAY, file_name) is None


@pytest.mark.parametrize("name", [pytest.param(str(name_at(MOMENT)), id="regular"), pytest.param("x", id="irregular")])
def test_a_complete_key_parses_like_its_day_and_file_name(name: str) -> None:
    raw = parse_key(f"events/2026/03/10/batch-{name}-3.ndjson.gz")
    assert raw is not None
    assert raw == parse_name(DAY, f"batch-{name}-3.ndjson.gz")
    assert raw.key == f"events/2026/03/10/batch-{name}-3.ndjson.gz"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "event-a.json",
        "events/event-a.json",
        "events/2026/02/29/event-a.json",
        "events/2026/3/10/event-a.json",
        "events/2026/03/10/24/event-a.json",
        "events/2026/03/10/1/event-a.json",
        "events/2026/03/10/12/30/event-a.json",
        "events/2026/03/10/12/readme.txt",
        "events/2026/03/10/x/event-a.json",
        "rejected/2026/03/10/event-a.json",
        "events/2026/03/10/",
    ],
)
def test_a_key_outside_the_folder_of_a_day_is_not_a_raw_object(key: str) -> None:
    assert parse_key(key) is None


@pytest.mark.parametrize(
    ("file_name", "kind", "count"),
    [
        (f"event-{uuid4()}.json", Kind.EVENT, 1),
        (f"event-{name_at(MOMENT)}.json", Kind.EVENT, 1),
        ("batch-x-3.ndjson.gz", Kind.BATCH, 3),
    ],
    ids=["UUIDv4", "UUIDv7", "batch"],
)
@pytest.mark.parametrize("hour", [0, 9, 23])
def test_an_object_in_the_folder_of_an_hour_is_irregular_and_has_that_hour(
    hour: int, file_name: str, kind: Kind, count: int
) -> None:
    key = f"events/2026/03/10/{hour:02}/{file_name}"
    raw = parse_key(key)
    assert raw == RawName(key, DAY, kind, count, None, hour)
    assert raw == parse_name(DAY, f"{hour:02}/{file_name}")
    assert raw is not None
    assert raw.file_name == f"{hour:02}/{file_name}"
