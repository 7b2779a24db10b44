"""Files below `events/` that no load reads: check counts them, doctor names them, as a user sees it."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.platform import Platform

STRAYS = ("events/readme.txt", "events/2026/03/10/09/30/event-a.json")


def test_files_that_no_load_reads_are_counted_and_named(tmp_path: Path) -> None:
    hourly = "events/2026/03/10/09/event-7c9e6679-7425-40de-944b-e07fc1f90ae7.json"
    for key in (hourly, *STRAYS):
        path = tmp_path / "raw" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"eventName": "page_view"}')
    platform = Platform(tmp_path)
    platform.run("etl", "run")
    ledger = platform.json("check")
    assert (ledger["balanced"], ledger["totals"]["loaded"], ledger["other_files"]) == (True, 1, 2)
    assert "which no load reads: 2" in platform.run("check")
    shown = platform.run("doctor")
    assert "files below events/ are not read" in shown
    assert all(key in " ".join(shown.split()) for key in STRAYS)
