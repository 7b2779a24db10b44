"""The units: systemd accepts them, they expose little, and they run what exists under users that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from clickstream.cloud import names
from clickstream.settings import PREFIX, Settings
from tests.instance.conftest import require
from tests.instance.machine import INSTANCE

UNITS = sorted((INSTANCE / "units").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
# The exposure that systemd 252 computes, times ten: 0 is best, 100 worst. An upgrade may change any file.
EXPOSURE = {"clickstream-certificates": 23, "clickstream-truth": 23, "clickstream-upgrade": 90}
USERS = {
    "clickstream-postgresql": "postgres",
    "clickstream-dashboard": "clickstream-dashboard",
    "clickstream-dump": "clickstream",
    "clickstream-send": "clickstream-sender",
}


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    require(None if shutil.which("systemd-analyze") else "the Debian package systemd")
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root folder with the units and the programs that they run."""
    root = tmp_path_factory.mktemp("root")
    shutil.copytree("/usr/lib/systemd/system", root / "usr/lib/systemd/system", symlinks=True)
    (root / "etc/systemd/system").mkdir(parents=True)
    for unit in UNITS:
        shutil.copy(unit, root / "etc/systemd/system")
    programs = ("bin/bash", "bin/kill", "opt/clickstream/venv/bin/clickstream", "opt/clickstream/postgresql/postgres")
    for program in programs:
        path = root / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    return root


def verify(root: Path, name: str) -> subprocess.CompletedProcess[str]:
    return analyze("verify", "--man=no", f"--root={root}", str(root / "etc/systemd/system" / name))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_accepts_the_unit_without_a_word(root: Path, unit: Path) -> None:
    done = verify(root, unit.name)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [("ProtectSistem=strict", "ProtectSistem"), ("ExecStart=/bin/nothing", "/bin/nothing")],
)
def test_a_wrong_unit_is_not_accepted(root: Path, line: str, complaint: str) -> None:
    text = (INSTANCE / "units/clickstream-dump.service").read_text()
    wrong = root / "etc/systemd/system/wrong.service"
    wrong.write_text(re.sub(r"^ExecStart=.*$", "", text, flags=re.MULTILINE) + line + "\nExecStart=/bin/bash\n")
    assert complaint in verify(root, wrong.name).stderr


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_the_exposure_of_a_service_stays_low(unit: Path) -> None:
    limit = EXPOSURE.get(unit.stem, 15)
    done = analyze("security", "--offline=true", f"--threshold={limit}", "--no-pager", str(unit))
    assert done.returncode == 0, done.stdout[-300:]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_runs_a_script_or_program_of_the_instance_as_its_user(unit: Path) -> None:
    text = unit.read_text()
    user = re.findall(r"^User=(.*)$", text, re.MULTILINE)
    assert user == ([USERS[unit.stem]] if unit.stem in USERS else [])
    for script in re.findall(r"/opt/clickstream/bundle/(\S+)", text):
        assert (INSTANCE / script).is_file()


def test_settings_in_units_exist(root: Path) -> None:
    texts = [unit.read_text() for unit in SERVICES] + [path.read_text() for path in (INSTANCE / "scripts").iterdir()]
    found = set(re.findall(rf"\b{PREFIX}([A-Z_]+)=", "\n".join(texts)))
    assert {"WAREHOUSE_URL", "DATA", "RAW_URL", "WEB_DB_URL", "COLLECTOR_URL"} <= found
    assert {name.lower() for name in found} <= set(Settings.model_fields)


def test_the_dashboard_starts_on_its_port_as_a_reader() -> None:
    text = (INSTANCE / "units/clickstream-dashboard.service").read_text()
    assert f"ExecStart=/opt/clickstream/venv/bin/clickstream dashboard --port {names.DASHBOARD_PORT}\n" in text
    assert f"postgresql:///{names.WAREHOUSE_DATABASE}?host=/run/postgresql&user=dashboard" in text
    assert f"SocketBindAllow=tcp:{names.DASHBOARD_PORT}\nSocketBindDeny=any\n" in text


def test_every_timer_starts_a_service() -> None:
    assert {unit.stem for unit in UNITS if unit.suffix == ".timer"} < {unit.stem for unit in SERVICES}
