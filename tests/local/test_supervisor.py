"""The supervisor with real child processes: restarts, orderly stops, and no orphans even if it is killed."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clickstream.errors import UnavailableError
from clickstream.local import part as parts_module
from clickstream.local.part import Part, PartLog
from clickstream.local.supervisor import RestartRule, Supervisor, check_ports
from tests.local.children import ORDERLY, STEADY, STUBBORN, child, is_alive, text_of
from tests.patience import wait_until
from tests.ports import free_port

QUICK = RestartRule(first_pause_s=0.05, longest_pause_s=0.2, steady_s=600, max_early_exits=3, stop_grace_s=60)
SUPERVISE = """
import sys
from pathlib import Path
from clickstream.local.supervisor import Supervisor, stop_signals
from tests.local.children import STUBBORN, WATCHED, child
from tests.patience import wait_until
children = [child("one", WATCHED), child("two", WATCHED)]
try:
    with stop_signals(), Supervisor(children, Path(sys.argv[1]), print) as supervisor:
        while len(supervisor.pids()) < 2:
            pass
        print(*supervisor.pids().values(), flush=True)
        supervisor.wait()
except KeyboardInterrupt:
    print("stopped")
"""


@contextmanager
def supervising(folder: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Run a supervisor in another process; yield it with the ids of its two parts, which are ready."""
    command = [sys.executable, "-c", SUPERVISE, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        try:
            assert process.stdout is not None
            pids = [int(pid) for pid in process.stdout.readline().split()]
            wait_until(lambda: all("ready" in text_of(folder / f"{name}.log") for name in ("one", "two")))
            yield process, pids
        finally:
            process.kill()


def test_crashed_part_is_restarted_and_the_crash_reported(tmp_path: Path) -> None:
    reported: list[str] = []
    with Supervisor([child("shop", STEADY)], tmp_path, reported.append, QUICK) as supervisor:
        wait_until(supervisor.pids)
        first = supervisor.pids()["shop"]
        subprocess.run(["kill", "-SEGV", str(first)], check=True)
        wait_until(lambda: supervisor.pids().get("shop", first) != first)
        second = supervisor.pids()["shop"]
        assert is_alive(second)
    assert reported == [f"the shop exited (signal SIGSEGV); restarting it in 0.05 s, see {tmp_path / 'shop.log'}"]
    assert not is_alive(first)
    assert not is_alive(second)


def test_part_that_keeps_exiting_is_given_up_with_its_last_log_lines(tmp_path: Path) -> None:
    reported: list[str] = []
    program = "import sys; print('I have no disk'); sys.exit(3)"
    with Supervisor([child("shop", program), child("calm", STEADY)], tmp_path, reported.append, QUICK) as supervisor:
        reason = supervisor.wait()
    assert reason.startswith("the shop keeps exiting (exit 3, 3 times in a row)")
    assert reason.endswith("I have no disk")
    assert [line.split("restarting it in ")[1][:6] for line in reported] == ["0.05 s", "0.1 s,"]


def test_part_with_invalid_settings_is_not_restarted(tmp_path: Path) -> None:
    with Supervisor([child("shop", "raise SystemExit(2)")], tmp_path, print, QUICK) as supervisor:
        assert supervisor.wait().startswith("the shop exited (exit 2)")


def test_part_whose_program_is_missing_is_given_up(tmp_path: Path) -> None:
    with Supervisor([Part("shop", ("/no/such/program",))], tmp_path, print, QUICK) as supervisor:
        assert "cannot start the shop" in supervisor.wait()


def test_parts_stop_in_order_when_the_supervisor_exits(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    with Supervisor([child("shop", ORDERLY, str(marks))], tmp_path, print, QUICK):
        wait_until(lambda: "ready" in text_of(marks))
    assert marks.read_text() == "ready stopped "


def test_part_that_ignores_sigterm_is_killed_after_the_grace_period(tmp_path: Path) -> None:
    rule = RestartRule(stop_grace_s=0.3)
    with Supervisor([child("shop", STUBBORN)], tmp_path, print, rule) as supervisor:
        wait_until(lambda: "ready" in text_of(tmp_path / "shop.log"))
        pid = supervisor.pids()["shop"]
    assert not is_alive(pid)


def test_processes_started_by_a_part_end_with_it(tmp_path: Path) -> None:
    program = "import subprocess, sys; print(subprocess.Popen(['sleep', '600']).pid, flush=True); sys.exit(1)"
    with Supervisor(
        [child("shop", program)], tmp_path, print, RestartRule(steady_s=600, max_early_exits=1)
    ) as supervisor:
        supervisor.wait()
    grandchild = int(text_of(tmp_path / "shop.log"))
    wait_until(lambda: not is_alive(grandchild))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_signal_stops_all_parts_and_exits_with_0(tmp_path: Path, number: signal.Signals) -> None:
    with supervising(tmp_path) as (process, pids):
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "stopped\n")
    assert not any(is_alive(pid) for pid in pids)


def test_no_part_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    with supervising(tmp_path) as (process, pids):
        process.kill()
        process.communicate()
    wait_until(lambda: not any(is_alive(pid) for pid in pids))


def test_module_on_the_lifeline_ends_with_its_parent_even_if_it_ignores_signals(tmp_path: Path) -> None:
    (tmp_path / "stubborn_module.py").write_text("import sys; print(sys.argv[1], flush=True)\n" + STUBBORN)
    run = Part(
        "stubborn",
        (sys.executable, "-m", "clickstream.local.lifeline", "stubborn_module", "hello"),
        environment={"PYTHONPATH": str(tmp_path)},
    )
    program = SUPERVISE.replace('child("one", WATCHED), child("two", WATCHED)', repr(run)).replace("< 2", "< 1")
    process = subprocess.Popen(
        [sys.executable, "-c", "from clickstream.local.part import Part\n" + program, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    wait_until(lambda: text_of(tmp_path / "stubborn.log") == "hello\nready\n")
    process.kill()
    process.communicate()
    wait_until(lambda: not is_alive(pid))


def test_command_without_a_supervisor_is_not_watched() -> None:
    program = "from clickstream.local.lifeline import watch; print(watch())"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "False\n"


def test_error_names_every_port_in_use_with_its_part(tmp_path: Path) -> None:
    ports = [free_port(), free_port()]
    with socket.create_server(("127.0.0.1", ports[0])), socket.create_server(("127.0.0.1", ports[1])):
        parts = [child("collector", STEADY, port=ports[0]), child("owner", STEADY, port=ports[1])]
        supervisor = Supervisor(parts, tmp_path, print)
        with pytest.raises(UnavailableError) as caught, supervisor:
            pass
    assert caught.value.why == (
        f"port {ports[0]} is in use; the collector needs it; port {ports[1]} is in use; the owner needs it"
    )
    assert "stop the program that listens there" in caught.value.advice
    assert supervisor.pids() == {}
    check_ports(parts)


def test_only_errors_and_warnings_are_reported_and_repeated_ones_once(tmp_path: Path) -> None:
    reported: list[str] = []
    log = PartLog("owner", tmp_path, reported.append)
    for line in ("all is well", "ERROR: no disk", "ERROR: no disk", "an error in the middle", "WARNING: slow"):
        log.write(line)
    assert reported == ["owner: ERROR: no disk", "owner: WARNING: slow"]
    assert log.path.read_text().count("\n") == 5


def test_log_is_rotated_at_its_size_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "LOG_BYTES", 1_000)
    log = PartLog("owner", tmp_path, print)
    for number in range(300):
        log.write(f"line {number}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["owner.log", "owner.log.1"]
    assert all(path.stat().st_size <= 1_100 for path in tmp_path.iterdir())
    assert log.path.read_text().endswith("line 299\n")
