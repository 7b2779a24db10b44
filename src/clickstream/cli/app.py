"""The command line: its commands by group, the options before a command, and the guard around all of them.

Results go to stdout, everything else to stderr. Exit codes: 0 success, 1 failure or a check that does not hold,
2 invalid usage. An error takes three lines: what failed, why, what to do (terminal.py). A command imports what it runs
only when it is called, so that the command line starts quickly.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from clickstream import __version__
from clickstream.cli import bad_rows, erasure, export, loading, questions, raw, running, sources, warehouse
from clickstream.cli.cloud.connect import connect
from clickstream.cli.cloud.cost import cost
from clickstream.cli.cloud.deploy import deploy
from clickstream.cli.cloud.destroy import destroy
from clickstream.cli.shop.commands import shop
from clickstream.cli.shop.orders import orders
from clickstream.cli.terminal import err, guarded, out

app = typer.Typer(
    help="Self-hosted clickstream analytics: every event kept, every number explained.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_COMMANDS: tuple[Callable[..., None], ...] = (
    running.up,
    running.collect,
    running.dashboard,
    running.doctor,
    sources.import_,
    sources.simulate,
    questions.report,
    questions.metric,
    questions.query,
    loading.check,
    erasure.forget,
    erasure.expire,
    export.export,
    deploy,
    connect,
    cost,
    destroy,
)
for command in _COMMANDS:
    app.command(command.__name__.rstrip("_"))(command)
app.add_typer(loading.etl, name="etl")
app.add_typer(bad_rows.bad, name="bad")
app.add_typer(raw.raw, name="raw")
app.add_typer(shop, name="shop")
app.add_typer(orders, name="orders")
app.add_typer(warehouse.mart, name="mart")
app.add_typer(warehouse.note, name="note")
app.add_typer(warehouse.warehouse, name="warehouse")

_wants_trace = False


def main() -> None:
    """Run the command line, and exit with its code."""
    sys.exit(guarded(app, err, lambda: _wants_trace))


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        out.print(f"clickstream {__version__}")
        raise typer.Exit


@app.callback()
def _start(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
    trace: Annotated[bool, typer.Option("--trace", help="Show the traceback of a bug in the program.")] = False,
) -> None:
    del version
    global _wants_trace  # noqa: PLW0603 - one process, one command line
    _wants_trace = trace
