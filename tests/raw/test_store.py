"""What every raw store promises, and what only the folder does: no partial object is ever visible."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from clickstream.errors import StoreError
from clickstream.raw.contract import RawStore
from clickstream.raw.keys import event_key
from clickstream.raw.s3 import S3Store
from clickstream.raw.store import LocalStore, open_store
from clickstream.settings import Settings
from tests.collect.test_durability import CALLS, Step, steps_of
from tests.raw.test_keys import MOMENT, name_at

DAY = date(2026, 3, 10)
KEY = "events/2026/03/10/event-a.json"


def test_stored_objects_can_be_listed_and_read(store: RawStore) -> None:
    store.put([(KEY, b"one"), ("events/2026/03/11/event-b.json", b"two")])
    assert store.days() == [DAY, date(2026, 3, 11)]
    assert list(store.file_names(DAY)) == ["event-a.json"]
    assert store.read(KEY) == b"one"
    assert abs((store.modified_at(KEY) - datetime.now(UTC)).total_seconds()) < 60


def test_repeating_a_put_is_allowed(store: RawStore) -> None:
    store.put([(KEY, b"one")])
    store.put([(KEY, b"one")])
    assert list(store.file_names(DAY)) == ["event-a.json"]


@pytest.mark.parametrize("size_bytes", [0, 1, 65_535, 65_536, 65_537, 5_000_000])
def test_objects_of_any_size_are_read_completely(store: RawStore, size_bytes: int) -> None:
    data = os.urandom(size_bytes)
    store.put([(KEY, data)])
    assert store.read(KEY) == data
    assert list(store.read_many([KEY])) == [data]


def test_many_objects_are_read_in_the_order_of_their_keys(store: RawStore) -> None:
    objects = [(f"events/2026/03/10/event-{number:03}.json", str(number).encode()) for number in range(300)]
    store.put(objects)
    keys = [key for key, _ in reversed(objects)]
    assert list(store.read_many(keys)) == [data for _, data in reversed(objects)]
    assert list(store.read_many([])) == []


def test_read_each_yields_an_error_in_the_place_of_an_unreadable_object(store: RawStore) -> None:
    keys = [f"events/2026/03/10/event-{number:03}.json" for number in range(100)]
    there = [key for number, key in enumerate(keys) if number % 3]
    store.put([(key, key.encode()) for key in there])
    for key, data in zip(keys, store.read_each(keys), strict=True):
        if key in there:
            assert data == key.encode()
        else:
            assert isinstance(data, StoreError)
            assert key in str(data)


def test_error_names_a_folder_that_has_the_name_of_an_object(folder: LocalStore) -> None:
    (folder.root / KEY).mkdir(parents=True)
    with pytest.raises(StoreError, match=KEY):
        folder.read(KEY)
    with pytest.raises(StoreError, match=KEY):
        list(folder.read_many([KEY]))


def test_many_threads_can_write_and_read_at_the_same_time(store: RawStore) -> None:
    def write_and_read(number: int) -> bytes:
        key = f"events/2026/03/10/event-{number:03}.json"
        store.put([(key, str(number).encode())])
        return store.read(key)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write_and_read, range(64))) == [str(number).encode() for number in range(64)]
    assert len(list(store.file_names(DAY))) == 64


def test_listing_can_start_after_a_name(store: RawStore) -> None:
    names = [f"event-{number:04}.json" for number in range(1100)]
    store.put([(f"events/2026/03/10/{name}", b"{}") for name in names])
    assert sorted(store.file_names(DAY)) == names
    assert sorted(store.file_names(DAY, "event-1096.json")) == names[1097:]
    assert sorted(store.file_names(DAY, "event-1096.json0")) == names[1097:], "the name need not exist"
    assert sorted(store.file_names(DAY, "f")) == []
    if store.lists_in_order:
        assert list(store.file_names(DAY)) == names


def test_folders_that_are_not_days_are_skipped(store: RawStore) -> None:
    strange = ("events/2026/13/01/x", "events/20x6/01/01/x", "events/2026/1/01/x", "events/x", "rejected/2026/01/01/x")
    too_far = ("events/0001/01/01/x", "events/1969/12/31/x", "events/9999/01/01/x")
    store.put([(KEY, b"one"), *((key, b"x") for key in (*strange, *too_far))])
    assert store.days() == [DAY]


STRAYS = [
    "events/notes.txt",
    "events/2026/notes.txt",
    "events/2026/03/notes.txt",
    "events/2026/13/01/event-a.json",
    "events/2026/3/10/event-a.json",
    "events/old/2026/event-a.json",
    "events/9999/01/01/event-a.json",
]


def test_files_in_subfolders_of_a_day_are_listed_with_their_path(store: RawStore) -> None:
    names = ["event-a.json", "03/event-b.json", "03/x/y.txt", "backup/event-c.json"]
    store.put([(f"events/2026/03/10/{name}", b"{}") for name in names])
    assert sorted(store.file_names(DAY)) == sorted(names)
    assert sorted(store.file_names(DAY, "03/event-b.json")) == ["03/x/y.txt", "backup/event-c.json", "event-a.json"]
    assert store.read("events/2026/03/10/03/event-b.json") == b"{}"


def test_keys_outside_the_folders_of_days_are_listed(store: RawStore) -> None:
    store.put([(KEY, b"{}"), ("events/2026/03/11/04/event-b.json", b"{}"), ("rejected/x", b"{}")])
    store.put([(key, b"x") for key in STRAYS])
    assert sorted(store.keys_outside_days()) == sorted(STRAYS)


def test_an_empty_store_has_no_keys_outside_days(store: RawStore) -> None:
    assert list(store.keys_outside_days()) == []


def test_deleting_all_objects_of_a_day_deletes_its_folders(folder: LocalStore) -> None:
    keys = [KEY, "events/2026/03/10/03/event-b.json", "events/2026/03/10/x/y/z.txt"]
    folder.put([(key, b"x") for key in keys])
    folder.delete(keys[1:])
    assert folder.days() == [DAY]
    assert sorted(path.name for path in (folder.root / "events/2026/03/10").iterdir()) == ["event-a.json"]
    folder.delete([KEY])
    assert folder.days() == []
    folder.put([(KEY, b"again")])
    assert folder.read(KEY) == b"again"


def test_a_new_object_in_the_folder_of_an_hour_changes_the_folder_of_its_day(folder: LocalStore) -> None:
    folder.put([("events/2026/03/10/03/event-a.json", b"x")])
    for path in (folder.root / "events/2026/03/10", folder.root / "events/2026/03/10/03"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    before = folder.changed_ns(DAY)
    folder.put([("events/2026/03/10/03/event-b.json", b"x")])
    assert before is not None
    assert before < (folder.changed_ns(DAY) or 0)


def test_first_and_last_day_are_days(store: RawStore) -> None:
    store.put([("events/1970/01/01/x", b"x"), ("events/9998/12/31/x", b"x")])
    assert store.days() == [date(1970, 1, 1), date(9998, 12, 31)]


def test_an_empty_store_has_no_days(store: RawStore) -> None:
    assert store.days() == []
    assert list(store.file_names(DAY)) == []


@pytest.mark.parametrize("key", [KEY, event_key(name_at(MOMENT))], ids=["irregular", "regular"])
def test_time_of_an_object_is_the_same_before_and_after_a_listing(store: RawStore, key: str) -> None:
    store.put([(key, b"one")])
    before = store.modified_at(key)
    assert list(store.file_names(DAY)) == [key.rpartition("/")[2]]
    assert abs((store.modified_at(key) - before).total_seconds()) < 1


def test_put_unsynced_stores_the_object(store: RawStore) -> None:
    store.put_unsynced("rejected/2026/03/10/rejected-a.ndjson", b"x")
    assert store.read("rejected/2026/03/10/rejected-a.ndjson") == b"x"


def test_error_names_a_missing_object(store: RawStore) -> None:
    with pytest.raises(StoreError, match=r"(?i)no such") as caught:
        store.read(KEY)
    assert KEY in str(caught.value)
    with pytest.raises(StoreError, match=KEY):
        list(store.read_many([KEY]))


def test_settings_choose_the_store(tmp_path: Path) -> None:
    assert isinstance(open_store(Settings(data=tmp_path)), LocalStore)
    bucket = open_store(Settings(raw_url="s3://shop-events/raw/"))
    assert isinstance(bucket, S3Store)
    assert bucket.location == "s3://shop-events/raw"


def test_put_leaves_nothing_under_tmp(folder: LocalStore) -> None:
    folder.put([(KEY, b"one")])
    assert list((folder.root / "tmp").iterdir()) == []


def test_failed_put_leaves_nothing_under_tmp(folder: LocalStore) -> None:
    (folder.root / KEY).mkdir(parents=True)
    with pytest.raises(StoreError, match="directory"):
        folder.put([(KEY, b"one"), ("events/2026/03/10/event-b.json", b"two")])
    with pytest.raises(StoreError, match="too long"):
        folder.put([("events/2026/03/10/event-c.json", b"three"), (f"events/2026/03/10/{'n' * 256}", b"four")])
    assert list((folder.root / "tmp").iterdir()) == []


PUT_MANY = """
import sys
from pathlib import Path
from clickstream.raw.store import LocalStore
LocalStore(Path(sys.argv[1])).put([(f"events/2026/03/10/event-{n}.json", b"x") for n in range(30)])
"""


def test_each_object_is_synced_before_its_rename_and_the_folder_after_it(tmp_path: Path) -> None:
    program = shutil.which("strace")
    if program is None:
        pytest.skip("strace is not installed")  # tests/collect/test_durability.py requires it
    log = tmp_path / "strace"
    options = ["-f", "-y", "-e", f"trace={CALLS}", "-o", str(log)]
    subprocess.run([program, *options, sys.executable, "-c", PUT_MANY, str(tmp_path / "raw")], check=True, timeout=120)
    steps = list(steps_of(log.read_text(errors="replace").splitlines()))
    renamed = [index for index, step in enumerate(steps) if step.verb == "rename" and "/events/" in step.target]
    assert len(renamed) == 30
    for index in renamed:
        before = [step.verb for step in steps[:index] if step.path == steps[index].path]
        assert before == ["write", "fsync"], steps[index]
    assert Step("fsync", str(tmp_path / "raw" / "events" / "2026" / "03" / "10")) in steps[renamed[-1] :]


def test_files_of_a_crashed_writer_are_removed_after_an_hour(folder: LocalStore) -> None:
    old, young = folder.root / "tmp" / "old", folder.root / "tmp" / "young"
    for path in (old, young):
        path.write_bytes(b"half")
    hours_ago = time.time() - 2 * 3600
    os.utime(old, (hours_ago, hours_ago))
    folder.prepare()
    assert not old.exists()
    assert young.exists()


def test_error_says_why_a_folder_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="File exists") as caught:
        LocalStore(tmp_path / "file").put([(KEY, b"x")])
    assert caught.value.advice


def test_replace_changes_the_bytes_of_one_object_only(store: RawStore) -> None:
    store.put([(KEY, b"one"), ("events/2026/03/10/event-b.json", b"two")])
    store.replace(KEY, b"other")
    assert store.read(KEY) == b"other"
    assert sorted(store.file_names(DAY)) == ["event-a.json", "event-b.json"]


def test_a_folder_keeps_the_time_of_a_replaced_object(folder: LocalStore) -> None:
    folder.put([(KEY, b"one")])
    os.utime(folder.root / KEY, (1_700_000_000, 1_700_000_000))
    folder.replace(KEY, b"other")
    assert folder.modified_at(KEY).timestamp() == 1_700_000_000
    assert list((folder.root / "tmp").iterdir()) == []


def test_objects_can_be_deleted_twice_and_stored_again(store: RawStore) -> None:
    other = "events/2026/03/11/event-b.json"
    store.put([(KEY, b"one"), (other, b"two")])
    store.delete([KEY])
    store.delete([KEY])
    store.delete([])
    assert list(store.file_names(DAY)) == []
    assert store.keys("events/") == [other]
    store.put([(KEY, b"again")])
    assert store.read(KEY) == b"again"


def test_keys_below_a_folder_are_listed_in_order(store: RawStore) -> None:
    keys = ["receipts/a.json", "rejected/2026/03/10/a", "rejected/2026/03/11/b"]
    store.put([(key, b"x") for key in reversed(keys)])
    assert store.keys("rejected/") == keys[1:]
    assert store.keys("nothing/") == []
