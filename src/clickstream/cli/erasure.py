"""Commands that delete data: forget, expire."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from clickstream.cli.options import Data, DryRun, Json, make_client, print_json
from clickstream.cli.terminal import ProgressBar, err, out
from clickstream.settings import read_settings

if TYPE_CHECKING:
    from clickstream.etl.erasure.person import Kind
    from clickstream.etl.expire import ExpiryResult
    from clickstream.local.owner.erasure import ForgetRequest, ForgetResult

MAX_SHOWN = 20


def forget(
    data: Data = None,
    user_id: Annotated[str | None, typer.Option("--user-id", metavar="ID", help="Forget this user.")] = None,
    client_id: Annotated[str | None, typer.Option("--client-id", metavar="ID", help="Forget this client.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Remove the sample.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Complete erasures that were interrupted.")] = False,
    without_clients: Annotated[
        bool, typer.Option("--without-clients", help="Keep the user's events from before the first login.")
    ] = False,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    json: Json = False,
) -> None:
    """Erase a person, or the sample, from raw store and warehouse, and search again; exit 1 if something is left."""
    from clickstream.local.owner.erasure import ForgetRequest

    named = [kind for kind, given in (("user", user_id), ("client", client_id), ("sample", sample)) if given]
    if len(named) + resume != 1:
        raise typer.BadParameter("choose one: --user-id ID, --client-id ID, --sample or --resume")
    if resume:
        _resume(data, json)
        return
    kind: Kind = "user" if user_id else "client" if client_id else "sample"
    value, with_clients = user_id or client_id or "", not without_clients
    if kind != "sample" and not (yes or dry_run):
        render_forgotten(_forget(data, ForgetRequest(kind, value, with_clients, dry_run=True)), err)
        if not sys.stdin.isatty():
            raise typer.BadParameter("without a terminal, --yes is required")
        typer.confirm("erase this permanently?", abort=True, err=True)
    done = _forget(data, ForgetRequest(kind, value, with_clients, dry_run))
    if json:
        print_json(done)
    else:
        render_forgotten(done, out)
    sys.exit(1 if done.left else 0)


def _forget(data: Path | None, request: ForgetRequest) -> ForgetResult:
    from clickstream.local.owner.registry import FORGET

    with ProgressBar(err, "searching") as progress:
        return make_client(data, progress).call(FORGET, request)


def _resume(data: Path | None, json: bool) -> None:
    from clickstream.local.owner.erasure import ResumeRequest
    from clickstream.local.owner.registry import FORGET_RESUME

    with ProgressBar(err, "completing erasures") as progress:
        done = make_client(data, progress).call(FORGET_RESUME, ResumeRequest())
    if json:
        print_json(done)
    else:
        out.print(f"finished {done.finished:,} interrupted erasures")


def expire(data: Data = None, dry_run: DryRun = False, json: Json = False) -> None:
    """Delete data older than CLICKSTREAM_KEEP_RAW_DAYS and CLICKSTREAM_KEEP_WAREHOUSE_DAYS."""
    from clickstream.local.owner.erasure import ExpireRequest
    from clickstream.local.owner.registry import EXPIRE

    settings = read_settings(data)
    with ProgressBar(err, "searching for old data", unit="days") as progress:
        request = ExpireRequest(settings.keep_raw_days, settings.keep_warehouse_days, dry_run)
        found = make_client(data, progress).call(EXPIRE, request)
    if json:
        print_json(found)
    else:
        render_expired(found, out, dry_run=dry_run)


def render_forgotten(done: ForgetResult, console: Console) -> None:
    """Print what was erased, with the numbers of the receipts and the proof; after a dry run, what would be erased."""

    def line(text: str, style: str | None = None) -> None:
        console.print(text, style=style, soft_wrap=True)

    if done.clients:
        names = ", ".join(done.clients[:MAX_SHOWN])
        line(f"including the events of {len(done.clients):,} clients from before the first login: {names}")
    verb = "would erase" if done.left is None else "erased"
    copies = f"{done.rejected:,} copies of rejected input"
    line(f"{verb} {done.lines:,} lines in {done.objects:,} raw objects, {copies}")
    line(f"{verb} the traces of these events in {done.traces:,} rows of the warehouse")
    if done.in_spool:
        line(f"{done.in_spool:,} more events wait in the collector's spool; forget stores and searches them first")
    for number in done.receipts:
        line(f"receipt {number}")
    if done.secret:
        line(f"proof   {done.secret}  (keep it with the request; it links receipt and id, and is not stored)")
    if done.left:
        line(f"Not complete: a search still finds {done.left:,} lines and rows; they may be new: run it again", "red")
    elif done.left == 0:
        line("searched again: nothing is left in the raw store or the warehouse")


def render_expired(found: ExpiryResult, console: Console, *, dry_run: bool) -> None:
    """Print what was deleted by each rule; after a dry run, what would be deleted."""

    def line(text: str) -> None:
        console.print(text, soft_wrap=True)

    verb = "would delete" if dry_run else "deleted"
    if found.raw_before:
        counts = f"{found.raw_days:,} days, {found.raw_objects:,} raw objects"
        line(f"{verb} before {found.raw_before}: {counts}, {found.rejected:,} files of rejected input")
        if found.unloaded:
            days = ", ".join(map(str, found.unloaded[:MAX_SHOWN]))
            line(f"kept, because not everything is loaded: {days}; next: clickstream etl run --reconcile DAY")
    if found.warehouse_before:
        names = ("events", "sessions", "orders", "duplicates", "bad_rows")
        counts = ", ".join(f"{getattr(found, name):,} {name.replace('_', ' ')}" for name in names)
        line(f"{verb} before {found.warehouse_before}: {counts}")
    if not found.raw_before and not found.warehouse_before:
        line("nothing expires: CLICKSTREAM_KEEP_RAW_DAYS and CLICKSTREAM_KEEP_WAREHOUSE_DAYS are not set")
