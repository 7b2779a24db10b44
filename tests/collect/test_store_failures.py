"""A raw store that stalls or is full: the response is 503 in time, and nothing acknowledged is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clickstream.collect import commit
from clickstream.collect.spool import read_wal
from clickstream.raw.store import LocalStore
from tests.collect.conftest import Client, GatedStore, running
from tests.patience import wait_until
from tests.ports import free_port

GOOD = {"eventName": "page_view"}


def test_store_that_stalls_is_503_in_time_and_used_again_when_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "RESPOND_WITHIN_S", 0.3)
    monkeypatch.setattr(commit, "MAX_HELD_BYTES", 100_000)
    store = GatedStore(tmp_path / "raw")
    with running(store) as client:
        first = client.send(GOOD)
        assert (first.status, first.body["error"], first.headers["retry-after"]) == (503, "unavailable", "5")
        assert client.send([{"eventName": "x" * 200}] * 500).status == 503, "too many bytes would wait"
        monkeypatch.setattr(commit, "RESPOND_WITHIN_S", 60)
        store.gate.set()
        wait_until(lambda: client.send(GOOD).status == 200)
        assert client.send(GOOD).status == 200
    assert len(client.stored()) >= 2


@pytest.mark.parametrize("ack", ["store", pytest.param("disk", marks=pytest.mark.slow)])
def test_full_disk_is_503_and_never_an_acknowledgement(tmp_path: Path, ack: str) -> None:
    """A collector on a file system of 1 MiB, in a separate mount namespace."""
    if subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("a file system cannot be mounted here")
    script = f"mount -t tmpfs -o size=1m tmpfs {tmp_path} && exec {sys.executable} {__file__} {tmp_path}"
    environment = os.environ | {"CLICKSTREAM_ACK": ack, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == f"{ack}: every acknowledged event is stored, and some requests got 503"


def fill_the_disk(folder: Path) -> None:
    """Run in that namespace: fill the disk, free some space, send more; then find every acknowledged event."""
    port, ballast = free_port(), folder / "ballast"
    ballast.write_bytes(bytes(300_000))
    command = [sys.executable, "-m", "clickstream", "collect", "--data", str(folder / "data"), "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    client = Client(port, LocalStore(folder / "data" / "raw"))
    acknowledged: list[str] = []
    statuses = []
    for number in range(100_000):
        try:
            name = f"e{number}"
            status = client.send({"eventName": "x", "eventId": name, "fill": os.urandom(10_000).hex()}).status
        except ConnectionRefusedError:
            time.sleep(0.1)
            continue
        statuses.append(status)
        if status == 200:
            acknowledged.append(name)
        elif status == 503 and ballast.exists():
            ballast.unlink()
        if statuses[-30:].count(503) == 30 or len(statuses) > 500:
            break
    assert set(statuses) == {200, 503}, set(statuses)
    first = statuses.index(503)
    assert 200 in statuses[first:], "events are accepted again after space was freed"
    process.terminate()
    process.wait(60)
    stored = {event["eventId"] for event in client.stored()} | waiting_in_spool(folder / "data" / "spool")
    assert set(acknowledged) <= stored, set(acknowledged) - stored
    print(f"{os.environ['CLICKSTREAM_ACK']}: every acknowledged event is stored, and some requests got 503")


def waiting_in_spool(folder: Path) -> set[str]:
    return {json.loads(line)["eventId"] for path in folder.glob("*.wal") for line in read_wal(path)}


if __name__ == "__main__":
    fill_the_disk(Path(sys.argv[1]))
