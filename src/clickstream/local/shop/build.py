"""Installs and builds the shop and its sign-in provider, if that has not been done for these sources.

In: the folder shop/ of the project. Out: shop/.next/standalone/server.js, shop/provider/node_modules. Builds take
turns; what was built is reused as long as the sources have the same hash. Which Node: shop/node.py.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from clickstream.errors import UnavailableError
from clickstream.shop.node import DOING, SOURCES, Node

SERVER = SOURCES / ".next" / "standalone" / "server.js"
PROVIDER = SOURCES / "provider"
_MADE = frozenset({"node_modules", ".next", ".amplify-hosting", "provider", "test", "next-env.d.ts"})
"""Names below shop/ that the build makes, or does not read."""
_LAST_LINES = 15
_FLAGS = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")

Notice = Callable[[str], None]
"""Takes a line about what is being done."""


def build_shop(node: Node, notice: Notice) -> Path:
    """Return the file of the shop's server; install and build it first if the sources changed."""
    with _turn(SOURCES):
        _install(node, SOURCES, "the shop's packages, about a minute the first time", notice)
        stamp, digest = SOURCES / ".next" / ".built", _hash_of(SOURCES)
        if not (SERVER.exists() and _read(stamp) == digest):
            stamp.unlink(missing_ok=True)
            notice("building the shop, about a minute the first time")
            _run([*node.npm, "run", "build"], SOURCES, node)
            if not SERVER.exists():
                raise UnavailableError(DOING, f"the build did not make {SERVER}", f"run npm run build in {SOURCES}")
            stamp.write_text(digest, encoding="utf-8")
    return SERVER


def install_provider(node: Node, notice: Notice) -> Path:
    """Return the file of the sign-in provider; install its packages first if they changed."""
    with _turn(PROVIDER):
        _install(node, PROVIDER, "the packages of the sign-in provider", notice)
    return PROVIDER / "server.mjs"


def _install(node: Node, folder: Path, what: str, notice: Notice) -> None:
    lock, stamp = folder / "package-lock.json", folder / "node_modules" / ".installed"
    wanted = lock.read_text(encoding="utf-8")
    if _read(stamp) != wanted:
        notice(f"installing {what}")
        _run([*node.npm, "ci", *_FLAGS], folder, node)
        stamp.write_text(wanted, encoding="utf-8")


def _run(command: Sequence[str], folder: Path, node: Node) -> None:
    """Run a command at low priority, so that the platform answers meanwhile. Raises UnavailableError with its end."""
    nice = shutil.which("nice")
    process = subprocess.Popen(  # noqa: S603
        [*((nice,) if nice else ()), *command],
        cwd=folder,
        env={**os.environ, "PATH": node.path, "NODE_USE_SYSTEM_CA": "1", "NEXT_TELEMETRY_DISABLED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate()
    except BaseException:
        with suppress(ProcessLookupError):  # the command and what it started
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if process.returncode:
        tail = "\n".join(output.strip().splitlines()[-_LAST_LINES:])
        why = f"{' '.join(command[-2:])} failed in {folder}: {tail}"
        raise UnavailableError(DOING, why, "correct the cause, then start again; --no-shop starts without the shop")


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Wait until no other process installs or builds in this folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _hash_of(folder: Path) -> str:
    """Return the hash of the names and contents of the sources."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if not _MADE.isdisjoint(name.parts) or path.suffix == ".tsbuildinfo" or not path.is_file():
            continue
        content = path.read_bytes()
        digest.update(f"{name.as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
