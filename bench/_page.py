"""Run every benchmark and write docs/benchmarks.md: `make bench`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from _measure import file_system, machine

NAMES = ("ingest", "etl", "mart", "query", "viewers", "tracker")
HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
INTRODUCTION = """# Benchmarks

Written by `make bench`. Each file of [bench/](../bench) can also run alone; its first lines describe what it measures.
Machines differ and are shared, so compare ratios rather than values: a ratio relates a value to a limit measured in the
same run.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, help="events for every benchmark (default: each its own)")
    events = parser.parse_args().events
    sections = [INTRODUCTION, f"{machine()}; {file_system(Path())}; {datetime.now(UTC):%Y-%m-%d}.\n"]
    for name in NAMES:
        sys.stderr.write(f"== bench/{name}.py\n")
        sections.append(f"## {name}\n\n" + table(rows_of(name, events)))
    PAGE.write_text("\n".join(sections), encoding="utf-8")
    sys.stderr.write(f"wrote {PAGE}\n")


def rows_of(name: str, events: int | None) -> list[dict[str, object]]:
    """Run one benchmark and return its rows."""
    command = [
        sys.executable,
        str(HERE / f"{name}.py"),
        "--json",
        *([] if events is None else ["--events", str(events)]),
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def table(rows: list[dict[str, object]]) -> str:
    lines = ["| name | value | unit | ratio | by processor time | of |", "| --- | ---: | --- | ---: | ---: | --- |"]
    for row in rows:
        ratio, cpu_ratio, of = (row.get(name, "") for name in ("ratio", "cpu_ratio", "of"))
        lines.append(f"| {row['name']} | {row['value']:,} | {row['unit']} | {ratio} | {cpu_ratio} | {of} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
