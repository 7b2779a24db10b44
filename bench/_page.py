"""Run benchmarks and write their sections of docs/benchmarks.md: `make bench` runs all of them."""

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
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(NAMES)} (default: all)")
    parser.add_argument("--events", type=int, help="events for every benchmark (default: each its own)")
    options = parser.parse_args()
    for name in options.names or NAMES:
        sys.stderr.write(f"== bench/{name}.py\n")
        put_section(name, rows_of(name, options.events))
    sys.stderr.write(f"wrote {PAGE}\n")


def put_section(name: str, rows: list[dict[str, object]]) -> None:
    """Write one benchmark's section of the page; the other sections stay."""
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    sections = {part.split("\n", 1)[0]: part for part in old.split("\n## ")[1:]}
    where = f"{machine()}; {file_system(Path())}; {datetime.now(UTC):%Y-%m-%d}."
    sections[name] = f"{name}\n\n{where}\n\n{table(rows)}"
    parts = [sections[each].strip() for each in NAMES if each in sections]
    PAGE.write_text("\n\n## ".join([INTRODUCTION.strip(), *parts]) + "\n", encoding="utf-8")


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
