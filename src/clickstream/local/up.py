"""`clickstream up`: the whole platform from one command, until Ctrl-C.

Starts the collector and the owner under the supervisor, waits until both are healthy and prints their URLs. An empty
platform then receives the sample of real clicks through the collector, as any other events would arrive. The shop
starts beside them and reports its URL when it is ready; nothing waits for it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType

import msgspec
from rich.console import Console

from clickstream.delivery import Delivery
from clickstream.errors import ClickstreamError, UnavailableError
from clickstream.local.health import is_healthy
from clickstream.local.owner.file import open_warehouse
from clickstream.local.owner.process import DASHBOARD
from clickstream.local.part import Part, Report
from clickstream.local.shop.config import ShopConfig
from clickstream.local.shop.parts import MakePart, shop_parts, usable, with_origin
from clickstream.local.state_file import state_file
from clickstream.local.supervisor import Supervisor, check_ports, stop_signals
from clickstream.raw.store import open_store
from clickstream.settings import Settings
from clickstream.sources import sample as samples
from clickstream.sources.progress import progress_bar

START_TIMEOUT_S = 90.0
UP_FILE = "up.json"


class UpState(msgspec.Struct, frozen=True):
    """DATA/up.json: the process that supervises the parts on this data directory, and their URLs."""

    pid: int
    collector_url: str
    dashboard_url: str
    shop_url: str = ""


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


def up(
    settings: Settings, *, sample: bool, console: Console, ports: Ports | None = None, shop: ShopConfig | None = None
) -> int:
    """Run the platform until a signal (return 0) or until a part is given up (return 1).

    sample: load the sample if `sample_start` permits it. shop: start it too.
    Raises WarehouseBusyError if the platform already runs on this data, UnavailableError if a port is in use.
    """
    ports = ports or Ports()
    report = _printer(console)
    first_row = sample_start(settings)  # raises if another process has opened the warehouse
    core = parts(settings, ports, shop)
    check_ports(core)
    extra = usable(shop_parts(settings, shop, ports.collector_url, _maker(settings)), report) if shop else ()
    shop_url = shop.origin if shop and extra else ""
    state = UpState(os.getpid(), ports.collector_url, ports.dashboard_url, shop_url)
    try:
        with (
            stop_signals(),
            Supervisor([*core, *extra], settings.data / "logs", report) as supervisor,
            state_file(settings.data / UP_FILE, state),
        ):
            if _wait_until_healthy(supervisor, ports):
                _print_urls(report, settings, ports, shop_url)
                if sample and first_row is not None:
                    _load_sample(settings, ports, first_row, console)
                report("next: clickstream report (in another terminal) · Ctrl-C stops everything")
            report(supervisor.wait())
            return 1
    except KeyboardInterrupt:
        report("stopped")
        return 0


def parts(settings: Settings, ports: Ports, shop: ShopConfig | None = None) -> Sequence[Part]:
    """Return the parts that always run, in the order of their start. Their environment contains the data directory.

    shop: one whose pages send events to this collector.
    """
    make = _maker(settings)
    origins = with_origin(settings, shop.origin) if shop else {}
    return [
        make("collector", "collect", "--port", str(ports.collector), port=ports.collector, environment=origins),
        make("owner", "dashboard", "--port", str(ports.dashboard), port=ports.dashboard),
    ]


def _maker(settings: Settings) -> MakePart:
    data = {"CLICKSTREAM_DATA": str(settings.data.resolve())}
    module = (sys.executable, "-m", "clickstream.local.lifeline", "clickstream", "--trace")

    def make(
        name: str, *words: str, port: int | None = None, environment: Mapping[str, str] = MappingProxyType({})
    ) -> Part:
        return Part(name, (*module, *words), port, {**data, **environment}, is_optional=words[0] == "shop")

    return make


def sample_start(settings: Settings) -> int | None:
    """Return the row of the sample to start at; None if the sample must not be loaded.

    It is loaded only if raw store and warehouse are at their default locations, and either both are empty or
    an earlier import of the sample is unfinished. Raises WarehouseBusyError if another process holds the warehouse.
    """
    store = open_store(settings)
    with open_warehouse(settings) as warehouse:
        is_empty = not warehouse.fetch("select 1 from raw_objects limit 1").rows
    if not settings.has_default_locations:
        return None
    if is_empty and not any(True for day in store.days() for _ in store.file_names(day)):
        return 0
    state = samples.read_state(settings.data)
    return None if state is None or state.done or state.source != samples.NAME else state.rows


def _wait_until_healthy(supervisor: Supervisor, ports: Ports) -> bool:
    """Return True when both parts respond, False if one is given up first."""
    waiting = {"collector": ports.collector_url, "owner": ports.dashboard_url}
    deadline = time.monotonic() + START_TIMEOUT_S
    while waiting and supervisor.given_up is None:
        waiting = {name: url for name, url in waiting.items() if not is_healthy(f"{url}/health")}
        if waiting and time.monotonic() > deadline:
            names = " and ".join(waiting)
            raise UnavailableError("starting the platform", f"no response from {names}", "see the logs in DATA/logs")
        time.sleep(0.1)
    return not waiting


def _print_urls(report: Report, settings: Settings, ports: Ports, shop_url: str) -> None:
    report("clickstream is up")
    report(f"  dashboard  {ports.dashboard_url}{DASHBOARD}")
    report(f"  collector  {ports.collector_url}/clickstream")
    if shop_url:
        report(f"  shop       {shop_url} (starting; a first build takes a few minutes)")
    report(f"  data       {settings.data}")


def _load_sample(settings: Settings, ports: Ports, first_row: int, console: Console) -> None:
    """Load the sample. If that fails, the platform keeps running and the next start resumes the import."""
    report = _printer(console)
    report(f"loading the sample: {samples.EVENTS:,} real clicks of a shop in 2008 (--no-sample skips it)")
    try:
        with Delivery(ports.collector_url) as delivery, progress_bar(console, "sample") as progress:
            result = samples.import_sample(settings.data, delivery, start_row=first_row, progress=progress)
    except ClickstreamError as error:
        report(f"the sample is incomplete: {error}")
        report("the next clickstream up resumes the import")
    else:
        report(f"loaded {result.accepted:,} events, marked as sample; hidden from metrics as soon as you send your own")


def _printer(console: Console) -> Report:
    def report(text: str) -> None:
        with suppress(SystemExit, OSError):  # the platform keeps running when its terminal is closed
            console.print(text, markup=False, highlight=False, soft_wrap=True)

    return report
