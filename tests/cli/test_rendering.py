"""Bad rows and rebuilds on a terminal: text of a sender cannot move the cursor and is never read as markup."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import msgspec
from rich.console import Console

from clickstream.cli.bad_rows import render_bad_list, render_bad_row
from clickstream.cli.loading import render_rebuild
from clickstream.local.owner.loading import BadList, BadRowDetails, RebuildResult

KEY = "events/2026/03/10/batch-x-2.ndjson.gz"
SAME: dict[str, Any] = {
    "applied": False,
    "from": None,
    "objects": 2,
    "lines": 1_000,
    "never_loaded": 0,
    "same": True,
    "moves": [],
    "reasons": [],
    "events": {
        "only_before": 0,
        "only_after": 0,
        "changed": 0,
        "examples_before": [],
        "examples_after": [],
        "kinds": [],
    },
    "tables": [],
}


def printed(render: Callable[[Any, Console], None], value: dict[str, Any], kind: type[msgspec.Struct]) -> str:
    text = io.StringIO()
    render(msgspec.convert(value, kind), Console(file=text, width=100, color_system=None, force_terminal=True))
    return text.getvalue()


def test_bad_list_has_a_bar_for_each_reason_and_the_command_that_shows_a_row() -> None:
    seen = "2026-03-10T11:00:00Z"
    found = {
        "lines": 5,
        "reasons": [
            {"reason": "missing", "lines": 4, "objects": 1, "first_seen": seen, "last_seen": seen},
            {"reason": "invalid_json", "lines": 1, "objects": 1, "first_seen": seen, "last_seen": seen},
        ],
        "newest": [
            {"object": KEY, "line": 2, "reason": "missing", "hour": seen, "begins": None},
            {"object": KEY, "line": 1, "reason": "invalid_json", "hour": seen, "begins": "[red]{torn"},
        ],
    }
    text = printed(render_bad_list, found, BadList)
    assert "2026-03-10 11:00  ████████████████████" in text
    assert f"clickstream bad show {KEY} 2" in text
    assert "[red]{torn" in text
    assert printed(render_bad_list, {"lines": 0, "reasons": [], "newest": []}, BadList) == "no bad rows\n"


def test_a_bad_row_is_shown_with_its_reason_and_a_long_one_is_cut() -> None:
    row = {
        "object": KEY,
        "line": 3,
        "reason": "invalid_json",
        "what_to_do": "Mend it.",
        "hour": "2026-03-10T11:00:00Z",
        "load_id": 7,
        "loaded_at": None,
        "code": None,
        "size_bytes": 5_000,
        "text": "[b]" + "x" * 4_997,
        "original_base64": None,
    }
    text = printed(render_bad_row, row, BadRowDetails)
    assert "reason: invalid_json. Mend it." in text
    assert "[b]xxx" in text
    assert "1,000 more characters" in text
    assert "ends before this line" in printed(render_bad_row, row | {"text": None, "size_bytes": None}, BadRowDetails)


def test_a_rebuild_without_a_difference_takes_one_line() -> None:
    assert (
        printed(render_rebuild, SAME, RebuildResult)
        == "no change: 1,000 lines of 2 objects read again, all numbers are the same\n"
    )


def test_a_rebuild_shows_what_would_change_why_and_how_to_apply_it() -> None:
    moved = {
        "same": False,
        "from": "2026-03-09",
        "never_loaded": 3,
        "moves": [{"figure": "revenue by currency", "of": "EUR", "before": 0, "after": "10.5"}],
        "reasons": [{"what": "currency", "before": ["USD"], "after": "EUR"}],
        "events": {
            "only_before": 0,
            "only_after": 2,
            "examples_before": [],
            "examples_after": ["id1", "id2"],
            "changed": 1,
            "kinds": [
                {
                    "columns": ["page_title"],
                    "events": 1,
                    "example": {
                        "event_id": "id3",
                        "before": {"page_title": "a\x1b[2J[red]"},
                        "after": {"page_title": None},
                    },
                }
            ],
        },
        "tables": [{"table": "sessions", "only_before": 1, "only_after": 2_000}],
    }
    text = printed(render_rebuild, SAME | moved, RebuildResult)
    assert "sessions: 1 rows differ from the 2,000 rows built from the raw store" in text
    assert "1 number would change" in text
    assert "from 2026-03-09 on, older rows kept" in text
    assert "reason: currency was USD, is EUR" in text
    assert "reason: 3 objects of the raw store were never loaded" in text
    assert "2 events would be new, such as id1, id2" in text
    assert "page_title: a\\x1b[2J[red] -> nothing" in text
    assert "clickstream etl run --rebuild --apply" in text
    assert "applied: the rebuilt rows are in place" in printed(
        render_rebuild, SAME | moved | {"applied": True}, RebuildResult
    )
