"""What `clickstream doctor` found, as values for `--json` and as a screen of 80 columns.

The checks in this package fill one Examination; `render_examination` prints it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clickstream.local.owner.questions import mart_state

_UNITS = ("bytes", "KB", "MB", "GB", "TB")
_GOOD = ("running", "healthy")


class Problem(msgspec.Struct, frozen=True):
    """Three lines: what is wrong, why, what to do. is_warning: nothing fails because of it yet."""

    what: str
    why: str
    advice: str
    is_warning: bool = False


class PartFact(msgspec.Struct, frozen=True):
    """A process of the platform. state: running, healthy, unhealthy, silent or stopped. note: more, for people."""

    name: str
    state: str
    pid: int | None = None
    url: str | None = None
    note: str = ""


class LocationFact(msgspec.Struct, frozen=True):
    """A folder or file on disk. size_bytes and objects: None if counting would take too long."""

    name: str
    path: str
    exists: bool
    is_writable: bool
    size_bytes: int | None = None
    objects: int | None = None
    free_bytes: int | None = None
    file_system: str | None = None


class SpoolFact(msgspec.Struct, frozen=True):
    """Acknowledged events that are not in the raw store yet (CLICKSTREAM_ACK=disk)."""

    path: str
    files: int
    size_bytes: int
    limit_bytes: int
    oldest_age_s: float | None = None


class SettingFact(msgspec.Struct, frozen=True):
    """A setting in effect. source: default, file, environment or --data."""

    name: str
    value: str
    source: str


class LoadingFact(msgspec.Struct, frozen=True):
    """How far loading is. balanced: None if no warehouse exists, or if it could not be read."""

    last_pass_at: str | None = None
    newest_object_at: str | None = None
    accepted: int | None = None
    pending: int | None = None
    balanced: bool | None = None


class MartFact(msgspec.Struct, frozen=True):
    """How far the mart is. next: what the next question does with it first: nothing, update or build."""

    exists: bool
    load_id: int | None
    loads_behind: int
    next: str


class Examination(msgspec.Struct, rename={"locations": "places"}):
    """Everything that was found. is_well: no problems except warnings.

    spool: None if it is neither used nor filled. mart: None if there is no warehouse, or one that could not be read.
    """

    is_well: bool = True
    parts: list[PartFact] = []
    locations: list[LocationFact] = []
    spool: SpoolFact | None = None
    settings: list[SettingFact] = []
    versions: dict[str, str] = {}
    loading: LoadingFact = LoadingFact()
    mart: MartFact | None = None
    problems: list[Problem] = []

    def add_problem(self, what: str, why: str, advice: str, *, is_warning: bool = False) -> None:
        self.problems.append(Problem(what, why, advice, is_warning))
        self.is_well = self.is_well and is_warning


def render_examination(found: Examination, console: Console) -> None:
    """Print everything; the verdict comes last."""
    versions = found.versions
    head = f"clickstream {versions['clickstream']} · Python {versions['python']} · DuckDB {versions['duckdb']}"
    console.print(f"{head} · {versions['system']}", style="dim", markup=False, soft_wrap=True)
    if found.parts:
        _print_table(console, "Parts", [_part_row(part) for part in found.parts])
        locations = [row for location in found.locations for row in _location_rows(location)]
        _print_table(console, "Locations", [*locations, *_spool_rows(found)])
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


def _location_rows(location: LocationFact) -> list[tuple[Text, ...]]:
    facts = []
    if not location.exists:
        facts.append("does not exist yet")
    elif location.size_bytes is not None:
        facts.append(_size(location.size_bytes))
    if location.objects:
        facts.append(f"{location.objects:,} objects")
    facts.append("writable" if location.is_writable else "NOT writable")
    if location.free_bytes is not None:
        facts.append(f"{_size(location.free_bytes)} free")
    if location.file_system is not None:
        facts.append(location.file_system)
    return [(Text(location.name), Text(location.path)), (Text(""), Text(", ".join(facts), style="dim"))]


def _spool_rows(found: Examination) -> list[tuple[Text, ...]]:
    spool = found.spool
    if spool is None:
        return []
    facts = [f"{spool.files:,} file{'' if spool.files == 1 else 's'}"] if spool.files else ["empty"]
    facts.append(f"{_size(spool.size_bytes)} of {_size(spool.limit_bytes)}")
    if spool.oldest_age_s is not None:
        facts.append(f"oldest {spool.oldest_age_s:,.0f} s")
    return [(Text("spool"), Text(spool.path)), (Text(""), Text(", ".join(facts), style="dim"))]


def _print_loading(found: Examination, console: Console) -> None:
    loading = found.loading
    facts = [("last pass", loading.last_pass_at), ("newest object", loading.newest_object_at)]
    if loading.accepted is not None:
        verdict = "balanced" if loading.balanced else "NOT balanced"
        facts.append(("ledger", f"{verdict}: {loading.accepted:,} accepted, {loading.pending or 0:,} pending"))
    if found.mart is not None:
        facts.append(("mart", _mart_state(found.mart)))
    rows = [(Text(name), Text(value)) for name, value in facts if value]
    if rows:
        _print_table(console, "Loading", rows)


def _mart_state(mart: MartFact) -> str:
    if not mart.exists:
        return "does not exist yet; the next question builds it"
    return mart_state(mart.loads_behind, mart.next)


def _print_problems(found: Examination, console: Console) -> None:
    console.print()
    for problem in found.problems:
        word, style = ("warning", "yellow") if problem.is_warning else ("error", "red")
        console.print(Text(word, style=style) + Text(f": {problem.what}", style="default"), soft_wrap=True)
        console.print(f"  {problem.why}", markup=False, soft_wrap=True)
        console.print(f"  {problem.advice}", markup=False, soft_wrap=True)
    counts = Counter("warning" if problem.is_warning else "error" for problem in found.problems)
    verdict = [
        f"{counts[word]} {word}{'s' if counts[word] > 1 else ''}" for word in ("error", "warning") if counts[word]
    ]
    style = "red" if counts["error"] else "yellow" if counts else "green"
    console.print(", ".join(verdict) or "no problems found", style=style)
    if not counts["error"] and all(part.state == "stopped" for part in found.parts):
        console.print("next: clickstream up", markup=False)


def _size(size_bytes: int) -> str:
    size, unit = float(size_bytes), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.1f} {_UNITS[unit]}" if unit else f"{size_bytes} bytes"
