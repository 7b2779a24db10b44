"""An instance in a folder: the real scripts, a real PostgreSQL with TLS, and system users that only its processes know.

In: a role, and the programs of PostgreSQL. Out: a `Machine` whose scripts run as on an instance, with CLICKSTREAM_ROOT
as the root folder. Real are the shell, OpenSSL, PostgreSQL and its clients, the platform's commands, owners and modes
of files, and the identity of processes: libnss_wrapper gives them the passwd file of the machine. Only what would
change this computer is recorded instead: packages, the volume, systemd, and AWS.

The one change to the settings is the private network, because a test has no address in it: 127.0.128.0/20 stands for
10.0.128.0/20.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.house.test_house import ROOT

INSTANCE = ROOT / "infra" / "instance"
PROGRAMS = Path(__file__).parent / "programs"
WRAPPER = next(Path("/usr/lib").glob("*/libnss_wrapper.so"), None)
POSTGRES = Path("/usr/lib/postgresql/15/bin")
PUBLIC_ADDRESS = "203.0.113.7"
WAIT_URL = "http://127.0.0.1:9/wait?signature=s3cret"
_RECORDED = ("rpm", "dnf", "blkid", "mkfs.xfs", "mountpoint", "mount", "xfs_growfs", "useradd", "python3.13", "pip")
_ENVIRONMENT = {"LANG": "C.UTF-8", "CLICKSTREAM_RETRY_S": "0.1"}
Role = Literal["warehouse", "web"]


def missing() -> str | None:
    """Return what a machine needs and this computer lacks."""
    if os.geteuid() != 0:
        return "root, to give files to system users"
    needed = {"libnss-wrapper": WRAPPER is not None, "postgresql-15": POSTGRES.exists()}
    needed["openssl"] = shutil.which("openssl") is not None
    needed["python3"] = reachable_python() is not None
    absent = [name for name, is_there in needed.items() if not is_there]
    return f"the Debian packages {', '.join(absent)}" if absent else None


def reachable_python() -> Path | None:
    """Return a Python of our version that every system user can run: ours may be in a private folder."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (Path(sys.executable).resolve(), Path("/usr/bin") / version):
        if path.exists() and all(folder.stat().st_mode & 0o001 for folder in path.parents):
            return path
    return None


@dataclass
class Machine:
    """The folder of an instance. address: where its PostgreSQL listens."""

    folder: Path
    role: Role
    address: str
    calls: Path = field(init=False)

    def __post_init__(self) -> None:
        self.calls = self.folder / "calls.log"

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def bundle(self) -> Path:
        return self.root / "opt/clickstream/bundle"

    @property
    def data(self) -> Path:
        return self.root / "var/lib/clickstream"

    @property
    def pki(self) -> Path:
        return self.data / "pki"

    @property
    def socket(self) -> Path:
        return self.root / "run/postgresql"

    @property
    def environment(self) -> dict[str, str]:
        return _ENVIRONMENT | {
            "PATH": f"{self.folder / 'bin'}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "MACHINE": str(self.folder),
            "CLICKSTREAM_ROOT": str(self.root),
            "LD_PRELOAD": str(WRAPPER),
            "NSS_WRAPPER_PASSWD": str(self.folder / "passwd"),
            "NSS_WRAPPER_GROUP": str(self.folder / "group"),
        }

    def script(self, name: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the bundle; options are those of bash."""
        return self.run("bash", *options, str(self.bundle / "scripts" / name))

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command as root of the machine."""
        environment = self.environment | more
        return subprocess.run(
            command, env=environment, cwd="/", capture_output=True, text=True, check=False, timeout=240
        )

    def run_as(self, user: str, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a system user of the machine."""
        switch = ("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--")
        return self.run(*switch, *command, **more)

    def psql(self, user: str, role: str, database: str, sql: str) -> subprocess.CompletedProcess[str]:
        """Run SQL through the socket, as a system user that connects with a role of the database."""
        url = f"postgresql:///{database}?host={self.socket}&user={role}"
        psql = f"{POSTGRES}/psql -XqAt -v ON_ERROR_STOP=1 -v VERBOSITY=verbose".split()
        return self.run_as(user, *psql, url, "-c", sql)

    def parameter(self, name: str) -> dict[str, str]:
        """Return a parameter as it was put."""
        found: dict[str, str] = json.loads((self.folder / "ssm" / name.strip("/").replace("/", "~")).read_text())
        return found

    def called(self) -> list[str]:
        """Return the calls of recorded programs, in their order."""
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@contextmanager
def new_machine(role: Role) -> Iterator[Machine]:
    """Make an instance that has its bundle, and stop its server at the end."""
    folder = Path(tempfile.mkdtemp(prefix="clickstream-instance-"))
    folder.chmod(0o755)
    # Each machine has its own address, so that each can use the standard port.
    network = "128" if role == "warehouse" else "1"
    machine = Machine(folder, role, f"127.0.{network}.{random.randint(10, 250)}")
    try:
        _make_root(machine)
        _make_programs(machine)
        yield machine
    finally:
        machine.run("systemctl", "stop", "clickstream-postgresql.service")
        shutil.rmtree(folder)


def _make_root(machine: Machine) -> None:
    (machine.folder / "passwd").write_text("root:x:0:0::/root:/bin/bash\npostgres:x:61000:61000::/:/usr/sbin/nologin\n")
    (machine.folder / "group").write_text("root:x:0:\npostgres:x:61000:\n")
    for name in ("state", "ssm", "bin", "s3"):
        (machine.folder / name).mkdir()
    (machine.folder / "s3").chmod(0o777)
    for name in ("etc/clickstream", "etc/systemd/system", "dev/disk/by-id", "run", "var/lib"):
        (machine.root / name).mkdir(parents=True)
    (machine.root / "etc/fstab").write_text("UUID=1111-2222 / xfs defaults 0 0\n")
    (machine.root / "dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0abc").touch()
    (machine.root / "etc/clickstream/instance.env").write_text(facts(machine))
    shutil.copytree(INSTANCE, machine.bundle)
    for path in machine.bundle.glob("postgresql/*/pg_hba.conf"):
        path.write_text(path.read_text().replace(" 10.0.128.0/20 ", " 127.0.128.0/20 "))
    (machine.bundle / "wheels").mkdir()
    (machine.bundle / "requirements.txt").write_text("clickstream==0.1.0 --hash=sha256:0\n")


def facts(machine: Machine) -> str:
    """Return what the user data of this machine writes."""
    values = {
        "Role": machine.role,
        "Volume": "vol-0abc",
        "Address": machine.address,
        "PublicAddress": PUBLIC_ADDRESS if machine.role == "web" else "",
        "RawBucket": "raw-bucket",
        "Parameters": "/clickstream",
        "BundleParameter": "/clickstream/bundle",
        "CollectorUrl": "https://collector.example",
        "WaitUrl": WAIT_URL,
        "Region": "eu-central-1",
    }
    text = (INSTANCE / "user-data.sh").read_text().partition("<<'FACTS'\n")[2].partition("FACTS\n")[0]
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    assert "${" not in text
    return text


def _make_programs(machine: Machine) -> None:
    """Fill the folder that stands first in PATH. Each call of a recorded program is noted with its arguments."""
    note = 'printf \'%s %s\\n\' "$(basename "$0")" "$*" >>"$MACHINE/calls.log"\n'
    scripts = dict.fromkeys(_RECORDED, f'. "{PROGRAMS}/recorded.sh"')
    scripts["systemctl"] = f'. "{PROGRAMS}/systemctl.sh"'
    scripts["aws"] = f'exec env -u LD_PRELOAD /usr/bin/python3 "{PROGRAMS}/aws.py" "$@"'
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    python = f"PYTHONPATH={ROOT / 'src'}:{packages} PYTHONDONTWRITEBYTECODE=1 {reachable_python()}"
    scripts["clickstream"] = f'exec env {python} -m clickstream "$@"'
    for name, text in scripts.items():
        path = machine.folder / "bin" / name
        path.write_text(f"#!/bin/bash\n{'' if name == 'clickstream' else note}{text}\n")
        path.chmod(0o755)
    (machine.folder / "bin" / "postgres").symlink_to(POSTGRES / "postgres")
    machine.calls.touch(0o666)
    machine.calls.chmod(0o666)
