"""Checks the shop, if there is one: its database, its server, and the events that wait in its outbox."""

from __future__ import annotations

from datetime import datetime, timedelta

from clickstream.errors import ClickstreamError
from clickstream.local.doctor.examination import Examination, PartFact
from clickstream.local.health import is_healthy
from clickstream.local.postgres import find_local, find_shop
from clickstream.local.state_file import is_alive, read_state_file
from clickstream.local.up import UP_FILE, UpState
from clickstream.settings import Settings
from clickstream.shop.database import SHOP, open_shop
from clickstream.warehouse.connections import name_of

DOING = "examining the shop"
LATE = timedelta(minutes=15)
_OUTBOX = b"""
    select count(*), count(*) filter (where last_error is not null), min(created_at), max(last_error)
    from outbox where sent_at is null
"""


def check_shop(found: Examination, settings: Settings, now: datetime) -> None:
    """Add the shop's parts and their problems; nothing if no shop is configured or running."""
    up = read_state_file(settings.data / UP_FILE, UpState)
    if up is not None and up.shop_url and is_alive(up.pid):
        _check_server(found, up.shop_url)
    url = find_shop(settings)
    if url is not None:
        local = find_local(settings.data)
        _check_database(found, url, local.pid if local and local.url == url else None, now)


def _check_server(found: Examination, url: str) -> None:
    responds = is_healthy(f"{url.replace('localhost', '127.0.0.1')}/api/health", timeout_s=5)
    found.parts.append(PartFact("shop", "healthy" if responds else "silent", None, url))
    if not responds:
        why = f"{url}/api/health does not report that it is healthy; a first build takes a few minutes"
        found.add_problem("the shop does not respond", why, "see DATA/logs/shop.log and DATA/logs/web-db.log")


def _check_database(found: Examination, url: str, pid: int | None, now: datetime) -> None:
    try:
        with open_shop(url, DOING, read_only=True) as shop:
            ((waiting, rejected, oldest, error),) = shop.execute(_OUTBOX).fetchall()
    except ClickstreamError as failure:
        found.parts.append(PartFact(SHOP.name, "silent", pid))
        found.add_problem("the shop's database cannot be read", str(failure), failure.advice)
        return
    note = f"events that wait in the outbox: {waiting:,}"
    found.parts.append(PartFact(SHOP.name, "healthy", pid, f"postgresql://{name_of(url)}", note))
    if rejected:
        why = f"events of the outbox that the collector rejected: {rejected:,}, such as: {error}"
        found.add_problem(
            "events of the shop are rejected", why, "correct them in the table outbox; they are sent again"
        )
    elif waiting and now - oldest > LATE:
        why = f"waiting: {waiting:,}, the oldest since {oldest:%Y-%m-%d %H:%M} UTC"
        found.add_problem("the outbox is not sent", why, "run clickstream shop send; see DATA/logs/outbox.log")
