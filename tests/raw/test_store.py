"""The folder as a store: what was put is there, whole, and nothing half-written is ever seen."""

from __future__ import annotations

import os
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from clickstream.errors import StoreError
from clickstream.raw.store import LocalStore

KEY = "events/2026/03/10/event-a.json"


def test_what_is_put_can_be_listed_and_read(store: LocalStore) -> None:
    store.put([(KEY, b"one"), ("events/2026/03/11/event-b.json", b"two")])
    assert store.days() == [date(2026, 3, 10), date(2026, 3, 11)]
    assert store.file_names(date(2026, 3, 10)) == ["event-a.json"]
    assert store.read(KEY) == b"one"
    assert abs((store.modified_at(KEY) - datetime.now(UTC)).total_seconds()) < 60


def test_nothing_stays_under_tmp(store: LocalStore) -> None:
    store.put([(KEY, b"one")])
    assert list((store.root / "tmp").iterdir()) == []


def test_an_empty_store_has_no_days(tmp_path: Path) -> None:
    assert LocalStore(tmp_path / "nothing").days() == []
    assert LocalStore(tmp_path / "nothing").file_names(date(2026, 3, 10)) == []


def test_leftovers_of_a_crash_are_removed_after_an_hour(store: LocalStore) -> None:
    old, young = store.root / "tmp" / "old", store.root / "tmp" / "young"
    for path in (old, young):
        path.write_bytes(b"half")
    hours_ago = time.time() - 2 * 3600
    os.utime(old, (hours_ago, hours_ago))
    store.prepare()
    assert not old.exists()
    assert young.exists()


def test_a_store_that_cannot_be_written_says_where_and_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="File exists") as caught:
        LocalStore(tmp_path / "file").put([(KEY, b"x")])
    assert caught.value.advice


def test_reading_what_is_not_there_is_a_store_error(store: LocalStore) -> None:
    with pytest.raises(StoreError, match="No such file"):
        store.read(KEY)
