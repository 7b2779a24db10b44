"""Checks loading: the last pass, pending events, the balance of the ledger, the mart, unfinished erasures, the clock.

In: settings and a client. A warehouse that does not exist yet is not created.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from clickstream.errors import ClickstreamError, StoreError
from clickstream.etl.erasure.raw_store import open_receipts
from clickstream.etl.ledger import DEFAULT_DAYS
from clickstream.local.doctor.examination import Examination, LoadingFact, MartFact
from clickstream.local.owner.client import Client, fetch_status
from clickstream.local.owner.file import find_owner
from clickstream.local.owner.questions import CheckRequest, MartStatusRequest, QueryRequest
from clickstream.local.owner.registry import CHECK, MART_STATUS, QUERY
from clickstream.pace import LONGEST_SILENCE
from clickstream.raw.listing import objects_of, other_keys
from clickstream.raw.store import open_store
from clickstream.settings import Settings

SHOWN_FILES = 3
OLD_PASS = timedelta(minutes=5)
WRONG_CLOCK = timedelta(minutes=5)


def check_loading(found: Examination, settings: Settings, client: Client, now: datetime) -> None:
    """Add how far loading is, and a problem for each thing that does not add up."""
    newest = _newest_object(found, settings)
    if newest is not None and newest > now + WRONG_CLOCK:
        why = f"the newest raw object is dated {newest:%Y-%m-%d %H:%M} UTC, the clock shows {now:%Y-%m-%d %H:%M} UTC"
        found.add_problem("the clock is or was wrong", why, "set the clock (timedatectl shows its state)")
    newest_at = f"{newest:%Y-%m-%dT%H:%M:%SZ}" if newest else None
    if settings.is_embedded and not settings.warehouse_path.exists():
        found.loading = LoadingFact(newest_object_at=newest_at)
        if newest is not None:
            why = f"the warehouse does not exist yet: {settings.warehouse_path}"
            found.add_problem("no events are loaded", why, "run clickstream etl run or clickstream up", is_warning=True)
        return
    _check_erasures(found, settings)
    try:
        ledger = client.call(CHECK, CheckRequest(with_mart=False))
        (row,) = client.call(QUERY, QueryRequest("select max(started_at) from passes")).rows
    except ClickstreamError as error:
        found.loading = LoadingFact(newest_object_at=newest_at)
        found.add_problem(error.doing, error.why, error.advice)
        return
    last = datetime.fromisoformat(row[0]) if row[0] is not None else None
    totals = ledger.totals
    last_at = f"{last:%Y-%m-%dT%H:%M:%SZ}" if last else None
    found.loading = LoadingFact(last_at, newest_at, totals["accepted"], totals["pending"], ledger.balanced)
    if not ledger.balanced:
        why = f"{abs(totals['balance']):,} lines unaccounted for, {len(ledger.overdue):,} objects overdue"
        if ledger.repeated:
            why += f", {ledger.repeated:,} surplus rows"
        found.add_problem("the ledger does not balance", why, "run clickstream check to see which hour")
    _check_last_pass(found, settings, last, now)
    _check_mart(found, client)
    if ledger.other_files:
        _name_other_files(found, settings, ledger.other_files)


def _check_mart(found: Examination, client: Client) -> None:
    try:
        mart = client.call(MART_STATUS, MartStatusRequest())
    except ClickstreamError as error:
        found.add_problem(error.doing, error.why, error.advice)
        return
    found.mart = MartFact(mart.size_bytes > 0, mart.load_id, mart.loads_behind, mart.next)
    if mart.failure:
        what, advice = "the mart is not kept up to date", "see DATA/logs/owner.log; run clickstream mart build"
        found.add_problem(what, mart.failure, advice)


def _name_other_files(found: Examination, settings: Settings, count: int) -> None:
    store = open_store(settings)
    try:
        names = list(islice(other_keys(store, store.days()[-DEFAULT_DAYS:]), SHOWN_FILES))
    except StoreError as error:
        found.add_problem(error.doing, error.why, error.advice)
        return
    why = f"{count:,} files, such as {', '.join(names)}"
    advice = "objects are named event-ID.json or batch-ID-COUNT.ndjson.gz, in the folder of a day or of an hour"
    found.add_problem("files below events/ are not read", why, advice, is_warning=True)


def _check_last_pass(found: Examination, settings: Settings, last: datetime | None, now: datetime) -> None:
    ago = f"the last pass began {_minutes(now - last)} ago" if last else "no pass has completed yet"
    if last is not None and now - last < OLD_PASS:
        return
    owner = find_owner(settings)
    status = fetch_status(owner) if owner else None
    if status is not None and status.etl.get("reads_only"):
        if last is None or now - last > LONGEST_SILENCE:
            advice = "see the log of the process that loads this warehouse"
            found.add_problem("the warehouse is not being loaded", ago, advice)
    elif owner is not None:
        found.add_problem("the owner does not load events", ago, "see DATA/logs/owner.log; restart clickstream up")
    elif found.loading.pending:
        what = f"events waiting to be loaded: {found.loading.pending:,}"
        found.add_problem(what, ago, "run clickstream etl run or clickstream up", is_warning=True)


def _check_erasures(found: Examination, settings: Settings) -> None:
    try:
        receipts = open_receipts(open_store(settings))
    except StoreError as error:
        found.add_problem(error.doing, error.why, error.advice)
        return
    if receipts:
        why = f"{len(receipts)} unfinished, the first begun at {receipts[0].begun_at:%Y-%m-%d %H:%M} UTC"
        found.add_problem("an erasure is not finished", why, "run clickstream forget --resume")


def _newest_object(found: Examination, settings: Settings) -> datetime | None:
    """Return the time in the newest object name of the last day that has objects."""
    store = open_store(settings)
    try:
        for day in reversed(store.days()):
            newest = max((raw.instant for raw in objects_of(store, day) if raw.instant is not None), default=None)
            if newest is not None:
                return newest
    except StoreError as error:
        found.add_problem(error.doing, error.why, error.advice)
    return None


def _minutes(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes:,} min" if minutes < 120 else f"{minutes // 60:,} h"
