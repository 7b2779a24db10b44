"""Shows the result of an import, on a terminal or as JSON.

In: an ImportResult. Out: the first problems with their lines and a line of counts; as JSON all problems.
"""

from __future__ import annotations

from typing import Any

import msgspec
from rich.console import Console

from clickstream.sources.importer import ImportResult

SHOWN_PROBLEMS = 10


def render_import(
    result: ImportResult, console: Console, *, dry_run: bool = False, new: int | None = None, erased: int | None = None
) -> None:
    """Print what happened. new: events that the warehouse did not know; None when it cannot tell."""

    def show(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    for problem in result.problems[:SHOWN_PROBLEMS]:
        show(str(problem))
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


def import_document(result: ImportResult, new: int | None, erased: int | None, first: bytes | None) -> dict[str, Any]:
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
