"""A collector under load, killed at random moments, with its raw store gone for a while: nothing acknowledged is lost.

The raw store is a folder, or a real S3 server that is killed and comes back. Each attempt to send marks its events, so
that afterwards every line in the raw store belongs to a known attempt: each attempt that was answered is there whole,
and a surplus copy comes from one whose answer was lost.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from clickstream.raw.contract import RawStore
from clickstream.raw.s3 import Bucket, S3Store
from clickstream.raw.store import LocalStore
from tests.e2e.load import (
    LOAD,
    Sender,
    assert_exactly_once,
    assert_nothing_lost,
    lines_of,
    wait_for_load,
)
from tests.e2e.platform import Platform, kill
from tests.patience import wait_until
from tests.seaweed import BUCKET, running_seaweed

CLIENTS = 4
AWAY_S = 1.5
SLOW = pytest.mark.slow


@dataclass
class ChosenPlatform(Platform):
    """A platform with settings of its own."""

    settings: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        return super().environment() | self.settings


@dataclass(frozen=True)
class Place:
    """Where raw objects are. take_away, bring_back: as an outage does it. refuses: whether an outage is told at once;
    a bucket is asked again for half a minute, while the clients wait."""

    store: RawStore
    settings: dict[str, str]
    take_away: Callable[[], object]
    bring_back: Callable[[], object]
    refuses: bool


@contextmanager
def folder_place(data: Path) -> Iterator[Place]:
    """A file stands where the folder was: whatever is written fails, as on a disk that went away.

    Where the folder should be is a link, for that can be changed in one step: in between a collector would make one.
    """
    raw, present, away = data / "raw", data / "raw.present", data / "raw.away"
    present.mkdir(parents=True)
    away.write_text("")

    def lead_to(place: Path) -> None:
        link = data / "raw.new"
        link.symlink_to(place)
        link.replace(raw)

    lead_to(present)
    yield Place(LocalStore(raw), {}, lambda: lead_to(away), lambda: lead_to(present), refuses=True)


@contextmanager
def bucket_place(data: Path) -> Iterator[Place]:
    """The server is killed, and started again with what it held."""
    with running_seaweed(data.with_name("seaweed")) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        store = S3Store(Bucket(BUCKET, endpoint=server.endpoint))
        settings = {"CLICKSTREAM_RAW_URL": f"s3://{BUCKET}"}
        yield Place(store, settings, server.kill, server.start, refuses=False)


PLACES = {"folder": folder_place, "s3": bucket_place}


@pytest.mark.parametrize("ack", ["store", "disk"])
@pytest.mark.parametrize(
    ("where", "kills"),
    [("folder", 10), ("s3", 3), pytest.param("folder", 40, marks=SLOW), pytest.param("s3", 20, marks=SLOW)],
)
def test_what_was_acknowledged_survives_kills_and_a_store_that_goes_away(
    tmp_path: Path, ack: str, where: str, kills: int
) -> None:
    random = Random(f"{ack}{kills}")
    with PLACES[where](tmp_path / "data") as place:
        platform = ChosenPlatform(tmp_path / "data", settings=place.settings | {"CLICKSTREAM_ACK": ack})
        collector = platform.start_collector()
        with sending(platform, ack) as senders:
            for number in range(kills):
                wait_for_load(senders, LOAD)
                time.sleep(random.uniform(0.0, 0.6))
                if number % 10 == min(kills, 10) // 2:
                    place.take_away()
                    if ack == "disk":  # it lives without its store, and starts without it
                        kill(collector)
                        collector = platform.start_collector()
                    if ack == "disk":
                        wait_for_load(senders, LOAD)
                    else:
                        assert_nothing_is_answered(senders, place)
                    place.bring_back()
                kill(collector)
                collector = platform.start_collector()
            time.sleep(0.5)
        if ack == "disk" or place.refuses:
            assert (sum(sender.refused for sender in senders) > 0) == (ack == "store")
        assert_nothing_lost(senders, lines_of(place.store), kills)
        acknowledged = {name for sender in senders for ids in sender.answered.values() for name in ids}
        assert_exactly_once(platform, acknowledged, passes=1 if where == "folder" else 3)


@pytest.mark.parametrize("ack", ["store", "disk"])
def test_collector_that_is_told_to_stop_finishes_what_it_accepted(tmp_path: Path, ack: str) -> None:
    platform = ChosenPlatform(tmp_path / "data", settings={"CLICKSTREAM_ACK": ack})
    collector = platform.start_collector()
    with sending(platform, ack) as senders:
        wait_for_load(senders, 4 * LOAD)
        collector.send_signal(signal.SIGTERM)
        _, said = collector.communicate(timeout=60)
        wait_until(lambda: any(sender.lost for sender in senders), "attempt that fails")
    assert (collector.returncode, said) == (0, b"")
    assert_nothing_lost(senders, lines_of(LocalStore(platform.data / "raw")), kills=1)
    assert list((platform.data / "spool").glob("*.wal")) == []


@contextmanager
def sending(platform: Platform, seed: str) -> Iterator[list[Sender]]:
    """Clients that send as long as the block runs; afterwards the platform is stopped."""
    stop = threading.Event()
    port = platform.collector_port
    senders = [Sender(port, f"c{number}", stop, Random(f"{seed}{number}")) for number in range(CLIENTS)]
    threads = [threading.Thread(target=sender.run) for sender in senders]
    for thread in threads:
        thread.start()
    try:
        yield senders
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        platform.close()


def assert_nothing_is_answered(senders: list[Sender], place: Place) -> None:
    """Of what is sent while the store is away; what was sent, and perhaps stored, before it went may still be."""
    gone_at, refused = time.monotonic(), sum(sender.refused for sender in senders)
    time.sleep(AWAY_S)
    if place.refuses:
        wait_until(lambda: sum(sender.refused for sender in senders) > refused, "attempt that is refused")
    sent = [attempt for sender in senders for attempt, at in sender.begun_at.copy().items() if at > gone_at]
    answered = {attempt for sender in senders for attempt in sender.answered.copy()}
    assert answered.isdisjoint(sent)
