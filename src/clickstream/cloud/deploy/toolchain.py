"""Runs the project's own tools: the CDK's command line, the packages of the functions, the build of the shop.

They need a checkout of the project: a wheel contains neither infra/ nor shop/. Their lines go to a callback while they
run, and the last ones into the error if they fail.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import clickstream
from clickstream.errors import CloudError
from clickstream.shop.node import SOURCES

ROOT = Path(clickstream.__file__).parents[2]
"""The checkout."""
INFRA = ROOT / "infra"
PACKAGES = ROOT / "build" / "cloud"
_LAST_LINES = 3

Report = Callable[[str], None]
"""Takes a line for the user."""


def require_checkout() -> None:
    """Raise CloudError unless this is a checkout with what a deployment needs."""
    missing = [path.name for path in (INFRA / "cdk.sh", SOURCES / "package.json") if not path.exists()]
    if missing:
        why = f"{', '.join(missing)} not found below {ROOT}"
        raise CloudError("deploying", why, "run it in a checkout of the project; a wheel does not contain these files")


def run_tool(
    doing: str, command: Sequence[str], report: Report, env: Mapping[str, str] | None = None, folder: Path = ROOT
) -> None:
    """Run a program and report its lines. Raises CloudError with the last ones if it fails."""
    try:
        process = subprocess.Popen(  # noqa: S603 - programs of the project
            command,
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise CloudError(doing, f"{command[0]} cannot be started: {error.strerror}", "install it") from error
    last: deque[str] = deque(maxlen=_LAST_LINES)
    with process:
        try:
            assert process.stdout is not None
            for line in filter(str.strip, process.stdout):
                last.append(line.rstrip())
                report(line.rstrip())
        except BaseException:
            with suppress(ProcessLookupError):  # the program and what it started
                os.killpg(process.pid, signal.SIGTERM)
            raise
    if process.returncode:
        raise CloudError(doing, " | ".join(last) or f"it ended with {process.returncode}", "see the lines above")


def cdk(doing: str, arguments: Sequence[str], report: Report, env: Mapping[str, str] | None = None) -> None:
    """Run the CDK's command line of infra/."""
    silent = {"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1"}
    run_tool(doing, ["sh", str(INFRA / "cdk.sh"), *arguments], report, {**silent, **(env or {})})


def build_packages(report: Report) -> None:
    """Build the packages of the functions and the bundle of the instances."""
    run_tool("building the packages", [sys.executable, "-m", "clickstream.cloud.packages", str(PACKAGES)], report)
