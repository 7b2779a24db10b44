"""What runs: the supervisor of `clickstream up`, the collector, the owner; and who stands in their way."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from clickstream.local.doctor.findings import Examination, PartFact
from clickstream.local.doctor.ports import Listener, listener_of, parent_of
from clickstream.local.owner.client import fetch_status
from clickstream.local.owner.file import find_owner, read_owner
from clickstream.local.state_file import is_alive, read_state_file
from clickstream.local.up import NAME as UP_FILE
from clickstream.local.up import Ports, Up
from clickstream.settings import Settings


def look_at_parts(found: Examination, settings: Settings, ports: Ports) -> None:
    """Note the three processes; blame what does not answer, and programs on ports that we need."""
    up = read_state_file(settings.data / UP_FILE, Up)
    if up is not None and not is_alive(up.pid):
        up = None
    if up is not None:
        ports = Ports(_port(up.collector_url), _port(up.dashboard_url))
        found.parts.append(PartFact("supervisor", "running", up.pid, None, "clickstream up"))
    else:
        found.parts.append(PartFact("supervisor", "stopped"))
    _look_at_collector(found, ports.collector, up)
    _look_at_owner(found, settings, ports.dashboard, up)


def _look_at_collector(found: Examination, port: int, up: Up | None) -> None:
    url, listener = f"http://127.0.0.1:{port}", listener_of(port)
    if listener is None:
        found.parts.append(PartFact("collector", "stopped"))
        if up is not None:
            why = f"nothing listens on port {port}, although clickstream up (process {up.pid}) runs"
            found.blame("the collector does not run", why, "it is started again by itself; see DATA/logs/collector.log")
    elif listener.is_healthy and _is_collector(listener):
        is_ours = up is not None and listener.pid is not None and parent_of(listener.pid) == up.pid
        note = "" if is_ours else "started by itself: it may store elsewhere"
        found.parts.append(PartFact("collector", "healthy", listener.pid, url, note))
    elif _is_collector(listener) and listener.pid is not None:
        found.parts.append(PartFact("collector", "unhealthy", listener.pid, url))
        why = f"process {listener.pid} listens on port {port} and says that it cannot store"
        found.blame("the collector takes no events", why, "look at the raw store's disk, and DATA/logs/collector.log")
    else:
        found.parts.append(PartFact("collector", "stopped"))
        _blame_port(found, port, listener, "collector", "--collector-port")


def _look_at_owner(found: Examination, settings: Settings, port: int, up: Up | None) -> None:
    owner = find_owner(settings)
    status = fetch_status(owner) if owner else None
    if owner and status is not None:
        note = f"{status.etl.get('passes', 0):,} passes, {status.events:,} events"
        found.parts.append(PartFact("owner", "healthy", owner.pid, owner.url, note))
        _look_at_loader(found, status.etl)
        return
    found.parts.append(PartFact("owner", "silent" if owner else "stopped", owner.pid if owner else None))
    if owner:
        why = f"owner.json names process {owner.pid}, which does not answer at {owner.url}"
        advice = "see DATA/logs/owner.log; if that process is something else, remove DATA/owner.json"
        found.blame("the owner does not answer", why, advice)
    elif stale := read_owner(settings):
        why = f"process {stale.pid} is gone; it was killed, or the machine stopped"
        advice = "nothing is lost; the next clickstream up replaces it"
        found.blame("owner.json is stale", why, advice)
    elif up is not None:
        why = f"clickstream up (process {up.pid}) runs without it"
        found.blame("the owner does not run", why, "it is started again by itself; see DATA/logs/owner.log")
    if owner is None and (listener := listener_of(port)):
        _blame_port(found, port, listener, "owner", "--dashboard-port")


def _look_at_loader(found: Examination, etl: dict[str, Any]) -> None:
    if etl.get("trouble"):
        advice = "mend the cause, loading goes on by itself; see DATA/logs/owner.log"
        found.blame("loading fails", f"{etl['trouble']} ({etl['failures']:,} times)", advice)


def _blame_port(found: Examination, port: int, listener: Listener, part: str, option: str) -> None:
    what = f"port {port} is held by {listener}"
    found.blame(what, f"the {part} needs it", f"stop that program, or clickstream up {option} N")


def _is_collector(listener: Listener) -> bool:
    """By its command, where the system tells it; else by its answer."""
    if listener.pid is None or listener.command == "?":
        return listener.is_healthy
    words = listener.command.split()
    return words[:1] == ["clickstream"] and "collect" in words


def _port(url: str) -> int:
    return urlsplit(url).port or 80
