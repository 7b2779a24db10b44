"""The documentation names everything that the code offers, and its links work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import typer

from clickstream.cli.app import app
from clickstream.metrics.catalog import METRICS
from clickstream.settings import PREFIX, Settings
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.house.test_house import ROOT, tracked_files

DOCS = ROOT / "docs"
COMMANDS = DOCS / "guide" / "commands.md"
WAREHOUSE = DOCS / "guide" / "warehouse.md"
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def markdown_files() -> list[Path]:
    new = [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]
    return sorted({*(path for path in tracked_files() if path.suffix == ".md"), *new})


def commands(group: object, words: tuple[str, ...] = ("clickstream",)) -> Iterator[tuple[str, object]]:
    """Yield (words, Typer command) for the program and each of its commands."""
    yield " ".join(words), group
    for name, command in sorted(getattr(group, "commands", {}).items()):
        yield from commands(command, (*words, name))


CALLS = dict(commands(typer.main.get_command(app)))


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def documented_options(call: str) -> set[str] | None:
    """Return the options in the rows of a command: in its call and in the third column; None if it has no row."""
    rows = [line.split(" | ") for line in COMMANDS.read_text("utf-8").splitlines() if line.startswith("| `clickstream")]
    cells = [f"{first} {options}" for first, _, options in rows if re.match(rf"\| `{call}(?: [A-Z\[-][^`]*)?`", first)]
    return {option for cell in cells for option in re.findall(r"--[a-z-]+", cell)} if cells else None


@pytest.mark.parametrize("call", CALLS)
def test_the_row_of_a_command_names_its_options_and_no_others(call: str) -> None:
    options = {name for parameter in getattr(CALLS[call], "params", []) for name in parameter.opts if name[:2] == "--"}
    is_group = bool(getattr(CALLS[call], "commands", {})) and call != "clickstream"
    assert documented_options(call) == (None if is_group else options)


def test_every_setting_is_named_with_its_default() -> None:
    lines = (DOCS / "guide" / "settings.md").read_text("utf-8").splitlines()
    for field in Settings.model_fields:
        assert any(line.startswith(f"| `{PREFIX}{field.upper()}` |") for line in lines), field


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_has_a_page_that_names_its_options(name: str) -> None:
    page = DOCS / "metrics" / f"{name}.md"
    assert f"({name}.md)" in (DOCS / "metrics" / "README.md").read_text("utf-8")
    text = page.read_text("utf-8")
    for option, definition in METRICS[name].options.items():
        assert f"`{option}" in text, option
        for value in definition.values:
            assert value in text or value in (DOCS / "metrics" / "README.md").read_text("utf-8"), value


@pytest.mark.parametrize("path", markdown_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_works(path: Path) -> None:
    for link in _LINK.findall(_FENCE.sub("", path.read_text("utf-8"))):
        if "://" in link or link.startswith("mailto:"):
            continue
        file, _, anchor = unquote(link).partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), link


def test_every_decision_is_listed_with_its_number() -> None:
    listed = (DOCS / "decisions" / "README.md").read_text("utf-8")
    for path in sorted((DOCS / "decisions").glob("[0-9]*.md")):
        assert f"| [{path.name[:4]}]({path.name}) |" in listed, path.name


def test_no_two_decisions_share_a_number() -> None:
    numbers = [path.name[:4] for path in (DOCS / "decisions").glob("[0-9]*.md")]
    assert len(numbers) == len(set(numbers))


def test_every_column_of_the_warehouse_is_explained(tmp_path: Path) -> None:
    """Each table has a section, or a row in the section on bookkeeping; it names each column."""
    with DuckWarehouse.open(tmp_path / "warehouse.duckdb") as warehouse:
        columns = warehouse.fetch("select table_name, column_name from information_schema.columns").rows
    page = WAREHOUSE.read_text("utf-8")
    sections = {part.partition("\n")[0].strip(): part for part in page.split("\n## ")}
    lines = sections["Tables of the loader"].splitlines()
    others = {line.split("`")[1]: line for line in lines if line.startswith("| `")}
    others["order_items"] = sections["order_lines"]
    missing = [
        (table, column) for table, column in columns if f"`{column}`" not in sections.get(table, others.get(table, ""))
    ]
    assert missing == []
