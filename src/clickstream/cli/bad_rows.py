"""Commands on bad rows, the lines of raw objects that are not valid events: bad list, bad show, bad replay.

The owner escapes what senders wrote (etl/repair/bad_rows.py); here it is printed as text, never read as markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from clickstream.cli.options import Data, Json, SinceDay, day_of, make_client, print_json
from clickstream.cli.terminal import ProgressBar, err, out

if TYPE_CHECKING:
    from clickstream.local.owner.loading import BadList, BadRowDetails

_BAR_WIDTH = 20
_PREVIEW_WIDTH = 44
_MAX_CHARACTERS = 4_000

bad = typer.Typer(help="List, show and replay lines of raw objects that are not valid events.", no_args_is_help=True)


@bad.command("list")
def bad_list(
    data: Data = None,
    since: SinceDay = None,
    reason: Annotated[str | None, typer.Option(metavar="R", help="Only this reason.")] = None,
    json: Json = False,
) -> None:
    """Count bad rows by reason, and list the newest."""
    from clickstream.local.owner.loading import BadListRequest
    from clickstream.local.owner.registry import BAD_LIST

    found = make_client(data).call(BAD_LIST, BadListRequest(day_of(since), reason))
    if json:
        print_json(found)
    else:
        render_bad_list(found, out)


@bad.command("show")
def bad_show(
    object_: Annotated[str, typer.Argument(metavar="OBJECT", help="Key of the raw object, or its file name.")],
    line: Annotated[int, typer.Argument(min=1, metavar="LINE", help="Line of the object, from 1.")],
    data: Data = None,
    json: Json = False,
) -> None:
    """Show one bad row: its bytes, its reason and what to do."""
    from clickstream.local.owner.loading import BadShowRequest
    from clickstream.local.owner.registry import BAD_SHOW

    row = make_client(data).call(BAD_SHOW, BadShowRequest(object_, line))
    if json:
        print_json(row)
    else:
        render_bad_row(row, out)


@bad.command("replay")
def bad_replay(
    data: Data = None,
    reason: Annotated[str | None, typer.Option(metavar="R", help="Objects with this reason.")] = None,
    object_: Annotated[str | None, typer.Option("--object", metavar="KEY", help="This object.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All objects with bad rows.")] = False,
    json: Json = False,
) -> None:
    """Read bad lines again with the current code, and load those that are valid now. Safe to run twice."""
    from clickstream.etl.repair.replay import ReplayFilter
    from clickstream.local.owner.registry import BAD_REPLAY

    if [reason is not None, object_ is not None, all_].count(True) != 1:
        raise typer.BadParameter("choose one: --reason R, --object KEY or --all")
    with ProgressBar(err, "reading bad lines again") as progress:
        done = make_client(data, progress).call(BAD_REPLAY, ReplayFilter(reason, object_))
    if json:
        print_json(done)
        return
    err.print(f"read {done.lines:,} bad lines of {done.objects:,} objects again")
    err.print(f"{done.loaded:,} are loaded now, {done.still_bad:,} are still bad")
    if done.gone:
        err.print(f"{done.gone:,} objects are no longer in the raw store; their bad rows are unchanged")


def render_bad_list(found: BadList, console: Console) -> None:
    """Print the reasons, most lines first, and the newest rows with the command that shows each."""
    from rich.table import Table
    from rich.text import Text

    from clickstream.report.figures import bar, fit, number

    if not found.lines:
        console.print("no bad rows")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("reason")
    table.add_column("lines", justify="right")
    table.add_column("objects", justify="right")
    table.add_column("last seen (UTC)")
    table.add_column("", style="red", no_wrap=True)
    for row in found.reasons:
        cells = (row.reason, number(row.lines), number(row.objects), _minute(row.last_seen))
        length = bar(row.lines, found.reasons[0].lines, _BAR_WIDTH, console.options.ascii_only)
        table.add_row(*map(Text, cells), length)
    console.print(table)
    console.print(Text("\nThe newest", style="bold"))
    for newest in found.newest:
        begins = "(the object ends before it)" if newest.begins is None else fit(newest.begins, _PREVIEW_WIDTH, console)
        console.print(Text(f"{newest.reason}  {begins}"), soft_wrap=True)
        console.print(Text(f"  clickstream bad show {newest.object} {newest.line}", style="dim"), soft_wrap=True)


def render_bad_row(row: BadRowDetails, console: Console) -> None:
    """Print one bad row: its position, its reason, what to do, and its text."""
    from rich.text import Text

    for line in (
        f"{row.object}, line {row.line}",
        f"reason: {row.reason}. {row.what_to_do}",
        f"hour: {_minute(row.hour)} UTC; load {row.load_id:,} of {row.loaded_at or '?'} by {row.code or '?'}",
    ):
        console.print(Text(line), soft_wrap=True)
    if row.text is None:
        console.print(Text("it has no bytes: the object ends before this line", style="dim"))
        return
    console.print(Text(f"{row.size_bytes:,} bytes, control characters escaped:", style="dim"))
    shown = row.text[:_MAX_CHARACTERS] if console.is_terminal else row.text
    console.print(Text(shown), soft_wrap=True)
    if left := len(row.text) - len(shown):
        console.print(Text(f"… and {left:,} more characters (--json shows all)", style="dim"))


def _minute(instant: str) -> str:
    return instant.replace("T", " ")[:16]
