"""An examination on a terminal of 80 columns: what runs, where, the settings, loading, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clickstream.local.doctor.findings import Examination, PartFact, PlaceFact

_UNITS = ("bytes", "KB", "MB", "GB", "TB")
_GOOD = ("running", "healthy")


def render_examination(found: Examination, console: Console) -> None:
    """Print everything; the verdict comes last, where the eye rests."""
    versions = found.versions
    head = f"clickstream {versions['clickstream']} · Python {versions['python']} · DuckDB {versions['duckdb']}"
    console.print(f"{head} · {versions['system']}", style="dim", markup=False, soft_wrap=True)
    if found.parts:
        _print_table(console, "What runs", [_part_row(part) for part in found.parts])
        _print_table(
            console, "Where", [*(row for place in found.places for row in _place_rows(place)), *_spool_rows(found)]
        )
        _print_loading(found, console)
        rows = [(Text(fact.name), Text(fact.value), Text(fact.source, style="dim")) for fact in found.settings]
        _print_table(console, "Settings", rows)
    _print_problems(found, console)


def _print_table(console: Console, title: str, rows: Sequence[tuple[Text, ...]]) -> None:
    console.print(f"\n{title}", style="bold", markup=False)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(Text("  ") + row[0], *row[1:])
    console.print(table)


def _part_row(part: PartFact) -> tuple[Text, ...]:
    style = "green" if part.state in _GOOD else "dim" if part.state == "stopped" else "red"
    pid = f"process {part.pid}" if part.pid else ""
    return (Text(part.name), Text(part.state, style=style), Text(pid), Text(part.url or part.note))


def _place_rows(place: PlaceFact) -> list[tuple[Text, ...]]:
    facts = []
    if not place.exists:
        facts.append("not there yet")
    elif place.size_bytes is not None:
        facts.append(_size(place.size_bytes))
    if place.objects:
        facts.append(f"{place.objects:,} objects")
    facts.append("writable" if place.is_writable else "NOT writable")
    if place.free_bytes is not None:
        facts.append(f"{_size(place.free_bytes)} free")
    if place.file_system is not None:
        facts.append(place.file_system)
    return [(Text(place.name), Text(place.path)), (Text(""), Text(", ".join(facts), style="dim"))]


def _spool_rows(found: Examination) -> list[tuple[Text, ...]]:
    spool = found.spool
    if spool is None:
        return []
    facts = [f"{spool.files:,} file{'' if spool.files == 1 else 's'}"] if spool.files else ["nothing waits"]
    facts.append(f"{_size(spool.size_bytes)} of {_size(spool.limit_bytes)}")
    if spool.oldest_age_s is not None:
        facts.append(f"the oldest {spool.oldest_age_s:,.0f} s")
    return [(Text("spool"), Text(spool.path)), (Text(""), Text(", ".join(facts), style="dim"))]


def _print_loading(found: Examination, console: Console) -> None:
    loading = found.loading
    facts = [("last pass", loading.last_pass_at), ("newest object", loading.newest_object_at)]
    if loading.accepted is not None:
        verdict = "balanced" if loading.balanced else "NOT balanced"
        facts.append(("ledger", f"{verdict}: {loading.accepted:,} accepted, {loading.pending or 0:,} pending"))
    rows = [(Text(name), Text(value)) for name, value in facts if value]
    if rows:
        _print_table(console, "Loading", rows)


def _print_problems(found: Examination, console: Console) -> None:
    console.print()
    for problem in found.problems:
        word, style = ("warning", "yellow") if problem.is_warning else ("wrong", "red")
        console.print(Text(word, style=style) + Text(f": {problem.what}", style="default"), soft_wrap=True)
        console.print(f"  {problem.why}", markup=False, soft_wrap=True)
        console.print(f"  {problem.advice}", markup=False, soft_wrap=True)
    wrong = sum(not problem.is_warning for problem in found.problems)
    if wrong:
        console.print(f"{wrong} thing{'s' if wrong > 1 else ''} wrong", style="red")
    else:
        console.print("nothing is wrong", style="green")
        if all(part.state == "stopped" for part in found.parts):
            console.print("next: clickstream up", markup=False)


def _size(size_bytes: int) -> str:
    size, unit = float(size_bytes), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.1f} {_UNITS[unit]}" if unit else f"{size_bytes} bytes"
