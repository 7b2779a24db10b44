"""`clickstream up`: the whole platform from one command, until Ctrl-C.

Starts the collector and the owner under the supervisor, waits until both are healthy, says where they are,
and fills an empty platform with the sample of real clicks, through the collector like any other events.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec
import urllib3
from rich.console import Console
from urllib3.exceptions import HTTPError

from clickstream.errors import ClickstreamError, UnavailableError
from clickstream.local.owner.file import open_warehouse
from clickstream.local.owner.process import DASHBOARD
from clickstream.local.part import Part
from clickstream.local.state_file import state_file
from clickstream.local.supervisor import Supervisor, stop_signals
from clickstream.raw.store import open_store
from clickstream.settings import Settings
from clickstream.sources import sample as samples
from clickstream.sources.delivery import Delivery
from clickstream.sources.progress import progress_bar

START_TIMEOUT_S = 90.0
NAME = "up.json"


class Up(msgspec.Struct, frozen=True):
    """DATA/up.json: which process supervises the parts of this data folder, and where they are."""

    pid: int
    collector_url: str
    dashboard_url: str


@dataclass(frozen=True, slots=True)
class Ports:
    collector: int = 8000
    dashboard: int = 3838

    @property
    def collector_url(self) -> str:
        return f"http://127.0.0.1:{self.collector}"

    @property
    def dashboard_url(self) -> str:
        return f"http://127.0.0.1:{self.dashboard}"


def up(settings: Settings, *, sample: bool, shop: bool, console: Console, ports: Ports | None = None) -> int:
    """Run the platform until a signal (0) or until a part does not stay up (1).

    sample: load the sample where sample_start allows it. shop: start the shop too, once there is one.
    Raises WarehouseBusyError when the platform already runs on this data, UnavailableError when a port is taken.
    """
    del shop  # there is none to start yet
    ports = ports or Ports()
    say = _sayer(console)
    first_row = sample_start(settings)  # also refuses when another owner holds the warehouse
    try:
        with (
            stop_signals(),
            Supervisor(parts(settings, ports), settings.data / "logs", say) as supervisor,
            state_file(settings.data / NAME, Up(os.getpid(), ports.collector_url, ports.dashboard_url)),
        ):
            if _wait_until_healthy(supervisor, ports):
                _welcome(say, settings, ports)
                if sample and first_row is not None:
                    _load_sample(settings, ports, first_row, console)
                say("next: clickstream report (in another terminal) · Ctrl-C stops everything")
            say(supervisor.wait())
            return 1
    except KeyboardInterrupt:
        say("stopped")
        return 0


def parts(settings: Settings, ports: Ports) -> Sequence[Part]:
    """The parts, in the order of their starting. The chosen data folder reaches them by their environment."""
    environment = {"CLICKSTREAM_DATA": str(settings.data.resolve())}

    def part(name: str, command: str, port: int) -> Part:
        module = (sys.executable, "-m", "clickstream.local.lifeline", "clickstream")
        return Part(name, (*module, "--trace", command, "--port", str(port)), port, environment)

    return [part("collector", "collect", ports.collector), part("owner", "dashboard", ports.dashboard)]


def sample_start(settings: Settings) -> int | None:
    """From which row of the sample to go on; None when it must not be loaded.

    Only where both places are the defaults, and both are empty or an import of the sample is unfinished.
    Raises WarehouseBusyError when another process holds the warehouse.
    """
    store = open_store(settings)
    with open_warehouse(settings) as warehouse:
        is_empty = not warehouse.fetch("select 1 from raw_objects limit 1").rows
    if not settings.has_default_places:
        return None
    if is_empty and not any(True for day in store.days() for _ in store.file_names(day)):
        return 0
    state = samples.read_state(settings.data)
    return None if state is None or state.done or state.source != samples.NAME else state.rows


def _wait_until_healthy(supervisor: Supervisor, ports: Ports) -> bool:
    """True when both parts answer; False when one was given up before that."""
    waiting = {"collector": ports.collector_url, "owner": ports.dashboard_url}
    deadline = time.monotonic() + START_TIMEOUT_S
    while waiting and supervisor.given_up is None:
        waiting = {name: url for name, url in waiting.items() if not _is_healthy(url)}
        if waiting and time.monotonic() > deadline:
            names = " and ".join(waiting)
            raise UnavailableError("starting the platform", f"no answer from {names}", "see the logs in DATA/logs")
        time.sleep(0.1)
    return not waiting


def _is_healthy(url: str) -> bool:
    try:
        with urllib3.PoolManager(retries=False, timeout=2) as pool:
            return pool.request("GET", f"{url}/health").status == 200
    except HTTPError:
        return False


def _welcome(say: Callable[[str], None], settings: Settings, ports: Ports) -> None:
    say("clickstream is up")
    say(f"  dashboard  {ports.dashboard_url}{DASHBOARD}")
    say(f"  collector  {ports.collector_url}/clickstream")
    say(f"  data       {settings.data}")


def _load_sample(settings: Settings, ports: Ports, first_row: int, console: Console) -> None:
    """Load the sample. When that fails the platform goes on without; the next start goes on with it."""
    say = _sayer(console)
    say(f"loading the sample: {samples.EVENTS:,} real clicks of a shop in 2008 (--no-sample leaves it out)")
    try:
        with Delivery(ports.collector_url) as delivery, progress_bar(console, "sample") as show:
            result = samples.import_sample(settings.data, delivery, start_row=first_row, on_batch=show)
    except ClickstreamError as error:
        say(f"the sample is not complete: {error}")
        say("the next clickstream up goes on with it")
    else:
        say(f"loaded {result.accepted:,} events, marked as sample; they step aside for your own")


def _sayer(console: Console) -> Callable[[str], None]:
    def say(text: str) -> None:
        with suppress(SystemExit, OSError):  # when nobody reads any more, the platform goes on in silence
            console.print(text, markup=False, highlight=False, soft_wrap=True)

    return say
