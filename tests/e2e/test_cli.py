"""The command line as a process: exit codes, stdout and stderr, and never a traceback."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from clickstream import __version__
from clickstream.cli.app import app
from clickstream.cli.terminal import err, guarded
from tests.e2e.platform import Platform, command
from tests.patience import wait_until
from tests.ports import free_port

SLOW_SQL = "select count(*) from range(1000000) a, range(1000000) b"
RunHere = Callable[..., subprocess.CompletedProcess[str]]
MANY_ROWS = ("query", "select range, repeat('x', 70) from range(3000)")


def run(platform: Platform, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        env=platform.environment() | more,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=platform.data.parent,
    )


@pytest.fixture
def run_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunHere:
    """Return a function that runs a command in this process, which is faster than the installed command."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("CLICKSTREAM_DATA", str(tmp_path / "data"))

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        code = guarded(lambda: app(list(arguments)), err, lambda: False)
        printed = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, printed.out, printed.err)

    return call


def on_terminal(
    platform: Platform, *arguments: str, interrupt_after: bytes | None = None, **more: str
) -> tuple[int, bytes]:
    """Run a command on a terminal, press Ctrl-C after it prints `interrupt_after`; return exit code and output."""
    main, terminal = pty.openpty()
    environment = platform.environment() | {"TERM": "xterm-256color"} | more
    process = subprocess.Popen(command(*arguments), env=environment, stdout=terminal, stderr=terminal)
    os.close(terminal)
    output = b""
    with suppress(OSError):  # Linux returns EIO when the other end is closed
        while part := os.read(main, 4096):
            output += part
            if interrupt_after is not None and interrupt_after in output:
                interrupt_after = None
                process.send_signal(signal.SIGINT)
    os.close(main)
    return process.wait(60), output


def assert_three_lines(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """The error has a line for what failed, why, and mostly what to do; stdout is empty."""
    assert done.returncode == code, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) in (2, 3), done.stderr
    assert lines[0].startswith("error: ")
    assert all(line.startswith("  ") for line in lines[1:])
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("metric", "nope"), 2, ("not a metric", "overview")),
        (("metric", "prodcuts"), 2, ("not a metric", "did you mean products?")),
        (("metric", "products", "--filter", "contry=DE"), 2, ("did you mean country?",)),
        (("metric", "products", "--option", "bye=brand"), 2, ("did you mean by?",)),
        (("metric", "products", "--filter", "country"), 2, ("expected NAME=VALUE",)),
        (("metric", "products", "--option", "by=colour"), 2, ("'colour' (expected product, category or brand)",)),
        (("report", "--from", "yesterday"), 2, ("yesterday",)),
        (("query", "selec 1"), 2, ("invalid parameter `SQL`", "SELECT")),
        (("query", "select * from nope"), 2, ("nope", "at: select * from nope")),
        (("query", "select 1; select 2"), 2, ("expected one statement, got 2",)),
        (("query", "drop table clickstream_events"), 2, ("expected a SELECT, got DROP",)),
        (("import", "missing.csv", "--map", "eshop-2008"), 1, ("missing.csv",)),
        (("import", "missing.csv", "--map", "nope"), 1, ("eshop-2008",)),
        (("report", "--data", "file/below"), 1, ("opening the warehouse file/below", "there is no folder")),
        (("up", "--data", "file/below"), 1, ("Not a directory",)),
        (("collect", "--data", "file/below"), 1, ("preparing the raw store", "File exists: file")),
    ],
    ids=[
        "unknown_metric", "misspelt_metric", "misspelt_filter", "misspelt_option", "filter_is_not_a_pair",
        "unknown_option_value", "not_a_day", "syntax", "unknown_table", "two_statements", "not_reading",
        "file_to_import_missing", "unknown_mapping", "report_unwritable", "up_unwritable", "collect_unwritable",
    ],
)  # fmt: skip
def test_an_error_takes_three_lines(
    run_here: RunHere, tmp_path: Path, arguments: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("where a folder should be")
    assert_three_lines(run_here(*arguments), code, *words)


def test_all_invalid_settings_are_reported_at_once(platform: Platform) -> None:
    wrong = {"CLICKSTREAM_TIMEZONE": "Mars/Base", "CLICKSTREAM_CURRENCY": "dollar"}
    assert_three_lines(run(platform, "report", **wrong), 2, "CLICKSTREAM_TIMEZONE", "CLICKSTREAM_CURRENCY")


def test_a_file_that_is_not_a_warehouse_is_an_error_and_stays_unchanged(platform: Platform) -> None:
    platform.data.mkdir(exist_ok=True)
    file = platform.data / "warehouse.duckdb"
    file.write_bytes(b"not a database " * 1000)
    assert_three_lines(run(platform, "report"), 1, "opening the warehouse", "not a valid DuckDB database file")
    assert file.read_bytes() == b"not a database " * 1000


@pytest.mark.parametrize("name", ["collect", pytest.param("dashboard", marks=pytest.mark.slow)])
def test_a_port_in_use_is_an_error(platform: Platform, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert_three_lines(run(platform, name, "--port", port), 1, f"127.0.0.1:{port}", "the port is in use")


def test_an_import_without_a_collector_states_how_to_start_one(platform: Platform) -> None:
    (platform.data.parent / "rows.csv").write_text("when,what\n2026-03-01,page_view\n")
    (platform.data.parent / "map.toml").write_text(
        '[event]\neventName = "{what}"\ncreatedAt = "{when}"\neventId = { uuid5 = "{when}" }\n'
    )
    url = f"http://127.0.0.1:{free_port()}"
    done = run(platform, "import", "rows.csv", "--map", "map.toml", "--collector", url)
    assert_three_lines(done, 1, url, "nothing is listening there", "clickstream up")


def test_a_second_owner_is_refused_with_the_process_of_the_first(platform: Platform) -> None:
    owner = platform.start_owner()
    for arguments in (("dashboard", "--port", str(free_port())), ("up", "--no-sample", "--no-shop")):
        done = run(platform, *arguments)
        assert_three_lines(done, 1, f"process {owner.pid}, http://127.0.0.1:{platform.dashboard_port}")


@pytest.mark.parametrize(
    "arguments",
    [("nope",), ("report", "--nope"), ("metric",), ("check", "--since", "x"), ("collect", "--port", "0"), ("etl",)],
    ids=["command", "option", "missing_argument", "not_a_day", "port_0", "half_a_command"],
)
def test_invalid_usage_exits_with_2_and_prints_the_usage(run_here: RunHere, arguments: tuple[str, ...]) -> None:
    done = run_here(*arguments)
    assert done.returncode == 2
    assert "Usage: " in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_json_output_is_one_line_on_stdout(run_here: RunHere) -> None:
    for arguments in (("etl", "run"), ("report",), ("metric", "overview"), ("check",), ("query", "select 1 one")):
        done = run_here(*arguments, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        assert isinstance(json.loads(done.stdout), dict)
        assert done.stdout.count("\n") == 1


def test_version_is_printed_and_cut_rows_are_reported(platform: Platform) -> None:
    assert run(platform, "--version").stdout == f"clickstream {__version__}\n"
    done = run(platform, "query", "select range from range(9)", "--rows", "2")
    assert done.stdout.split() == ["range", "0", "1"]
    assert done.stderr == "only the first 2 rows are shown; use --rows N for more\n"


@pytest.mark.parametrize("more", [pytest.param((), marks=pytest.mark.slow), ("--json",)], ids=["text", "json"])
def test_a_closed_pipe_ends_a_command_quietly(platform: Platform, more: tuple[str, ...]) -> None:
    process = subprocess.Popen(
        command(*MANY_ROWS, *more), env=platform.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(1)
    process.stdout.close()
    with process.stderr as output:
        assert output.read() == b""
    assert process.wait(60) == 141


def test_a_full_disk_behind_stdout_is_an_error_without_a_traceback(platform: Platform) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command("query", "select 1"), env=platform.environment(), stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: ")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("query", SLOW_SQL), 130),
        pytest.param(("etl", "watch"), 130, marks=pytest.mark.slow),
        (("collect", "--port", "PORT"), 130),
        (("dashboard", "--port", "PORT"), 0),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_ctrl_c_ends_a_command_without_a_traceback(platform: Platform, arguments: tuple[str, ...], code: int) -> None:
    process = platform.start(*(str(platform.collector_port) if word == "PORT" else word for word in arguments))
    if "PORT" in arguments:
        platform.wait_for(f"{platform.collector_url}/health", process)
    else:
        wait_until((platform.data / "warehouse.duckdb").exists, "warehouse: the command runs once it has created one")
    process.send_signal(signal.SIGINT)
    _, output = process.communicate(timeout=60)
    assert process.returncode == code, output
    assert output in (b"stopped\n", b"dashboard  http://127.0.0.1:%d/sbw_dashboard\n" % platform.collector_port)


EARLY = """
import runpy, signal, sys
class Interrupter:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            sys.meta_path.remove(self)
            signal.raise_signal(signal.SIGINT)
module = sys.argv.pop(1)
sys.meta_path.insert(0, Interrupter())
runpy.run_module("clickstream", run_name="__main__", alter_sys=True)
"""


LATER_MODULES = ("typer", "clickstream.settings", "clickstream.local.owner.client")


@pytest.mark.parametrize(
    "module",
    ["clickstream.cli.app", *(pytest.param(each, marks=pytest.mark.slow) for each in LATER_MODULES)],
)
def test_ctrl_c_during_the_import_ends_like_any_other(platform: Platform, module: str) -> None:
    """Ctrl-C is pressed when the program imports this module."""
    program = [sys.executable, "-c", EARLY, module, "query", "select 1"]
    done = subprocess.run(program, env=platform.environment(), capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"stopped\n")


@pytest.mark.slow
@pytest.mark.parametrize(("no_color", "has_color"), [("", True), ("1", False)], ids=["color", "NO_COLOR"])
def test_colour_appears_only_on_a_terminal_without_no_color(platform: Platform, no_color: str, has_color: bool) -> None:
    code, output = on_terminal(platform, "metric", "nope", NO_COLOR=no_color)
    assert code == 2
    assert (b"\x1b[31m" in output) is has_color
    assert b"not a metric" in output


def test_a_long_query_shows_a_bar_on_a_terminal_and_removes_it(platform: Platform) -> None:
    code, output = on_terminal(platform, "query", SLOW_SQL, interrupt_after=b"running the query")
    assert code == 130
    assert output.rstrip().endswith(b"stopped")
    assert b"\x1b[?25h" in output, "the cursor is shown again"
