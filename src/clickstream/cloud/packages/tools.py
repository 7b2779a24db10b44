"""The programs that fetch and build wheels."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from clickstream.errors import CloudError

TIMEOUT_S = 900
LAST_LINES = 12
"""How much of the output of a program that failed is shown."""
_NETWORK_WORDS = ("connect", "dns", "resolve", "timed out", "error sending request", "retries")


def uv() -> str:
    """Return the program uv, beside this Python or on the PATH. Raises CloudError when it is missing."""
    beside = Path(sys.executable).parent / "uv"
    program = str(beside) if beside.exists() else shutil.which("uv")
    if program is None:
        raise CloudError("building the packages for AWS", "the program uv is missing", "run make setup")
    return program


def run(doing: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Run a program to its end. Raises CloudError with the end of its output when it fails.

    environment: all variables of the program; by default those of this process.
    """
    print(doing, file=sys.stderr, flush=True)
    try:
        done = subprocess.run(  # noqa: S603 - programs and options are ours
            command, env=environment, capture_output=True, text=True, check=False, timeout=TIMEOUT_S, errors="replace"
        )
    except subprocess.TimeoutExpired:
        raise CloudError(doing, f"not finished after {TIMEOUT_S} s", _advice("timed out")) from None
    if done.returncode:
        output = (done.stderr or done.stdout).strip()
        lines = [line for line in output.splitlines() if not line.startswith("WARNING:")]
        raise CloudError(doing, "\n".join(lines[-LAST_LINES:]), _advice(output))


def _advice(output: str) -> str:
    if any(word in output.lower() for word in _NETWORK_WORDS):
        return "check the network and the package index, then run the command again: it starts from the beginning"
    return ""
