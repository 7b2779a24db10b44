"""What `clickstream import` shows at its end."""

from __future__ import annotations

from io import StringIO

import pytest

from clickstream.cli.sources import import_document, render_import
from clickstream.cli.terminal import Terminal
from clickstream.sources.importer import ImportResult, Problem


def shown(result: ImportResult, **figures: int | bool | None) -> list[str]:
    out = StringIO()
    render_import(result, Terminal(file=out, width=40), **figures)  # type: ignore[arg-type]
    return out.getvalue().splitlines()


@pytest.mark.parametrize(
    ("result", "figures", "lines"),
    [
        (ImportResult(3, accepted=3), {}, ["accepted 3 events, rejected 0, skipped 0 rows"]),
        (ImportResult(3, 3), {"new": 3}, ["accepted 3 events (3 of them new), rejected 0, skipped 0 rows"]),
        (
            ImportResult(3, 3),
            {"new": 1},
            [
                "accepted 3 events (1 of them new), rejected 0, skipped 0 rows",
                "the others were imported before and stay as they were; --replace replaces them",
            ],
        ),
        (
            ImportResult(3, 3, left_out=1_000),
            {"new": 3, "erased": 4},
            [
                "erased 4 events of earlier imports of this file",
                "accepted 3 events (3 of them new), rejected 0, skipped 0 rows, left out 1,000 rows",
            ],
        ),
        (
            ImportResult(2, 1, skipped=1, problems=(Problem(2, 'a [bold] "cell"'),)),
            {"dry_run": True},
            ['line 2: a [bold] "cell"', "would send 1 events, rejected 0, skipped 1 rows"],
        ),
    ],
    ids=["counts", "all_new", "known_events", "replaced", "dry_run"],
)
def test_the_summary_shows_every_count(result: ImportResult, figures: dict[str, int | bool], lines: list[str]) -> None:
    assert shown(result, **figures) == lines


def test_the_terminal_shows_ten_problems_and_json_all() -> None:
    result = ImportResult(12, skipped=12, problems=tuple(Problem(line, "bad") for line in range(2, 14)))
    lines = shown(result)
    assert (lines[0], lines[9], lines[10]) == ("line 2: bad", "line 11: bad", "and 2 more problems; --json lists all")
    assert import_document(result, None, None, None)["problems"] == [
        {"line": line, "reason": "bad"} for line in range(2, 14)
    ]
