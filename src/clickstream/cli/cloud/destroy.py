"""The command destroy: shows what will go, asks, saves the data if wanted, removes everything, reports what is left."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from clickstream.cli.cloud.options import STACK, Region, StackName, Yes
from clickstream.cli.options import Json, print_json
from clickstream.cli.terminal import ProgressBar, err, out

if TYPE_CHECKING:
    from clickstream.cloud.destroy.keep import Keeper, Kept
    from clickstream.cloud.destroy.run import Outcome, Plan
    from clickstream.cloud.destroy.scope import Item


def destroy(
    region: Region = None,
    stack: StackName = STACK,
    keep_data: Annotated[
        Path | None,
        typer.Option(
            "--keep-data",
            metavar="DIR",
            file_okay=False,
            help="First save all raw objects and a dump of each database here.",
        ),
    ] = None,
    yes: Yes = False,
    include_bootstrap: Annotated[
        bool,
        typer.Option("--include-bootstrap", help="Also remove what cdk bootstrap made, if no other stack needs it."),
    ] = False,
    json: Json = False,
) -> None:
    """Remove the platform from AWS; exit 0 only if nothing is left. Safe to run twice."""
    from clickstream.cloud.account import aws_errors, open_account
    from clickstream.cloud.destroy.keep import Keeper
    from clickstream.cloud.destroy.run import destroy as run
    from clickstream.cloud.destroy.run import plan

    account = open_account(region)
    with ProgressBar(err, "looking for what is on AWS", "kinds") as progress:
        found = plan(account, stack, progress)
    if not found.is_empty:
        render_plan(found, err, keep_data)
        if not yes:
            _confirm(found)
    keeper = None
    if keep_data is not None and not found.is_empty:
        keeper = Keeper(account, stack, keep_data, time.sleep)
        with aws_errors("saving the data"):
            _keep(keeper)
        if keeper.kept.problems:
            _refuse(keeper.kept, json)
    with ProgressBar(err, "removing", "steps") as progress:
        outcome = run(
            account,
            stack,
            include_bootstrap=include_bootstrap,
            on_quiet=keeper.keep_rest if keeper else bool,
            report=err.print,
            progress=progress,
        )
    if json:
        kept = keeper.kept if keeper else None
        print_json({"is_clean": outcome.is_clean, "deleted": outcome.deleted, "left": outcome.left, "kept": kept})
    else:
        render_outcome(outcome, out)
    sys.exit(0 if outcome.is_clean else 1)


def render_plan(found: Plan, console: Console, keep_data: Path | None) -> None:
    """Print what will be removed, by kind, and what is left alone."""
    console.print(f"This removes the platform from account {found.account} in {found.region}:")
    if found.has_stack:
        console.print(f"  the stack {found.stack}")
    kinds: dict[str, list[str]] = {}
    for each in found.items:
        if not each.note:
            kinds.setdefault(each.kind, []).append(each.title)
    for kind, titles in kinds.items():
        console.print(f"  {len(titles)} x {kind}: {', '.join(titles)}")
    _print_left([each for each in found.items if each.note], console, "left alone")
    if keep_data is None:
        console.print("All events, orders and customers are lost. --keep-data DIR saves them first.")
    else:
        console.print(f"Raw objects and a dump of each database are first saved in {keep_data}.")


def _confirm(found: Plan) -> None:
    """Ask for the stack's name, on the terminal. Raises BadParameter without a terminal; ends if it differs."""
    if not sys.stdin.isatty():
        raise typer.BadParameter("this is not a terminal, so nothing can be confirmed: pass --yes")
    if typer.prompt(f"Type the name of the stack ({found.stack}) to remove it", err=True) != found.stack:
        err.print("the names differ; nothing was changed")
        raise typer.Exit(1)


def _keep(keeper: Keeper) -> None:
    with ProgressBar(err, "dumping the databases") as progress:
        kept = keeper.keep(progress)
    err.print(f"saved {kept.objects:,} objects, {kept.size_bytes:,} bytes and {len(kept.dumps)} dumps in {kept.folder}")


def _refuse(kept: Kept, json: bool) -> None:
    """End the command: the data is not complete, so nothing is removed."""
    if json:
        print_json({"is_clean": False, "deleted": [], "left": [], "kept": kept})
    err.print("the data is not complete, so nothing was removed:")
    for problem in kept.problems:
        err.print(f"  {problem}")
    raise typer.Exit(1)


def render_outcome(outcome: Outcome, console: Console) -> None:
    """Print how many resources went, and each that did not."""
    console.print(f"deleted {len(outcome.deleted):,} resources")
    if outcome.is_clean:
        console.print("nothing is left")
        return
    _print_left(outcome.left, console, "left")
    console.print("correct the reasons, then run clickstream destroy again")


def _print_left(items: Sequence[Item], console: Console, heading: str) -> None:
    if items:
        console.print(f"  {heading}:")
    for each in items:
        console.print(f"    {each.label}: {each.note}")
