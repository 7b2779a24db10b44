"""A collector is killed at random moments while its raw store fails for a while: no acknowledged event is lost.

The raw store is a folder, or a real S3 server that is killed and restarted. Afterwards every line in the raw store
belongs to a known attempt to send: each acknowledged attempt is stored whole, and other copies come from attempts whose
response was lost.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from clickstream.collect.spool import list_wals
from clickstream.raw.contract import RawStore
from clickstream.raw.s3 import Bucket, S3Store
from clickstream.raw.store import LocalStore
from tests.e2e.load import (
    LOAD,
    Sender,
    acknowledged,
    assert_exactly_once,
    assert_nothing_lost,
    lines_of,
    under_load,
    wait_for_load,
    wait_until_felt,
)
from tests.e2e.platform import Platform, kill
from tests.patience import wait_until
from tests.seaweed import BUCKET, running_seaweed

SENDERS = 4
OUTAGE_S = 1.5
SLOW = pytest.mark.slow


@dataclass(frozen=True)
class RawLocation:
    """A raw store that can fail. fails_at_once: whether a write fails during an outage, or is retried for 30 s."""

    store: RawStore
    settings: dict[str, str]
    begin_outage: Callable[[], object]
    end_outage: Callable[[], object]
    fails_at_once: bool


@contextmanager
def folder_location(data: Path) -> Iterator[RawLocation]:
    """A folder that is replaced by a file: every write fails, as on a disk that was removed.

    DATA/raw is a symbolic link, which can be changed atomically: otherwise a collector would create the folder again.
    """
    raw, present, missing = data / "raw", data / "raw.present", data / "raw.missing"
    present.mkdir(parents=True)
    missing.write_text("")

    def link_to(target: Path) -> None:
        link = data / "raw.new"
        link.symlink_to(target)
        link.replace(raw)

    link_to(present)
    yield RawLocation(LocalStore(raw), {}, lambda: link_to(missing), lambda: link_to(present), fails_at_once=True)


@contextmanager
def bucket_location(data: Path) -> Iterator[RawLocation]:
    """A bucket on a server that is killed, and restarted with its data."""
    with running_seaweed(data.with_name("seaweed")) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        store = S3Store(Bucket(BUCKET, endpoint=server.endpoint))
        settings = {"CLICKSTREAM_RAW_URL": f"s3://{BUCKET}"}
        yield RawLocation(store, settings, server.kill, server.start, fails_at_once=False)


LOCATIONS = {"folder": folder_location, "s3": bucket_location}


@pytest.mark.parametrize(
    ("where", "ack", "kills"),
    [
        ("folder", "store", 1),
        ("folder", "disk", 1),
        ("s3", "store", 1),
        pytest.param("folder", "store", 40, marks=SLOW),
        pytest.param("folder", "disk", 40, marks=SLOW),
        pytest.param("s3", "store", 12, marks=SLOW),
        pytest.param("s3", "disk", 12, marks=SLOW),
    ],
)
def test_acknowledged_events_survive_kills_of_the_collector_and_an_outage_of_the_raw_store(
    tmp_path: Path, where: str, ack: str, kills: int
) -> None:
    random = Random(f"{ack}{kills}")
    with LOCATIONS[where](tmp_path / "data") as location:
        platform = Platform(tmp_path / "data", location.settings | {"CLICKSTREAM_ACK": ack})
        collector = platform.start_collector()
        with sending(platform, ack) as senders:
            for number in range(kills):
                wait_for_load(senders)
                time.sleep(random.uniform(0.0, 0.6))
                if number % 10 == min(kills, 10) // 2:
                    location.begin_outage()
                    if ack == "disk":  # the collector works, and starts, without its raw store
                        kill(collector)
                        collector = platform.start_collector()
                        wait_for_load(senders)
                    else:
                        assert_nothing_is_acknowledged(senders, location)
                    location.end_outage()
                kill(collector)
                collector = platform.start_collector()
            wait_for_load(senders)
        if ack == "disk":
            ship_the_rest(platform)
        if ack == "disk" or location.fails_at_once:
            assert (sum(sender.refused for sender in senders) > 0) == (ack == "store")
        assert_nothing_lost(senders, lines_of(location.store), kills)
        assert_exactly_once(platform, acknowledged(senders), passes=1 if where == "folder" else 3)


@pytest.mark.parametrize("ack", ["store", "disk"])
def test_collector_that_receives_sigterm_finishes_what_it_accepted(tmp_path: Path, ack: str) -> None:
    platform = Platform(tmp_path / "data", {"CLICKSTREAM_ACK": ack})
    collector = platform.start_collector()
    with sending(platform, ack) as senders:
        wait_for_load(senders, 4 * LOAD)
        collector.send_signal(signal.SIGTERM)
        _, output = collector.communicate(timeout=60)
        wait_until_felt(senders, 0)
    assert (collector.returncode, output) == (0, b"")
    assert_nothing_lost(senders, lines_of(LocalStore(platform.data / "raw")), kills=1)
    assert list((platform.data / "spool").glob("*.wal")) == []


@contextmanager
def sending(platform: Platform, seed: str) -> Iterator[list[Sender]]:
    """Run senders during the block, then stop the platform."""
    try:
        with under_load(platform, SENDERS, seed) as senders:
            yield senders
    finally:
        platform.close()


def ship_the_rest(platform: Platform) -> None:
    """Run the collector until its spool is empty: a collector that stops ships for a few seconds only."""
    spool = platform.data / "spool"
    if list_wals(spool):
        platform.start_collector()
        wait_until(lambda: not list_wals(spool), "empty spool")
        platform.close()


def assert_nothing_is_acknowledged(senders: list[Sender], location: RawLocation) -> None:
    """Assert that no attempt that begins during the outage is acknowledged; earlier attempts may be."""
    began_at, refused = time.monotonic(), sum(sender.refused for sender in senders)
    time.sleep(OUTAGE_S)
    if location.fails_at_once:
        wait_until(lambda: sum(sender.refused for sender in senders) > refused, "attempt that is refused")
    sent = [attempt for sender in senders for attempt, at in sender.begun_at.copy().items() if at > began_at]
    answered = {attempt for sender in senders for attempt in sender.answered.copy()}
    assert answered.isdisjoint(sent)
