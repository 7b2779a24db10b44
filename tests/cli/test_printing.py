"""Text from outside is printed as text: it cannot control a terminal, and it is never markup."""

from __future__ import annotations

import gzip
import io
import json
import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

import pytest
import uuid_utils
from rich.table import Table
from rich.text import Text
from typer.testing import CliRunner

from clickstream.cli.app import app
from clickstream.cli.terminal import ProgressBar, Terminal, guarded
from clickstream.errors import ClickstreamError, QuestionError
from clickstream.raw.keys import batch_key
from clickstream.raw.store import LocalStore
from clickstream.report.table import render_rows
from clickstream.settings import Settings
from clickstream.visible import VisibleFormatter, visible
from tests.house.test_house import SOURCE, python_files
from tests.patience import wait_until

HOSTILE = "\x1b[31mred\x1b[0m \x1b]0;owned\x07\x08\r\x9b2J\u202eevil\u2066 [/b] [red] :cat: {x} \\"
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printed(show: Callable[[Terminal], object], width: int | None = None) -> str:
    """Return what is printed without colours: to a pipe, or to a terminal of this width."""
    file = io.StringIO()
    size = {} if width is None else {"force_terminal": True, "width": width}
    show(Terminal(file=file, color_system=None, _environ={"TERM": "xterm"}, **size))
    return file.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ünicode, 日本語 and \N{GRINNING FACE}", "plain, ünicode, 日本語 and \N{GRINNING FACE}"),
        ("line\nand\ttab", "line\nand\ttab"),
        ("\x00\x07\x08\x0b\x0c\r\x1b\x7f", "\\x00\\x07\\x08\\x0b\\x0c\\r\\x1b\\x7f"),
        ("\x80\x85\x9b\x9f\xa0", "\\x80\\x85\\x9b\\x9f\xa0"),
        ("\u2029\u202a\u202e\u202f", "\u2029\\u202a\\u202e\u202f"),
        ("\u2065\u2066\u2069\u206a", "\u2065\\u2066\\u2069\u206a"),
        ("\ud83d", "\\ud83d"),
    ],
    ids=["printable", "line_breaks", "c0", "c1", "overrides", "isolates", "surrogate"],
)
def test_exactly_the_characters_that_control_a_terminal_are_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown


def table_of(text: str) -> Table:
    table = Table(box=None)
    table.add_column(Text(text))
    table.add_row(Text(text))
    return table


@pytest.mark.parametrize("width", [None, 200], ids=["pipe", "terminal"])
@pytest.mark.parametrize(
    "show",
    [
        lambda console: console.print(HOSTILE),
        lambda console: console.print("safe", HOSTILE, style="red", soft_wrap=True),
        lambda console: render_rows([HOSTILE, "n"], [[HOSTILE, 1], [None, 2.5]], console),
        lambda console: guarded(_raise(ClickstreamError(HOSTILE, HOSTILE, HOSTILE)), console, lambda: False),
        lambda console: guarded(_raise(QuestionError("code", HOSTILE, HOSTILE)), console, lambda: False),
        lambda console: guarded(_raise(KeyError(HOSTILE)), console, lambda: False),
        lambda console: guarded(_raise(OSError(2, HOSTILE, HOSTILE)), console, lambda: False),
    ],
    ids=["text", "texts", "rows", "error", "question", "bug", "os_error"],
)
def test_every_way_to_print_shows_hostile_text_escaped(show: Callable[[Terminal], object], width: int | None) -> None:
    text = printed(show, width)
    assert UNSAFE.search(text) is None
    assert "owned\\x07" in text.replace("\\\\", "\\")
    assert "[/b] [red] :cat: {x}" in text


@pytest.mark.parametrize("width", [None, 200], ids=["pipe", "terminal"])
@pytest.mark.parametrize(
    "show",
    [
        lambda console: console.print(Text(HOSTILE)),
        lambda console: console.print(table_of(HOSTILE)),
        lambda console: guarded(_raise(ZeroDivisionError(HOSTILE)), console, lambda: True),
    ],
    ids=["rich_text", "rich_table", "traceback"],
)
def test_text_that_a_renderer_does_not_escape_is_harmless(
    show: Callable[[Terminal], object], width: int | None
) -> None:
    """Rich removes some control characters when a Text is made; the console escapes all others."""
    text = printed(show, width)
    assert UNSAFE.search(text) is None
    assert "\\x1b]0;owned" in text.replace("\\\\", "\\")


def _raise(error: Exception) -> Callable[[], object]:
    def run() -> object:
        raise error

    return run


def test_a_log_line_shows_hostile_text_escaped() -> None:
    record = logging.LogRecord("etl", logging.ERROR, "", 0, "loading failed: %s", (HOSTILE,), None)
    line = VisibleFormatter("%(levelname)s: %(message)s").format(record)
    assert line.startswith("ERROR: loading failed: \\x1b[31mred")
    assert UNSAFE.search(line) is None


def test_the_phase_in_a_progress_bar_is_never_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clickstream.cli.terminal.BAR_AFTER_S", 0)
    file = io.StringIO()
    console = Terminal(file=file, force_terminal=True, width=200, _environ={"TERM": "xterm"})
    with ProgressBar(console, HOSTILE):
        wait_until(lambda: "[/b] [red] :cat: {x}" in file.getvalue())
    assert "\x1b]0;" not in file.getvalue()


@pytest.fixture
def hostile_data(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Store an event, a bad line and a foreign object whose texts are all hostile, and load them."""
    event = {
        "eventName": f"view{HOSTILE}",
        "clientId": f"c{HOSTILE}",
        "createdAt": "2026-03-10T11:59:00Z",
        "pageTitle": HOSTILE,
        "pageUrl": "https://shop.example/p?utm_source=%1b%5B2J%07&utm_medium=cpc",
        "product": {"id": f"p{HOSTILE}", "name": HOSTILE, "category": HOSTILE, "price": 1},
        "_ingest": {"receivedAt": "2026-03-10T12:00:00Z", "sentAt": "2026-03-10T12:00:00Z"},
    }
    lines = [json.dumps(event).encode(), b"{" + HOSTILE.encode()]
    store = LocalStore(settings.raw_path)
    store.prepare()
    key = batch_key(UUID(int=uuid_utils.uuid7(nanoseconds=1_773_144_000_000_000_000).int), len(lines))
    store.put([(key, gzip.compress(b"\n".join(lines) + b"\n"))])
    Path("hostile.csv").write_text(f"{HOSTILE},b\n1,2\n", encoding="utf-8")
    monkeypatch.setenv("CLICKSTREAM_DATA", str(settings.data))
    assert CliRunner().invoke(app, ["etl", "run"]).exit_code == 0
    return settings.data


COMMANDS: Sequence[Sequence[str]] = (
    ("query", f'select page_title as "{HOSTILE.replace(chr(0), "")}", * from clickstream_events'),
    ("query", "select replace('a', '[/b]', '')"),
    ("query", f"selec '{HOSTILE}'"),
    ("metric", "products", "--from", "2026-03-01", "--to", "2026-03-11"),
    ("metric", "acquisition", "--option", "by=source", "--from", "2026-03-01", "--to", "2026-03-11"),
    ("metric", "overview", "--explain", "--from", "2026-03-01", "--to", "2026-03-11"),
    ("metric", "products", "--filter", f"{HOSTILE}=1"),
    ("metric", HOSTILE),
    ("report",),
    ("report", "--tz", HOSTILE),
    ("check",),
    ("mart", "build"),
    ("mart", "status"),
    ("bad", "list"),
    ("bad", "show", HOSTILE, "1"),
    ("bad", "list", "--reason", HOSTILE),
    ("raw", "ls"),
    ("raw", "ls", "2026-03-10"),
    ("raw", "cat", HOSTILE),
    ("raw", "verify"),
    ("etl", "run", "--rebuild"),
    ("forget", "--client-id", f"c{HOSTILE}", "--dry-run"),
    ("import", f"{HOSTILE}.csv", "--map", HOSTILE),
    ("import", "hostile.csv", "--map", "eshop-2008"),
    ("doctor",),
    ("export", "--out", "/dev/null/x", "--table", HOSTILE),
)


def test_no_command_prints_a_character_that_controls_a_terminal(hostile_data: Path) -> None:
    for words in COMMANDS:
        done = CliRunner().invoke(app, list(words), color=True)
        error = done.exception
        if error is not None and not isinstance(error, SystemExit):
            assert isinstance(error, ClickstreamError), (words, error)
            text = printed(lambda console, error=error: guarded(_raise(error), console, lambda: False))  # type: ignore[misc]
        else:
            text = done.output
        assert UNSAFE.search(text) is None, (words, text)


def test_raw_cat_prints_the_exact_bytes(hostile_data: Path) -> None:
    (path,) = (hostile_data / "raw").rglob("batch-*")
    done = CliRunner().invoke(app, ["raw", "cat", path.name])
    assert done.stdout_bytes == gzip.decompress(path.read_bytes())


def test_json_output_follows_the_rules_of_json(hostile_data: Path) -> None:
    done = CliRunner().invoke(app, ["query", "select page_title from clickstream_events", "--json"])
    assert json.loads(done.stdout)["rows"] == [[HOSTILE]]


def test_only_the_terminal_module_creates_consoles_and_writes_to_stdout() -> None:
    pattern = re.compile(r"\bConsole\(\S|sys\.stdout\.|^ *print\(", re.MULTILINE)
    found = {
        path.relative_to(SOURCE).as_posix() for path in python_files("src") if pattern.search(path.read_text("utf-8"))
    }
    # A Lambda function logs by printing; the packages are built without the commands, and print fixed text to stderr.
    own = {"cloud/etl_handler.py", "cloud/packages/builder.py", "cloud/packages/tools.py"}
    assert found == {"cli/terminal.py"} | own


WIDE = [["x" * 300, number, "y" * 50] for number in range(3)]


def test_a_table_off_a_terminal_is_never_cut_or_wrapped() -> None:
    lines = printed(lambda console: render_rows(["a", "number", "c"], WIDE, console)).splitlines()
    assert [line.split() for line in lines[1:]] == [["x" * 300, str(number), "y" * 50] for number in range(3)]


def test_a_table_on_a_terminal_has_the_columns_that_fit_and_names_the_others() -> None:
    names = ["value", *(f"figure_{number}" for number in range(12))]
    rows = [["Trousers", *range(100, 112)], ["Skirts", *range(200, 212)]]
    lines = printed(lambda console: render_rows(names, rows, console), 80).splitlines()
    assert lines[0].split() == names[:8]
    assert lines[1].split() == ["Trousers", *map(str, range(100, 107))]
    assert "figure_7, figure_8" in lines[3]
    assert "…" not in "".join(lines)
    assert max(map(len, lines[:3])) <= 80
    wide = printed(lambda console: render_rows(names, rows, console), 300)
    assert "not shown" not in wide


def test_a_narrow_column_is_shown_although_a_wide_one_before_it_does_not_fit() -> None:
    lines = printed(lambda console: render_rows(["a", "b", "c"], [["x" * 30, "y" * 60, 5]], console), 60).splitlines()
    assert lines[0].split() == ["a", "c"]


def test_long_text_on_a_terminal_is_folded_completely() -> None:
    text = printed(lambda console: render_rows(["text", "n"], [["word" * 50, 1]], console), 80)
    assert text.replace("\n", "").replace(" ", "").count("word") == 50
