"""The commands about the life of data, given an open place: forget, expire, export.

As commands.py does for the others: the owner runs them for whoever asks, or the command itself where the file is free.
The requests are the API's bodies. An exported day is left as a file in the stage, for the command to take away.
"""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from clickstream.errors import WarehouseError
from clickstream.etl import expire as expiry
from clickstream.etl.erasure.forget import Eraser
from clickstream.etl.erasure.person import Kind, Person
from clickstream.etl.export import Extract, Format, days_with_rows, write_day
from clickstream.local.owner.commands import Json, Place
from clickstream.local.spool import count_events
from clickstream.progress import Progress, no_progress


class ForgetRequest(msgspec.Struct, forbid_unknown_fields=True):
    """kind "": finish what was begun, no more. with_clients: a user's events before the first login as well."""

    kind: Kind | None = None
    value: str = ""
    with_clients: bool = True
    dry_run: bool = False


class ExpireRequest(msgspec.Struct, forbid_unknown_fields=True):
    raw_days: int | None = None
    warehouse_days: int | None = None
    dry_run: bool = False


class DaysRequest(msgspec.Struct, forbid_unknown_fields=True):
    table: str
    tz: str


class ExportRequest(msgspec.Struct, forbid_unknown_fields=True):
    table: str
    day: date
    tz: str
    format: Format


def forget(place: Place, asked: ForgetRequest, reached: Progress = no_progress) -> Json:
    """Erase a person or the sample; what went, and what a search finds afterwards.

    What was acknowledged before is in the raw store and loaded by then: a login that came just now says whose client it
    is. A dry run leaves it where it is, and says in `in_spool` how many events wait.
    """
    say = reached
    with closing(place.make_loader(place.warehouse)) as loader:
        eraser = Eraser(loader)
        if asked.kind is None:
            return {"finished": eraser.finish()}
        if not asked.dry_run:
            _drop_left_shadow(place)
            place.drain(partial(say, doing="storing the spool"))
            place.load((), partial(say, doing="loading"), None)
        person = Person(asked.kind, asked.value)
        if asked.kind == "user":
            person = eraser.user(asked.value, with_clients=asked.with_clients)
        if asked.dry_run:
            return asdict(eraser.preview(person, say)) | {"in_spool": count_events(place.drain.folder)}
        return asdict(eraser.forget(person, say))


def expire(place: Place, asked: ExpireRequest, reached: Progress = no_progress) -> Json:
    """Delete what is older than the rules allow; what went."""
    keep = expiry.RetentionConfig(asked.raw_days, asked.warehouse_days)
    say = reached
    with closing(place.make_loader(place.warehouse)) as loader:
        found = expiry.expire(loader, keep, dry_run=asked.dry_run, progress=say)
    plain: Json = msgspec.to_builtins(asdict(found))
    return plain


def export_days(place: Place, asked: DaysRequest) -> Json:
    """First local day with rows and the day after the last one; nulls for an empty table."""
    span: tuple[Any, Any] = days_with_rows(place.warehouse, asked.table, ZoneInfo(asked.tz)) or (None, None)
    return {"from": span[0] and str(span[0]), "to": span[1] and str(span[1])}


def export_day(place: Place, asked: ExportRequest) -> Json:
    """Write a day's file into the stage; where it is, and how many rows it has."""
    wanted = Extract(asked.table, asked.day, ZoneInfo(asked.tz), asked.format)
    path, rows = write_day(place.warehouse, wanted, place.stage)
    return {"file": str(path), "rows": rows}


def _drop_left_shadow(place: Place) -> None:
    """Drop what a killed rebuild left: no search looks there. One that is at work ends by itself, without its rows."""
    with suppress(WarehouseError), place.warehouse.shadow():
        pass
