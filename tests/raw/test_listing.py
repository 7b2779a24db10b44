"""Which objects a store holds, in a folder and on S3, without listing more than the caller needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

import pytest

from clickstream.raw.contract import RawStore
from clickstream.raw.keys import day_prefix
from clickstream.raw.listing import files_there, objects_among, objects_in_order, objects_of, other_keys, still_there
from clickstream.raw.s3 import S3Store

DAY = date(2026, 3, 10)
NAMES = sorted([*(f"event-{number:03}.json" for number in range(20)), *(f"batch-{n}-2.ndjson.gz" for n in range(5))])
KEYS = [day_prefix(day) + name for day in (DAY, DAY + timedelta(days=1)) for name in NAMES]


@pytest.fixture
def filled(store: RawStore) -> RawStore:
    """Two days of objects, stored in random order, and a file that is not a raw object."""
    shuffled = list(KEYS)
    Random(1).shuffle(shuffled)
    store.put([(key, b"{}") for key in shuffled])
    store.put_unsynced(f"{day_prefix(DAY)}event-notes.txt", b"not a raw object")
    return store


def test_objects_of_a_day_are_listed_and_other_files_skipped(filled: RawStore) -> None:
    assert sorted(raw.key for raw in objects_of(filled, DAY)) == KEYS[: len(NAMES)]
    assert list(objects_of(filled, DAY - timedelta(days=1))) == []


def test_objects_of_several_days_come_in_order(filled: RawStore) -> None:
    assert [raw.key for raw in objects_in_order(filled, filled.days())] == KEYS


def test_names_are_parsed_only_as_the_iterator_advances() -> None:
    def names() -> Iterator[str]:
        yield NAMES[0]
        raise AssertionError("the caller needed one name only")

    assert next(objects_among(DAY, names())).key == KEYS[0]


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        pytest.param([], [], id="none"),
        pytest.param(KEYS[:1], KEYS[:1], id="the first"),
        pytest.param([KEYS[30], KEYS[-1], KEYS[3]], [KEYS[3], KEYS[30], KEYS[-1]], id="some of two days"),
        pytest.param([KEYS[7], f"{day_prefix(DAY)}event-007x.json"], [KEYS[7]], id="one that was deleted"),
        pytest.param([KEYS[7].replace("2026", "2025")], [], id="a day that was deleted"),
        pytest.param([f"{day_prefix(DAY)}event-notes.txt", "nonsense"], [], id="not objects"),
    ],
)
def test_objects_that_are_still_there_come_in_order(filled: RawStore, keys: list[str], found: list[str]) -> None:
    assert [raw.key for raw in still_there(filled, keys)] == found


def test_objects_in_folders_of_hours_are_objects_of_their_day(filled: RawStore) -> None:
    key = f"{day_prefix(DAY)}03/event-{'x' * 8}.json"
    filled.put([(key, b"{}")])
    assert [raw.hour for raw in objects_of(filled, DAY) if raw.key == key] == [3]
    assert [raw.key for raw in still_there(filled, [key, KEYS[0]])] == [key, KEYS[0]]


def test_files_that_no_load_reads_are_listed(filled: RawStore) -> None:
    strays = ["events/readme.txt", f"{day_prefix(DAY)}03/04/event-a.json", f"{day_prefix(DAY)}24/event-a.json"]
    filled.put([(key, b"x") for key in strays])
    assert sorted(other_keys(filled, filled.days())) == sorted([*strays, f"{day_prefix(DAY)}event-notes.txt"])
    assert list(other_keys(filled, [])) == ["events/readme.txt"]


def test_any_file_of_a_day_is_found_by_its_name(filled: RawStore) -> None:
    assert files_there(filled, DAY, {"event-notes.txt", NAMES[0], "zzz"}) == {"event-notes.txt", NAMES[0]}


def test_a_bucket_is_listed_only_up_to_the_last_of_the_keys(s3_store: S3Store) -> None:
    s3_store.put([(key, b"{}") for key in KEYS[: len(NAMES)]])
    counted = CountingStore(s3_store.bucket)
    assert [raw.key for raw in still_there(counted, [KEYS[8], KEYS[7]])] == KEYS[7:9]
    assert counted.listed <= 3


class CountingStore(S3Store):
    """A bucket that counts the names that it lists."""

    listed = 0

    def file_names(self, day: date, after: str = "") -> Iterator[str]:
        for name in super().file_names(day, after):
            self.listed += 1
            yield name
