"""The spool: an acknowledged line is in a write-ahead file, and reaches the raw store whatever happens then."""

from __future__ import annotations

import errno
import gzip
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from clickstream.collect import spool as spools
from clickstream.collect.spool import Shipper, Spool, SpoolConfig, read_wal
from clickstream.errors import StoreError, UnavailableError
from clickstream.event import RawLine
from clickstream.raw.contract import RawStore
from clickstream.raw.keys import day_prefix
from clickstream.raw.store import LocalStore
from tests.patience import wait_until


@pytest.fixture(params=["folder", "s3"])
def raw(request: pytest.FixtureRequest) -> RawStore:
    made: RawStore = request.getfixturevalue("store" if request.param == "folder" else "s3_store")
    return made


def line(number: int) -> RawLine:
    return RawLine(b'{"eventName":"n%d"}' % number)


def stored(raw: RawStore) -> list[bytes]:
    keys = [day_prefix(day) + name for day in raw.days() for name in sorted(raw.file_names(day))]
    found = []
    for key, data in zip(keys, raw.read_many(keys), strict=True):
        found += gzip.decompress(data).splitlines() if key.endswith(".gz") else [data]
    return found


def spool_of(raw: RawStore, folder: Path, config: SpoolConfig | None = None) -> Spool:
    return Spool(folder, raw, config or SpoolConfig(), time.time_ns)


def test_closing_the_spool_ships_its_lines(raw: RawStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "SHIP_EVERY_S", 600)
    with spool_of(raw, tmp_path / "spool") as spool:
        spool.write([line(1), line(2)])
        spool.write([line(3)])
        assert spool.size_bytes() > 0
        assert stored(raw) == [], "lines are not shipped at once"
    assert stored(raw) == [line(1), line(2), line(3)]
    assert [path.name for path in (tmp_path / "spool").iterdir()] == ["lock"]


@pytest.mark.parametrize("cut", [1, 5, 12, 20])
def test_torn_tail_of_a_file_loses_no_acknowledged_line(store: LocalStore, tmp_path: Path, cut: int) -> None:
    spool = spool_of(store, tmp_path)
    spool.write([line(1)])
    spool.write([line(2), line(3)])
    whole = next(tmp_path.glob("*.wal")).read_bytes()
    spool.write([line(4)])
    path = next(tmp_path.glob("*.wal"))
    torn = path.read_bytes()[: len(whole) + cut]
    path.write_bytes(torn)
    assert list(read_wal(path)) == [line(1), line(2), line(3)]
    path.write_bytes(whole + bytes(50))
    assert list(read_wal(path)) == [line(1), line(2), line(3)], "blocks that a crash left as zeros"


def test_files_that_a_crash_left_are_shipped_at_the_next_start(raw: RawStore, tmp_path: Path) -> None:
    spool_of(raw, tmp_path).write([line(1), line(2)])  # never opened, never closed: as after SIGKILL
    with spool_of(raw, tmp_path) as spool:
        spool.write([line(3)])
    assert sorted(stored(raw)) == [line(1), line(2), line(3)]


def test_crash_between_upload_and_removal_writes_the_same_object_again(raw: RawStore, tmp_path: Path) -> None:
    spool_of(raw, tmp_path).write([line(1), line(2)])
    path = next(tmp_path.glob("*.wal"))
    copy = path.read_bytes()
    shipper = Shipper(raw, SpoolConfig(), time.time_ns)
    names = saved_names(path)
    for _ in range(3):
        path.write_bytes(copy)
        path.with_suffix(".keys").write_text(names)
        shipper.ship(path)
    assert stored(raw) == [line(1), line(2)]


def saved_names(path: Path) -> str:
    """Ship into a store that does not work, so that the names are saved and the upload fails."""
    failing = Shipper(LocalStore(Path("/dev/null/none")), SpoolConfig(), time.time_ns)
    with pytest.raises(StoreError):
        failing.ship(path)
    return path.with_suffix(".keys").read_text()


@pytest.mark.parametrize("has_arrived", [True, False])
def test_expired_name_is_replaced_only_if_its_object_is_not_stored(
    raw: RawStore, tmp_path: Path, has_arrived: bool
) -> None:
    spool_of(raw, tmp_path).write([line(1), line(2)])
    path = next(tmp_path.glob("*.wal"))
    old = saved_names(path)
    os.utime(path.with_suffix(".keys"), (0, time.time() - 200))
    if has_arrived:
        raw.put([(old, gzip.compress(b"\n".join([line(1), line(2)]) + b"\n", 1, mtime=0))])
    Shipper(raw, SpoolConfig(), time.time_ns).ship(path)
    assert stored(raw) == [line(1), line(2)]
    names = [day_prefix(day) + name for day in raw.days() for name in raw.file_names(day)]
    assert (names == [old]) is has_arrived


def test_spool_fills_while_the_store_is_down_and_is_shipped_when_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spools, "LONGEST_PAUSE_S", 0.4)
    root = tmp_path / "raw"
    root.write_text("a file where the folder should be")
    raw = LocalStore(root)
    with spool_of(raw, tmp_path / "spool", SpoolConfig(max_bytes=2_000_000)) as spool:
        number = 0
        while spool.size_bytes() <= 2_000_000:
            spool.write([RawLine(b'{"eventName":"%0100000d"}' % number)])
            number += 1
        with pytest.raises(StoreError, match="limit of 1 MiB"):
            spool.write([line(0)])
        root.unlink()
        wait_until(lambda: not spool.size_bytes())
        spool.write([line(1)])
    assert len(stored(raw)) == number + 1 > 20


def test_second_collector_cannot_open_the_spool(store: LocalStore, tmp_path: Path) -> None:
    with (
        spool_of(store, tmp_path),
        pytest.raises(UnavailableError, match="another collector"),
        spool_of(store, tmp_path),
    ):
        pass


def test_names_left_by_a_crash_are_never_used_for_other_lines(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "00000000000000000001.keys").write_text("events/2026/01/01/event-x.json")
    with spool_of(store, tmp_path):
        assert not list(tmp_path.glob("*.keys"))


@pytest.mark.parametrize("damaged", [b"\xff\xfe", b"", b"events/2026/01/01/no-name", b"\0" * 50])
def test_damaged_file_of_names_is_ignored(store: LocalStore, tmp_path: Path, damaged: bytes) -> None:
    spool_of(store, tmp_path).write([line(1), line(2)])
    next(tmp_path.glob("*.wal")).with_suffix(".keys").write_bytes(damaged)
    with spool_of(store, tmp_path) as spool:
        spool.write([line(3)])
    assert sorted(stored(store)) == [line(1), line(2), line(3)]


def test_unreadable_file_does_not_delay_the_others(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spools, "SHIP_EVERY_S", 0.2)
    monkeypatch.setattr(spools, "LONGEST_PAUSE_S", 0.4)
    unreadable = tmp_path / "00000000000000000001.wal"
    unreadable.mkdir()
    with spool_of(store, tmp_path) as spool:
        spool.write([line(1)])
        wait_until(lambda: len(stored(store)) == 1)
        spool.write([line(2)])
        wait_until(lambda: len(stored(store)) == 2)
        spool.write([line(3)])
    assert sorted(stored(store)) == [line(1), line(2), line(3)]
    assert list(tmp_path.glob("*.wal")) == [unreadable], "it is kept"


class FaultyStore(LocalStore):
    """Raises an unexpected error at its first object."""

    is_faulty = True

    def put(self, objects: Sequence[tuple[str, bytes]]) -> None:
        if self.is_faulty:
            self.is_faulty = False
            raise RuntimeError("a bug of ours")
        super().put(objects)


def test_unexpected_error_does_not_end_the_shipping(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spools, "SHIP_EVERY_S", 0.2)
    raw = FaultyStore(tmp_path / "raw")
    with spool_of(raw, tmp_path / "spool") as spool:
        spool.write([line(1)])
        wait_until(lambda: stored(raw) == [line(1)])
    (record,) = caplog.records
    assert record.exc_info is not None
    assert "a bug of ours" in record.getMessage()


FULL = """
import resource, sys, time
from pathlib import Path
from clickstream.collect.spool import Spool, SpoolConfig
from clickstream.raw.store import LocalStore
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
spool = Spool(Path(sys.argv[1]), LocalStore(Path(sys.argv[2])), SpoolConfig(), time.time_ns)
resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, resource.RLIM_INFINITY))
done = 0
from clickstream.errors import StoreError
for number in range(100):
    try:
        spool.write([b'{"eventName":"%01000d"}' % number])
        done += 1
    except StoreError as error:
        print(error)
        break
print(done)
"""


def test_file_that_cannot_grow_is_an_error_and_keeps_acknowledged_lines(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), str(tmp_path / "raw")], capture_output=True, text=True, check=True
    )
    message, count = done.stdout.splitlines()
    assert os.strerror(errno.EFBIG) in message
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY, "only the child was limited"
    (path,) = tmp_path.glob("*.wal")
    assert len(list(read_wal(path))) == int(count) == 4
    assert path.stat().st_size < 5_000, "the torn record was cut off"
