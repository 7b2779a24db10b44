"""The local PostgreSQL of the shop: private, durable, and restarted after anything that may happen to it."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from clickstream.errors import UnavailableError
from clickstream.local import postgres
from clickstream.local.postgres import Cluster, find_local, find_programs, make_cluster, running
from tests.e2e.platform import command
from tests.local.children import environment, is_alive, text_of
from tests.patience import wait_until
from tests.ports import free_port

pytestmark = pytest.mark.skipif(postgres.packaged_programs() is None, reason="run make setup")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can reach: root starts the server as another user, and tmp_path is closed to that."""
    made = Path(tempfile.mkdtemp(prefix="clickstream-pg-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def data(folder: Path) -> Path:
    return folder / "data"


@contextmanager
def database(data: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run `clickstream shop database` in another process; it is stopped at the end."""
    with (data.parent / "output").open("ab") as output:
        process = subprocess.Popen(
            command("shop", "database", "--data", str(data), "--port", str(port)),
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(),
        )
    try:
        wait_until(lambda: find_local(data) is not None or process.poll() is not None, "database")
        assert process.poll() is None, text_of(data.parent / "output")
        yield process
    finally:
        process.terminate()
        process.wait()


def url_of(data: Path) -> str:
    found = find_local(data)
    assert found is not None
    return found.url


def server_pid(data: Path) -> int:
    return int((data / "web-db" / "data" / "postmaster.pid").read_text().split()[0])


def test_database_is_on_loopback_only_and_requires_its_password(data: Path) -> None:
    port = free_port()
    with database(data, port) as process:
        url = url_of(data)
        with psycopg.connect(url) as connection:
            settings = "fsync", "full_page_writes", "synchronous_commit", "listen_addresses", "server_encoding"
            values = [connection.execute(f"show {name}".encode()).fetchone() for name in settings]
            assert values == [("on",), ("on",), ("on",), ("127.0.0.1",), ("UTF8",)]
            assert connection.execute("select lower('ÄÖ')").fetchone() == ("äö",)
            rules = connection.execute("select distinct auth_method from pg_hba_file_rules").fetchall()
            assert rules == [("scram-sha-256",)]
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(url.replace("clickstream:", "clickstream:x"))
        assert stat.S_IMODE((data / postgres.STATE).stat().st_mode) == 0o600
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert find_local(data) is None
    assert not (data / postgres.STATE).exists()
    assert "database system is shut down" in text_of(data.parent / "output")


@pytest.mark.parametrize(
    "victim", ["both", *(pytest.param(each, marks=pytest.mark.slow) for each in ("server", "supervisor"))]
)
def test_killed_database_keeps_its_rows_and_starts_again(data: Path, victim: str) -> None:
    port = free_port()
    with database(data, port) as process:
        with psycopg.connect(url_of(data), autocommit=True) as connection:
            connection.execute("create table kept as select generate_series(1, 10000) as n")
        server = server_pid(data)
        if victim != "supervisor":
            os.kill(server, signal.SIGKILL)
        if victim != "server":
            process.kill()
        assert process.wait(60) != 0
        wait_until(lambda: not is_alive(server), "end of the server")
    (data / postgres.STATE).unlink(missing_ok=True)
    with database(data, port), psycopg.connect(url_of(data)) as connection:
        assert connection.execute("select count(*), max(n) from kept").fetchone() == (10_000, 10_000)


@pytest.fixture
def cluster(folder: Path) -> Cluster:
    return make_cluster(folder / "web-db", free_port())


def test_server_that_was_left_running_is_stopped_and_a_zombie_is_dead(cluster: Cluster) -> None:
    with running(cluster):
        pass
    argv = [str(cluster.programs / "postgres"), "-D", str(cluster.data), "-p", str(cluster.port), "-k", ""]
    left = subprocess.Popen(argv, cwd=cluster.data, user=cluster.user, stderr=subprocess.DEVNULL)
    wait_until(lambda: text_of(cluster.data / "postmaster.pid").rstrip().endswith("ready"))
    with running(cluster):  # it stops the other, which stays a zombie until this test reaps it
        assert not is_alive(left.pid)
        assert int(text_of(cluster.data / "postmaster.pid").split()[0]) != left.pid
    assert left.wait(60) == 0


def test_pid_file_of_another_program_is_removed_and_that_program_lives(cluster: Cluster) -> None:
    with running(cluster):
        pass
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        (cluster.data / "postmaster.pid").write_text(f"{other.pid}\n")
        started = time.monotonic()
        with running(cluster):
            assert other.poll() is None
        assert time.monotonic() - started < postgres.STOP_S
    finally:
        other.kill()
        other.wait()


def test_files_are_private_and_folders_above_keep_their_modes(folder: Path) -> None:
    home = folder / "data" / "web-db"
    home.parent.mkdir()
    before = [(each, each.stat().st_mode) for each in home.parents]
    cluster = make_cluster(home, free_port())
    with running(cluster):
        assert stat.S_IMODE((cluster.home / "password").stat().st_mode) == 0o600
        assert stat.S_IMODE(cluster.data.stat().st_mode) == 0o700
    assert [(each, each.stat().st_mode) for each in home.parents] == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as another user")
def test_root_starts_it_elsewhere_if_the_other_user_cannot_reach_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Path("/var/tmp/clickstream-test-home")
    monkeypatch.setattr(postgres, "ROOT_HOME", home)
    monkeypatch.delenv("SUDO_UID", raising=False)
    folder = tmp_path / "closed" / "web-db"
    folder.parent.mkdir(mode=0o700)
    try:
        cluster = make_cluster(folder, free_port())
        assert cluster.home.parent == home
        with running(cluster) as process:
            assert Path(f"/proc/{process.pid}").stat().st_uid == postgres.UNPRIVILEGED_UID
        assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    finally:
        subprocess.run(["rm", "-rf", str(home)], check=True)


def test_programs_must_have_the_version_that_made_the_data() -> None:
    assert postgres.major_version(find_programs()) >= postgres.OLDEST_MAJOR
    with pytest.raises(UnavailableError, match="PostgreSQL 14, which made the data, is not installed"):
        find_programs(14)
