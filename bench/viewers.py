"""Twenty viewers of the dashboard at once: how long a change of filters takes until the last figure arrives.

    dashboard.viewers20.p95_ms   from the change to the last figure of the page, over all changes of all viewers
    dashboard.viewers20.cpu      processors that the serving process keeps busy meanwhile
    dashboard.viewers20.rss_mb   memory of the serving process afterwards

Each viewer is a WebSocket that behaves as the page in a browser does. It opens one of the pages, and changes the
filters every 5 seconds, among ten, for a minute. Over 90 days of events (default 5 million, set by --events), loaded by
the real ETL, 30 of which are shown. The first change of each viewer is not counted: it fills the cache.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from urllib.request import urlopen

from websockets.asyncio.client import ClientConnection, connect

from _generator import START
from _measure import Bench, bench, percentile
from _warehouse import in_child, make_warehouse
from ingest import resident_mb, running
from query import DAYS, FIRST, PORT, RANGE_DAYS, build_mart

VIEWERS, CHANGES, INTERVAL_S, FIRST_WAIT_S = 20, 12, 5.0, 30.0
PAGES = ("overview", "overview", "acquisition", "products")
FILTERS = (
    "",
    "device_type=mobile",
    "device_type=desktop",
    "channel=paid_search",
    "channel=organic_search",
    "channel=direct",
    "country=DE",
    "browser=Chrome",
    "login_state=anonymous",
    "humans=true",
)
_ELEMENT = re.compile(r"<div [^>]*>")
_ID = re.compile(r'\bid="([^"]+)"')
_OUTPUT = re.compile(r'\bclass="(?:shiny-html-output|echart)\b')


@dataclass
class Viewer:
    """One browser. delay_s: before its first change. times_s: from each change to the last figure that it brought."""

    base: str
    page: str
    choice: Random
    delay_s: float
    times_s: list[float] = field(default_factory=list)

    async def run(self, outputs: Sequence[str]) -> None:
        hidden = {f".clientdata_output_{name}_hidden": not self._shows(name) for name in outputs}
        async with connect(f"ws{self.base.removeprefix('http')}websocket/", max_size=None) as socket:
            await socket.send(
                json.dumps({"method": "init", "data": {**hidden, ".clientdata_url_search": self._address()}})
            )
            await self._last_figure(socket, FIRST_WAIT_S)
            await asyncio.sleep(self.delay_s)
            for number in range(CHANGES):
                changed = {".clientdata_url_search": self._address()}
                await socket.send(json.dumps({"method": "update", "data": changed}))
                took_s = await self._last_figure(socket, INTERVAL_S)
                if number and took_s is not None:
                    self.times_s.append(took_s)

    def _shows(self, output: str) -> bool:
        """Whether an output stands on the open page, or in the frame around the pages."""
        module, _, rest = output.partition("-")
        return not rest or module == self.page

    def _address(self) -> str:
        days = f"from={FIRST.date()}&to={FIRST.date().fromordinal(FIRST.toordinal() + RANGE_DAYS)}"
        return f"?page={self.page}&{days}&{self.choice.choice(FILTERS)}"

    async def _last_figure(self, socket: ClientConnection, wait_s: float) -> float | None:
        """Read for `wait_s` seconds; return when the last figures arrived. None: the page had them already."""
        start = time.perf_counter()
        last_s = None
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                async for message in socket:
                    if any(name.startswith(f"{self.page}-") for name in json.loads(message).get("values", {})):
                        last_s = time.perf_counter() - start
        return last_s


def find_outputs(base: str) -> list[str]:
    """Return the names of all outputs of the document."""
    with urlopen(base, timeout=30) as response:
        html = response.read().decode()
    elements = [element for element in _ELEMENT.findall(html) if _OUTPUT.search(element)]
    return [name for element in elements for name in _ID.findall(element)]


async def look(base: str, outputs: Sequence[str]) -> list[float]:
    """Run all viewers at once; return how long their changes took."""
    viewers = [
        Viewer(base, PAGES[number % len(PAGES)], Random(number), INTERVAL_S * number / VIEWERS)
        for number in range(VIEWERS)
    ]
    await asyncio.gather(*(viewer.run(outputs) for viewer in viewers))
    return [took_s for viewer in viewers for took_s in viewer.times_s]


def measure(run: Bench, data: Path) -> None:
    """Serve `data` and print the figures."""
    command = [sys.executable, "-m", "clickstream", "dashboard", "--data", str(data), "--port", str(PORT)]
    with running(command, PORT) as process:
        before_s, start = cpu_s(process.pid), time.perf_counter()
        base = f"http://127.0.0.1:{PORT}/sbw_dashboard/"
        times_s = asyncio.run(look(base, find_outputs(base)))
        busy = (cpu_s(process.pid) - before_s) / (time.perf_counter() - start)
        run.log(f"{len(times_s)} changes of filters")
        run.put("dashboard.viewers20.p95_ms", percentile(times_s, 0.95) * 1000, "ms")
        run.put("dashboard.viewers20.cpu", busy, "cores")
        run.put("dashboard.viewers20.rss_mb", resident_mb(process.pid), "MB")


def cpu_s(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def main() -> None:
    with bench(__doc__ or "", events=5_000_000) as run:
        run.log(f"loading {run.events:,} events over {DAYS} days from {START.date()}")
        in_child(make_warehouse, run.folder, run.events, DAYS)
        in_child(build_mart, run.folder)
        measure(run, run.folder)


if __name__ == "__main__":
    main()
