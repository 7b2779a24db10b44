"""How fast the collector stores events durably, compared with a bare response by the same server and settings.

    ingest.constant         a bare ASGI application that responds with 204
    ingest.durable_single   one event per request; the response comes when its raw object is fsynced
    ingest.durable_batch20  twenty events per request
    ingest.disk_single      the response comes when the event is fsynced in the spool (CLICKSTREAM_ACK=disk)
    ingest.disk_batch20     twenty events per request
    ingest.s3_single        the response comes when S3 (SeaweedFS on this machine) has confirmed the object
    ingest.s3_batch20       twenty events per request
    ingest.rss_mb           memory of the collector after SOAK_S seconds of batches
    ingest.rss_growth_mb    how much of that it gained in the second half

NAME.p50_ms and NAME.p99_ms are the latencies of each load. Load: wrk with 64 connections on one thread; three rounds of
all loads in alternation, medians. Needs wrk (apt-get install wrk).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from _measure import Bench, bench

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.seaweed import BUCKET, running_seaweed

CONNECTIONS = 64
ROUNDS = 3
SOAK_S = 300.0
_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
EVENT = {
    "eventName": "product_view",
    "eventId": "019cd79e-4600-7000-8000-000000000000",
    "createdAt": "2026-03-10T12:00:00.000Z",
    "pageUrl": "https://shop.example/p/12?utm_source=news",
    "pageTitle": "Laptop 15",
    "referrer": "https://www.google.com/",
    "userLoginState": "anonymous",
    "clientId": "c0000001",
    "sessionId": "s0000001",
    "isFirstVisit": False,
    "product": {
        "id": "p12",
        "name": "Laptop 15",
        "category": "laptops",
        "brand": "acme",
        "price": 199.5,
        "currency": "EUR",
    },
}
CONSTANT = """
import uvicorn
from clickstream.collect.server import listen, server_config

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive(); await send({"type": "lifespan.startup.complete"})
        await receive(); await send({"type": "lifespan.shutdown.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})

with listen(PORT) as listener:
    uvicorn.Server(server_config(app)).run(sockets=[listener])
"""


@dataclass
class Load:
    """The result of wrk: events per second that got a 2xx, and the latencies."""

    rate: float
    p50_ms: float
    p99_ms: float


def main() -> None:
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed: apt-get install wrk")
    with bench(__doc__ or "") as run:
        found: dict[str, list[Load]] = defaultdict(list)
        for _ in range(ROUNDS):
            with constant() as port:
                found["constant"].append(load(run, port, 1, seconds_of(run)))
            measure(run, found, "durable", {})
            measure(run, found, "disk", {"CLICKSTREAM_ACK": "disk"})
        with running_seaweed(run.folder.resolve() / "seaweed") as seaweed:
            for _ in range(ROUNDS):
                measure(run, found, "s3", {**seaweed.environment, "CLICKSTREAM_RAW_URL": f"s3://{BUCKET}"})
        for name, loads in found.items():
            put_load(run, f"ingest.{name}", loads)
        put_memory(run)


def measure(run: Bench, found: dict[str, list[Load]], name: str, settings: dict[str, str]) -> None:
    """Run one round of single events and one of batches on a collector with these settings."""
    with collector(run.folder / "data", settings) as (port, _pid):
        found[f"{name}_single"].append(load(run, port, 1, seconds_of(run)))
        found[f"{name}_batch20"].append(load(run, port, 20, seconds_of(run)))


def seconds_of(run: Bench) -> float:
    return max(2.0, min(60.0, run.events / 60_000 / ROUNDS))


def put_load(run: Bench, name: str, loads: list[Load]) -> None:
    is_single = name.endswith("_single")
    unit = "requests/s" if name == "ingest.constant" else "events/s"
    run.put(name, statistics.median(one.rate for one in loads), unit, "ingest.constant" if is_single else None)
    run.put(f"{name}.p50_ms", statistics.median(one.p50_ms for one in loads), "ms")
    run.put(f"{name}.p99_ms", statistics.median(one.p99_ms for one in loads), "ms")


def put_memory(run: Bench) -> None:
    """Send batches for SOAK_S seconds; report the collector's memory at the end, and its growth since halfway."""
    seconds = min(SOAK_S, run.events / 2_000)
    with collector(run.folder / "data", {}) as (port, pid):
        load(run, port, 20, seconds / 2)
        halfway_mb = resident_mb(pid)
        load(run, port, 20, seconds / 2)
        end_mb = resident_mb(pid)
    run.put("ingest.rss_mb", end_mb, "MB")
    run.put("ingest.rss_growth_mb", end_mb - halfway_mb, "MB")


def load(run: Bench, port: int, per_request: int, seconds: float) -> Load:
    """Run wrk once. A response other than 2xx ends the benchmark."""
    body = json.dumps(EVENT if per_request == 1 else [EVENT] * per_request)
    script = run.folder / "post.lua"
    script.write_text(
        'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [==[' + body + "]==]\n"
    )
    url = f"http://127.0.0.1:{port}/clickstream"
    arguments = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--latency", "-s", str(script), url]
    text = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    times = re.search(r"50%\s+([\d.]+)(us|ms|s)\n.*99%\s+([\d.]+)(us|ms|s)", text, re.DOTALL)
    if "Non-2xx" in text or "Socket errors" in text or rate is None or times is None:
        raise SystemExit(text)
    p50, unit50, p99, unit99 = times.groups()
    return Load(per_request * float(rate[1]), float(p50) * _MS[unit50], float(p99) * _MS[unit99])


@contextmanager
def constant() -> Iterator[int]:
    port = 8123
    with running([sys.executable, "-c", CONSTANT.replace("PORT", str(port))], port):
        yield port


@contextmanager
def collector(data: Path, settings: dict[str, str]) -> Iterator[tuple[int, int]]:
    port = 8124
    command = [sys.executable, "-m", "clickstream", "collect", "--data", str(data), "--port", str(port)]
    with running(command, port, settings) as process:
        yield port, process.pid


@contextmanager
def running(command: list[str], port: int, settings: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env={**os.environ, **(settings or {})})
    try:
        wait_for(port, process)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"the server exited with {process.returncode}")
        with suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2).close()
            return
        time.sleep(0.05)
    raise SystemExit("the server did not start within 30 s")


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 2**20


if __name__ == "__main__":
    main()
