"""The collector with S3: an event is in the bucket before the response, in both layouts; a bucket that hangs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from clickstream.collect.objects import Layout
from clickstream.collect.server import STOP_WITHIN_S
from clickstream.collect.spool import read_wal
from clickstream.raw.s3 import S3Store
from tests.collect.conftest import running
from tests.ports import free_port

NOTHING = (
    b"<ListBucketResult><Name>bucket</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>"
)
GOOD, BAD = b'{"eventName":"x"}', b"bad"


@pytest.mark.parametrize("layout", ["batch", "single"])
def test_events_are_in_the_bucket_before_the_response(s3_store: S3Store, layout: Layout) -> None:
    with running(s3_store, layout=layout) as collector:
        for number in range(1, 4):
            response = collector.send([{"eventName": "x"} for _ in range(5)])
            assert (response.status, response.body["accepted"]) == (200, 5)
            assert len({event["eventId"] for event in collector.stored()}) == 5 * number
            assert len(collector.objects()) == (number if layout == "batch" else 5 * number)


class HangingS3(ThreadingHTTPServer):
    """Lists an empty bucket, and does not respond to a PUT until the test is over."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), HangingS3Request)
        self.has_begun = threading.Semaphore(0)
        self.is_over = threading.Event()


class HangingS3Request(BaseHTTPRequestHandler):
    server: HangingS3
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(NOTHING)))
        self.end_headers()
        self.wfile.write(NOTHING)

    def do_PUT(self) -> None:
        self.server.has_begun.release()
        self.server.is_over.wait(120)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def hanging_s3() -> Iterator[HangingS3]:
    with HangingS3() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.is_over.set()
            server.shutdown()
            thread.join(20)


def connect(port: int) -> socket.socket:
    """Connect to a collector that may still be starting."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=30)
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "the collector did not start"
            time.sleep(0.05)


def post(body: bytes) -> bytes:
    return b"POST /clickstream HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


@pytest.mark.slow
@pytest.mark.parametrize("ack", ["store", "disk"])
def test_collector_stops_in_time_while_the_bucket_hangs_and_loses_no_acknowledged_event(
    tmp_path: Path, ack: str
) -> None:
    with hanging_s3() as bucket:
        port = free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CLICKSTREAM_")}
        environment |= {"CLICKSTREAM_RAW_URL": "s3://bucket", "CLICKSTREAM_ACK": ack, "CLICKSTREAM_DATA": str(tmp_path)}
        environment |= {"CLICKSTREAM_S3_ENDPOINT": f"http://127.0.0.1:{bucket.server_port}", "AWS_REGION": "us-east-1"}
        environment |= {"AWS_ACCESS_KEY_ID": "made-up", "AWS_SECRET_ACCESS_KEY": "made-up"}
        command = [sys.executable, "-m", "clickstream", "collect", "--port", str(port)]
        process = subprocess.Popen(command, env=environment)
        try:
            with connect(port) as refused, connect(port) as accepted:
                refused.sendall(post(BAD))
                assert refused.recv(100).startswith(b"HTTP/1.1 400 ")
                accepted.sendall(post(GOOD))
                for _ in range(2):  # the excerpt of the rejected body; the event, or what the spool ships
                    assert bucket.has_begun.acquire(timeout=60)
                process.send_signal(signal.SIGTERM)
                assert process.wait(2 * STOP_WITHIN_S) == 0
                is_acknowledged = accepted.recv(100).startswith(b"HTTP/1.1 200 ")
        finally:
            process.kill()
            process.wait(20)
    kept = [line for path in (tmp_path / "spool").glob("*.wal") for line in read_wal(path)]
    assert is_acknowledged is (ack == "disk")
    assert len(kept) == is_acknowledged
