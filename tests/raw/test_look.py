"""Looking into the raw store: on a folder and on S3 alike."""

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
    store.put_unsynced("events/2026/03/10/readme.txt", b"no raw object")
    return store


def test_names_alone_say_what_a_day_holds(filled: RawStore) -> None:
    assert look.sum_up(filled, DAY) == look.DaySum(DAY, objects=2, events=4, others=1)


def test_lines_are_found_by_the_file_name_alone(filled: RawStore) -> None:
    batch = next(one.key for one in objects_of(filled, DAY) if one.count == 3)
    key = look.find_key(filled, batch.rpartition("/")[2])
    assert key == batch
    assert [json.loads(line)["eventName"] for line in look.lines_of(filled, key)] == ["e0", "e1", "e2"]
    with pytest.raises(StoreError, match="no day has such an object"):
        look.find_key(filled, "batch-none-1.ndjson.gz")


def test_whole_store_holds(filled: RawStore) -> None:
    seen: list[tuple[int, int]] = []
    verdict = look.verify(filled, filled.days(), lambda done, total: seen.append((done, total)))
    assert (verdict.holds, verdict.objects, verdict.events, verdict.lines) == (True, 2, 4, 4)
    assert seen == [(2, 2)]


@pytest.mark.parametrize(
    ("count", "content", "found", "why"),
    [
        pytest.param(3, packed(2), 2, "another number of lines", id="a line is missing"),
        pytest.param(2, packed(3), 3, "another number of lines", id="a line too many"),
        pytest.param(3, packed(3)[:-9], 3, "unpacked", id="cut off"),
        pytest.param(1, b"no gzip", 0, "unpacked", id="no gzip"),
        pytest.param(1, b"", 0, "another number of lines", id="empty"),
        pytest.param(4, packed(2) + packed(2)[:-9], 4, "unpacked", id="second member cut off"),
        pytest.param(
            2, gzip.compress(b'{"eventName":"x"}\nnonsense\n'), 2, "1 lines are no JSON objects", id="nonsense"
        ),
    ],
)
def test_object_that_differs_from_its_name_is_found(
    filled: RawStore, count: int, content: bytes, found: int, why: str
) -> None:
    key = batch_key(name(), count)
    filled.put([(key, content)])
    verdict = look.verify(filled, [DAY], lambda _done, _total: None)
    assert not verdict.holds
    (one,) = verdict.mismatches
    assert (one.object, one.expected, one.found) == (key, count, found)
    assert why in one.why


def test_object_that_cannot_be_read_does_not_keep_the_others_from_being_counted(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put([(batch_key(name(), 3), packed(3))])
    (tmp_path / "events/2026/03/10/event-0.json").symlink_to("/nowhere")
    verdict = look.verify(store, [DAY], lambda _done, _total: None)
    assert (verdict.objects, verdict.events, verdict.lines, verdict.holds) == (2, 4, 3, False)
    (one,) = verdict.mismatches
    assert "it cannot be read: No such file" in one.why
    for number in range(1, MOST_UNREAD):
        (tmp_path / f"events/2026/03/10/event-{number}.json").symlink_to("/nowhere")
    with pytest.raises(StoreError):
        look.verify(store, [DAY], lambda _done, _total: None)


def test_lines_of_an_object_that_cannot_be_read_whole_are_refused_with_the_reason(filled: RawStore) -> None:
    key = batch_key(name(), 3)
    filled.put([(key, packed(3)[:-9])])
    with pytest.raises(StoreError, match="cannot be unpacked: it ends too early"):
        look.lines_of(filled, key)
    with pytest.raises(StoreError, match="no name of a raw object"):
        look.lines_of(filled, look.find_key(filled, "readme.txt"))
