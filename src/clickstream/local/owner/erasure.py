"""Commands that delete data: forget, its resumption, and expire.

Each is a request type, a result type and a function from (context, request, progress) to the result; registry.py lists
them.
"""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import asdict
from functools import partial

import msgspec

from clickstream.errors import WarehouseBusyError, WarehouseError
from clickstream.etl import expire as expiry
from clickstream.etl.erasure.forget import Eraser
from clickstream.etl.erasure.person import Kind, Person
from clickstream.local.owner.context import Request, WarehouseContext
from clickstream.local.spool import count_events
from clickstream.progress import Progress


class ForgetRequest(Request, frozen=True):
    """with_clients: also erase a user's events from before the first login. dry_run: only count."""

    kind: Kind
    value: str = ""
    with_clients: bool = True
    dry_run: bool = False


class ForgetResult(msgspec.Struct, frozen=True):
    """What was erased, or would be (etl/erasure/forget.py). left: what a final search still finds; None: not erased.

    in_spool: events that a dry run cannot search yet, because they wait in the collector's spool.
    """

    kind: Kind
    clients: list[str]
    lines: int
    objects: int
    rejected: int
    traces: int
    receipts: list[str]
    secret: str
    left: int | None
    in_spool: int | msgspec.UnsetType = msgspec.UNSET


def forget(context: WarehouseContext, request: ForgetRequest, progress: Progress) -> ForgetResult:
    """Erase a person or the sample, then search again.

    The spool is stored and loaded first, so a login that just arrived counts when clients are assigned to the user.
    A dry run leaves the spool as it is.
    """
    with closing(context.make_loader(context.warehouse)) as loader:
        eraser = Eraser(loader)
        if not request.dry_run:
            _drop_abandoned_shadow(context)
            context.drain(partial(progress, doing="storing the spool"))
            context.load((), partial(progress, doing="loading"), None)
        person = Person(request.kind, request.value)
        if request.kind == "user":
            person = eraser.user(request.value, with_clients=request.with_clients)
        if request.dry_run:
            found = asdict(eraser.preview(person, progress)) | {"in_spool": count_events(context.drain.folder)}
        else:
            found = asdict(eraser.forget(person, progress))
            _forget_in_mart(context, progress)
    return msgspec.convert(found, ForgetResult)


class ResumeRequest(Request, frozen=True):
    """Complete erasures that were interrupted."""


class ResumeResult(msgspec.Struct, frozen=True):
    finished: int


def resume(context: WarehouseContext, _request: ResumeRequest, progress: Progress) -> ResumeResult:
    """Complete erasures that were interrupted; count them."""
    with closing(context.make_loader(context.warehouse)) as loader:
        finished = Eraser(loader).finish()
    if finished:
        _forget_in_mart(context, progress)
    return ResumeResult(finished)


class ExpireRequest(Request, frozen=True):
    """raw_days, warehouse_days: whole days to keep besides today; None keeps everything. dry_run: only count."""

    raw_days: int | None = None
    warehouse_days: int | None = None
    dry_run: bool = False


def expire(context: WarehouseContext, request: ExpireRequest, progress: Progress) -> expiry.ExpiryResult:
    """Delete what is older than the days to keep."""
    keep = expiry.RetentionConfig(request.raw_days, request.warehouse_days)
    with closing(context.make_loader(context.warehouse)) as loader:
        return expiry.expire(loader, keep, dry_run=request.dry_run, progress=progress)


def _forget_in_mart(context: WarehouseContext, progress: Progress) -> None:
    """Write the mart again without the person. One that another process holds does it before its next answer."""
    with suppress(WarehouseBusyError):
        context.keeper.refresh(progress)


def _drop_abandoned_shadow(context: WarehouseContext) -> None:
    """Drop the shadow of a killed rebuild, which no search covers. A running rebuild fails without the erased rows."""
    with suppress(WarehouseError), context.warehouse.shadow():
        pass
