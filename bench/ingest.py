"""How fast the collector takes events durably, against a bare answer on the same server and settings.

    ingest.constant        a bare ASGI callable answering 204
    ingest.durable_single  one event a request, answered when it is fsynced
    ingest.durable_batch20 twenty events a request
    ingest.rss_mb          memory of the collector after the load

Load: wrk, 64 connections on one thread, three rounds of each in turn, medians. Needs wrk (apt-get install wrk).
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from _measure import Bench, bench

CONNECTIONS = 64
ROUNDS = 3
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


def main() -> None:
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed: apt-get install wrk")
    with bench(__doc__ or "") as run:
        seconds = max(2.0, min(60.0, run.events / 60_000 / ROUNDS))
        rates: dict[str, list[float]] = {"constant": [], "single": [], "batch20": []}
        rss_mb = 0.0
        for _ in range(ROUNDS):
            with constant() as port:
                rates["constant"].append(load(run, port, 1, seconds))
            with collector(run.folder / "data") as (port, pid):
                rates["single"].append(load(run, port, 1, seconds))
                rates["batch20"].append(20 * load(run, port, 20, seconds))
                rss_mb = max(rss_mb, resident_mb(pid))
        run.put("ingest.constant", statistics.median(rates["constant"]), "requests/s")
        run.put("ingest.durable_single", statistics.median(rates["single"]), "events/s", "ingest.constant")
        run.put("ingest.durable_batch20", statistics.median(rates["batch20"]), "events/s")
        run.put("ingest.rss_mb", rss_mb, "MB")


def load(run: Bench, port: int, per_request: int, seconds: float) -> float:
    """Requests per second that were answered with 2xx; anything else ends the benchmark."""
    body = json.dumps(EVENT if per_request == 1 else [EVENT] * per_request)
    script = run.folder / "post.lua"
    script.write_text(
        'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [==[' + body + "]==]\n"
    )
    url = f"http://127.0.0.1:{port}/clickstream"
    arguments = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "-s", str(script), url]
    text = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise SystemExit(text)
    match = re.search(r"Requests/sec:\s+([\d.]+)", text)
    if match is None:
        raise SystemExit(text)
    return float(match[1])


@contextmanager
def constant() -> Iterator[int]:
    port = 8123
    with running([sys.executable, "-c", CONSTANT.replace("PORT", str(port))], port):
        yield port


@contextmanager
def collector(data: Path) -> Iterator[tuple[int, int]]:
    port = 8124
    command = [sys.executable, "-m", "clickstream", "collect", "--data", str(data), "--port", str(port)]
    with running(command, port) as process:
        yield port, process.pid


@contextmanager
def running(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command)
    try:
        wait_for(port, process)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"the server ended with {process.returncode}")
        with suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2).close()
            return
        time.sleep(0.05)
    raise SystemExit("the server does not answer")


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 2**20


if __name__ == "__main__":
    main()
