"""The `clickstream` command on free ports and a new data directory.

What runs for a while, or is killed, is the installed command in another process. A short command runs in this one: it
does the same, without the second that Python needs to import the program.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from clickstream.cli.app import app
from clickstream.cli.terminal import err, guarded
from tests.ports import free_port

SAMPLE = Path(__file__).parents[2] / "src" / "clickstream" / "sources" / "sample"


@dataclass
class Platform:
    """Commands on one data directory. `close` stops what `start` started. settings: more environment variables."""

    data: Path
    settings: dict[str, str] = field(default_factory=dict)
    collector_port: int = field(default_factory=free_port)
    dashboard_port: int = field(default_factory=free_port)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)

    @property
    def collector_url(self) -> str:
        return f"http://127.0.0.1:{self.collector_port}"

    def environment(self) -> dict[str, str]:
        unwanted = ("CLICKSTREAM_", "PYTHONUNBUFFERED")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
        return kept | {"CLICKSTREAM_DATA": str(self.data), "NO_COLOR": "1"} | self.settings

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command and return its process."""
        process = subprocess.Popen(
            command(*arguments), env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self.started.append(process)
        return process

    def start_collector(self) -> subprocess.Popen[bytes]:
        process = self.start("collect", "--port", str(self.collector_port))
        self.wait_for(f"{self.collector_url}/health", process)
        return process

    def start_owner(self) -> subprocess.Popen[bytes]:
        process = self.start("dashboard", "--port", str(self.dashboard_port))
        self.wait_for(f"http://127.0.0.1:{self.dashboard_port}/health", process)
        return process

    def run(self, *arguments: str, expect: int | None = 0) -> str:
        """Run a command in this process, check its exit code and return its stdout."""
        code, out, errors = self.run_here(*arguments)
        assert expect is None or code == expect, out + errors
        return out

    def run_here(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command in this process; return its exit code, stdout and stderr."""
        with ThreadPoolExecutor(1) as thread:  # this one may already run the event loop of a browser
            return thread.submit(self._run, arguments).result()

    def _run(self, arguments: Sequence[str]) -> tuple[int, str, str]:
        absent = dict.fromkeys(os.environ.keys() - self.environment().keys())
        with CliRunner().isolation(env=absent | self.environment()) as (out, errors, _):
            code = guarded(lambda: app(list(arguments)), err, lambda: False)
            return code, out.getvalue().decode(), errors.getvalue().decode()

    def json(self, *arguments: str, expect: int | None = 0) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(self.run(*arguments, "--json", expect=expect))
        return result

    def wait_for(self, url: str, process: subprocess.Popen[bytes], timeout_s: float = 120) -> None:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise AssertionError(f"ended with {process.returncode}: {(process.stderr or sys.stderr).read()!r}")
            with suppress(OSError), urllib.request.urlopen(url, timeout=2) as response:
                if response.status == 200:
                    return
            time.sleep(0.05)
        raise AssertionError(f"no response from {url} within {timeout_s:.0f} s")

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.started:
            try:
                process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "clickstream", *arguments]


def kill(process: subprocess.Popen[bytes]) -> None:
    """Send SIGKILL and wait until the process has ended."""
    process.kill()
    process.communicate()
