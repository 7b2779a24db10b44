"""Which objects a store holds: in a folder and on S3 alike, and no more is asked than is followed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

import pytest

from clickstream.raw.contract import RawStore
from clickstream.raw.keys import day_prefix
from clickstream.raw.listing import files_there, objects_among, objects_in_order, objects_of, still_there
from clickstream.raw.s3 import S3Store

DAY = date(2026, 3, 10)
NAMES = sorted([*(f"event-{number:03}.json" for number in range(20)), *(f"batch-{n}-2.ndjson.gz" for n in range(5))])
KEYS = [day_prefix(day) + name for day in (DAY, DAY + timedelta(days=1)) for name in NAMES]


@pytest.fixture
def filled(store: RawStore) -> RawStore:
    """Two days of objects, in no order, with a file among them that is none."""
    shuffled = list(KEYS)
    Random(1).shuffle(shuffled)
    store.put([(key, b"{}") for key in shuffled])
    store.put_unsynced(f"{day_prefix(DAY)}event-notes.txt", b"no raw object")
    return store


def test_objects_of_a_day_are_found_and_other_files_passed_over(filled: RawStore) -> None:
    assert sorted(raw.key for raw in objects_of(filled, DAY)) == KEYS[: len(NAMES)]
    assert list(objects_of(filled, DAY - timedelta(days=1))) == []


def test_objects_of_several_days_come_in_order(filled: RawStore) -> None:
    assert [raw.key for raw in objects_in_order(filled, filled.days())] == KEYS


def test_names_are_parsed_as_they_are_asked_for() -> None:
    def names() -> Iterator[str]:
        yield NAMES[0]
        raise AssertionError("nobody asked for more")

    assert next(objects_among(DAY, names())).key == KEYS[0]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param([], [], id="none"),
        pytest.param(KEYS[:1], KEYS[:1], id="the first"),
        pytest.param([KEYS[30], KEYS[-1], KEYS[3]], [KEYS[3], KEYS[30], KEYS[-1]], id="some of two days"),
        pytest.param([KEYS[7], f"{day_prefix(DAY)}event-007x.json"], [KEYS[7]], id="one that is gone"),
        pytest.param([KEYS[7].replace("2026", "2025")], [], id="a day that is gone"),
        pytest.param([f"{day_prefix(DAY)}event-notes.txt", "nonsense"], [], id="no objects"),
    ],
)
def test_objects_that_are_still_there_come_in_order(filled: RawStore, asked: list[str], found: list[str]) -> None:
    assert [raw.key for raw in still_there(filled, asked)] == found


def test_any_file_of_a_day_is_found_by_its_name(filled: RawStore) -> None:
    assert files_there(filled, DAY, {"event-notes.txt", NAMES[0], "zzz"}) == {"event-notes.txt", NAMES[0]}


def test_a_bucket_lists_no_further_than_behind_the_last_object_that_is_looked_for(s3_store: S3Store) -> None:
    s3_store.put([(key, b"{}") for key in KEYS[: len(NAMES)]])
    counted = CountingStore(s3_store.bucket)
    assert [raw.key for raw in still_there(counted, [KEYS[8], KEYS[7]])] == KEYS[7:9]
    assert counted.listed <= 3


class CountingStore(S3Store):
    """A bucket that counts the names which are taken from its listings."""

    listed = 0

    def file_names(self, day: date, after: str = "") -> Iterator[str]:
        for name in super().file_names(day, after):
            self.listed += 1
            yield name
