"""What the raw store holds, counted and verified, on a folder and on S3."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
import uuid_utils

from clickstream.errors import StoreError
from clickstream.raw import look
from clickstream.raw.contract import MOST_UNREAD, RawStore
from clickstream.raw.keys import batch_key, event_key
from clickstream.raw.listing import objects_of
from clickstream.raw.store import LocalStore

DAY = date(2026, 3, 10)
AT_NOON_NS = int(datetime(2026, 3, 10, 12, tzinfo=UTC).timestamp()) * 1_000_000_000


def name() -> UUID:
    return UUID(int=uuid_utils.uuid7(nanoseconds=AT_NOON_NS).int)


def packed(count: int) -> bytes:
    return gzip.compress(b"".join(b'{"eventName":"e%d"}\n' % number for number in range(count)))


@pytest.fixture
def filled(store: RawStore) -> RawStore:
    store.put([(batch_key(name(), 3), packed(3)), (event_key(name()), b'{\n "eventName": "x"\n}')])
    store.put_unsynced("events/2026/03/10/readme.txt", b"not a raw object")
    return store


def test_objects_and_events_of_a_day_are_counted_by_their_names(filled: RawStore) -> None:
    assert look.sum_up(filled, DAY) == look.DaySum(DAY, objects=2, events=4, others=1)


def test_an_object_is_found_by_its_file_name(filled: RawStore) -> None:
    batch = next(one.key for one in objects_of(filled, DAY) if one.count == 3)
    key = look.find_key(filled, batch.rpartition("/")[2])
    assert key == batch
    assert [json.loads(line)["eventName"] for line in look.lines_of(filled, key)] == ["e0", "e1", "e2"]
    with pytest.raises(StoreError, match="there is no such object in the raw store"):
        look.find_key(filled, "batch-none-1.ndjson.gz")


def test_an_object_in_the_folder_of_an_hour_is_found_by_its_file_name(filled: RawStore) -> None:
    key = "events/2026/03/10/09/event-x.json"
    filled.put([(key, b"{}")])
    assert look.find_key(filled, "event-x.json") == key
    assert look.sum_up(filled, DAY) == look.DaySum(DAY, objects=3, events=5, others=1)


def test_store_whose_objects_agree_with_their_names_is_verified(filled: RawStore) -> None:
    reports: list[tuple[int, int]] = []

    def progress(done: int, total: int, doing: str = "") -> None:
        reports.append((done, total))

    result = look.verify(filled, filled.days(), progress)
    assert (result.holds, result.objects, result.events, result.lines) == (True, 2, 4, 4)
    assert reports == [(2, 2)]


@pytest.mark.parametrize(
    ("count", "content", "found", "why"),
    [
        pytest.param(3, packed(2), 2, "the number of lines differs", id="a line is missing"),
        pytest.param(2, packed(3), 3, "the number of lines differs", id="an additional line"),
        pytest.param(3, packed(3)[:-9], 3, "unpacked", id="truncated"),
        pytest.param(1, b"no gzip", 0, "unpacked", id="not gzip"),
        pytest.param(1, b"", 0, "the number of lines differs", id="empty"),
        pytest.param(4, packed(2) + packed(2)[:-9], 4, "unpacked", id="second member truncated"),
        pytest.param(
            2, gzip.compress(b'{"eventName":"x"}\nnonsense\n'), 2, "1 lines are not JSON objects", id="not JSON"
        ),
    ],
)
def test_object_that_does_not_agree_with_its_name_is_reported(
    filled: RawStore, count: int, content: bytes, found: int, why: str
) -> None:
    key = batch_key(name(), count)
    filled.put([(key, content)])
    result = look.verify(filled, [DAY])
    assert not result.holds
    (one,) = result.mismatches
    assert (one.object, one.expected, one.found) == (key, count, found)
    assert why in one.why


def test_one_unreadable_object_does_not_stop_verify_but_many_do(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put([(batch_key(name(), 3), packed(3))])
    (tmp_path / "events/2026/03/10/event-0.json").symlink_to("/nowhere")
    result = look.verify(store, [DAY])
    assert (result.objects, result.events, result.lines, result.holds) == (2, 4, 3, False)
    (one,) = result.mismatches
    assert "it cannot be read: No such file" in one.why
    for number in range(1, MOST_UNREAD):
        (tmp_path / f"events/2026/03/10/event-{number}.json").symlink_to("/nowhere")
    with pytest.raises(StoreError):
        look.verify(store, [DAY])


def test_lines_of_an_incomplete_or_foreign_object_are_an_error(filled: RawStore) -> None:
    key = batch_key(name(), 3)
    filled.put([(key, packed(3)[:-9])])
    with pytest.raises(StoreError, match="cannot be unpacked: it ends too early"):
        look.lines_of(filled, key)
    with pytest.raises(StoreError, match="not the name of a raw object"):
        look.lines_of(filled, look.find_key(filled, "readme.txt"))
