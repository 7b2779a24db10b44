"""The result of an import, on a terminal and as JSON.

In: an ImportResult's figures. Out: the first problems with their lines, and one line of counts; or all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from rich.console import Console

SHOWN_PROBLEMS = 10


class Problem(Protocol):
    @property
    def line(self) -> int: ...

    @property
    def reason(self) -> str: ...


class Result(Protocol):
    """The figures of sources.importer.ImportResult."""

    @property
    def accepted(self) -> int: ...

    @property
    def rejected(self) -> int: ...

    @property
    def skipped(self) -> int: ...

    @property
    def left_out(self) -> int: ...

    @property
    def problems(self) -> Sequence[Problem]: ...


def render_import(
    result: Result, console: Console, *, dry_run: bool = False, new: int | None = None, erased: int | None = None
) -> None:
    """Print what happened. new: events that the warehouse did not know; None when it cannot tell."""

    def show(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    for problem in result.problems[:SHOWN_PROBLEMS]:
        show(f"line {problem.line}: {problem.reason}")
    if (more := len(result.problems) - SHOWN_PROBLEMS) > 0:
        show(f"and {more:,} more problems; --json lists all")
    if erased is not None:
        show(f"erased {erased:,} events of earlier imports of this file")
    parts = [f"{'would send' if dry_run else 'accepted'} {result.accepted:,} events"]
    if new is not None:
        parts[0] += f" ({new:,} of them new)"
    parts += [f"rejected {result.rejected:,}", f"skipped {result.skipped:,} rows"]
    if result.left_out:
        parts.append(f"left out {result.left_out:,} rows")
    show(", ".join(parts))
    if new is not None and new < result.accepted and erased is None:
        show("the others were imported before and stay as they were; --replace replaces them")


def import_document(result: Result, new: int | None, erased: int | None, first: bytes | None) -> dict[str, Any]:
    """Return the document of `--json`. first: the first event of a dry run."""
    return {
        "accepted": result.accepted,
        "new": new,
        "rejected": result.rejected,
        "skipped": result.skipped,
        "left_out": result.left_out,
        "erased": erased,
        "problems": [{"line": problem.line, "reason": problem.reason} for problem in result.problems],
        "first_event": msgspec.json.decode(first) if first else None,
    }
