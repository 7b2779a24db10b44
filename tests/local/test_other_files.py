"""Files below `events/` that no load reads: check counts them, doctor names them, as a user sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

STRAYS = ("events/readme.txt", "events/2026/03/10/09/30/event-a.json")


def run(data: Path, *words: str) -> str:
    command = [sys.executable, "-m", "clickstream", *words, "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def test_files_that_no_load_reads_are_counted_and_named(tmp_path: Path) -> None:
    hourly = "events/2026/03/10/09/event-7c9e6679-7425-40de-944b-e07fc1f90ae7.json"
    for key in (hourly, *STRAYS):
        path = tmp_path / "raw" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"eventName": "page_view"}')
    run(tmp_path, "etl", "run")
    ledger: dict[str, Any] = json.loads(run(tmp_path, "check", "--json"))
    assert (ledger["balanced"], ledger["totals"]["loaded"], ledger["other_files"]) == (True, 1, 2)
    assert "which no load reads: 2" in run(tmp_path, "check")
    shown = run(tmp_path, "doctor")
    assert "files below events/ are not read" in shown
    assert all(key in " ".join(shown.split()) for key in STRAYS)
