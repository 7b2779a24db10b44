"""The bootstrap: a second run changes nothing, no secret is shown, and the volume is never formatted twice."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from clickstream.cloud import names
from tests.instance.machine import Machine, Role

pytestmark = pytest.mark.slow

ROLES = pytest.mark.parametrize("role", ["warehouse", "web"])
# PostgreSQL writes its own files all the time; the settings in its folder are ours.
_OURS = re.compile(r"var/lib/clickstream/pgsql/([a-z_]+\.conf|(server|root)\.(crt|key))$")


def machine_of(role: Role, request: pytest.FixtureRequest) -> Machine:
    machine: Machine = request.getfixturevalue(f"{role}_instance")
    return machine


def tree(root: Path) -> dict[str, tuple[int, int, int, str, int]]:
    """Return mode, owner, group, content and time of change of every file that a script writes."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if "/pgsql/" in name and not _OURS.search(name):
            continue
        facts = path.lstat()
        is_file = path.is_file() and not path.is_symlink()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if is_file else ""
        changed = facts.st_mtime_ns if is_file else 0
        found[name] = (facts.st_mode, facts.st_uid, facts.st_gid, content, changed)
    return found


def parameters(machine: Machine) -> dict[str, str]:
    return {path.name: path.read_text() for path in (machine.folder / "ssm").iterdir()}


def roles_of(machine: Machine) -> str:
    sql = "select rolname, rolcanlogin, rolsuper, rolcreaterole, rolconnlimit, rolconfig from pg_roles order by 1"
    return machine.psql("root", "postgres", "postgres", sql).stdout


@ROLES
def test_a_second_run_changes_no_file_no_parameter_and_no_role(role: Role, request: pytest.FixtureRequest) -> None:
    machine = machine_of(role, request)
    before = tree(machine.root), parameters(machine), roles_of(machine)
    calls = len(machine.called())
    server = (machine.folder / "postgresql.pid").read_text()
    done = machine.script("bootstrap.sh")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tree(machine.root), parameters(machine), roles_of(machine)) == before
    again = machine.called()[calls:]
    assert not [call for call in again if re.match(r"(mkfs\.xfs|mount |dnf|useradd|python3\.13|pip|aws ssm put)", call)]
    assert (machine.folder / "postgresql.pid").read_text() == server, "the database was restarted"


@ROLES
def test_a_trace_of_every_script_shows_no_secret(role: Role, request: pytest.FixtureRequest) -> None:
    machine = machine_of(role, request)
    # Without them in SSM, the trace covers how they are made; the clients' passwords are then new ones.
    for path in (machine.folder / "ssm").iterdir():
        path.unlink()
    (machine.pki / "server.crt").unlink()
    shown = ""
    for name in ("volume", "packages", "users", "certificates", "database", "secrets", "units", "renew"):
        done = machine.script(f"{name}.sh", "-x")
        assert done.returncode == 0, done.stderr
        assert f"+ . {machine.bundle}/scripts/lib.sh" in done.stderr
        shown += done.stdout + done.stderr
    shown += "\n".join(machine.called()) + (machine.folder / "postgresql.log").read_text()
    secrets = [machine.parameter(path.name.replace("~", "/")) for path in (machine.folder / "ssm").iterdir()]
    secrets = [each for each in secrets if each["Type"] == "SecureString"]
    assert len(secrets) == {"warehouse": 1, "web": 5}[role]
    for line in "\n".join(each["Value"] for each in secrets).splitlines():
        assert line.startswith("-----") or line not in shown
    for key in machine.pki.glob("*.key"):
        assert not [line for line in key.read_text().splitlines()[1:-1] if line in shown], key.name
    assert not list((machine.root / "run").glob("clickstream.*")), "values were left in memory"


@ROLES
def test_files_with_secrets_are_readable_by_their_owner_only(role: Role, request: pytest.FixtureRequest) -> None:
    machine = machine_of(role, request)
    for path in [*machine.pki.iterdir(), machine.data / "pgsql/server.key", machine.root / "etc/clickstream"]:
        is_folder = path.is_dir()
        assert is_folder or path.lstat().st_mode & 0o077 == 0, path
    for folder in (machine.pki, machine.data / "pgsql", machine.data / "dumps"):
        assert folder.stat().st_mode & 0o077 == 0, folder


def test_parameters_have_the_names_and_types_that_their_readers_expect(
    warehouse_instance: Machine, web_instance: Machine
) -> None:
    published = {each["Name"]: each["Type"] for m in (warehouse_instance, web_instance) for each in _all(m)}
    texts = {names.WAREHOUSE_CA, names.WEB_CA, names.SHOP_CA, names.SHOP_CERTIFICATE, names.TRUTH_CERTIFICATE}
    secrets = {names.ETL_PASSWORD, names.SHOP_PASSWORD, names.SHOP_KEY, names.SHOP_SECRET}
    secrets |= {names.TRUTH_PASSWORD, names.TRUTH_KEY}
    assert published == dict.fromkeys(texts, "String") | dict.fromkeys(secrets, "SecureString")


def _all(machine: Machine) -> list[dict[str, str]]:
    return [machine.parameter(path.name.replace("~", "/")) for path in (machine.folder / "ssm").iterdir()]


@pytest.mark.parametrize("content", ["ext4", ""], ids=["another file system", "partitions"])
def test_a_volume_with_other_content_is_left_as_it_is(warehouse_instance: Machine, content: str) -> None:
    state = warehouse_instance.folder / "state/filesystem"
    before = state.read_text()
    calls = len(warehouse_instance.called())
    state.write_text(content)
    try:
        done = warehouse_instance.script("volume.sh")
    finally:
        state.write_text(before)
    assert done.returncode == 1
    assert f"holds {content or 'partitions'}, not xfs; it was left as it is" in done.stderr
    assert not [call for call in warehouse_instance.called()[calls:] if call.startswith(("mkfs", "mount "))]


def test_the_file_systems_table_has_one_line_for_the_volume(warehouse_instance: Machine) -> None:
    lines = (warehouse_instance.root / "etc/fstab").read_text().splitlines()
    assert lines[0] == "UUID=1111-2222 / xfs defaults 0 0"
    assert [line.split()[:3] for line in lines[1:]] == [
        ["UUID=0b3a1c52-0000-4000-8000-000000000001", "/var/lib/clickstream", "xfs"]
    ]


def test_wheels_are_installed_without_a_registry_and_with_hashes(warehouse_instance: Machine) -> None:
    (pip,) = [call for call in warehouse_instance.called() if call.startswith("pip ")]
    for option in ("--no-index", "--require-hashes", f"--find-links {warehouse_instance.bundle}/wheels"):
        assert option in pip


def test_another_version_of_the_platform_gets_its_own_environment(warehouse_instance: Machine) -> None:
    home = warehouse_instance.root / "opt/clickstream"
    before = (home / "venv").resolve()
    requirements = warehouse_instance.bundle / "requirements.txt"
    requirements.write_text(requirements.read_text() + "# another version\n")
    done = warehouse_instance.script("packages.sh")
    assert done.returncode == 0, done.stderr
    assert (home / "venv").resolve() != before
    assert [path.name for path in (home / "venvs").iterdir()] == [(home / "venv").resolve().name]


def test_the_dashboard_compares_orders_once_the_shop_has_published_its_certificate(
    warehouse_instance: Machine, web_instance: Machine
) -> None:
    folder = warehouse_instance.root / "etc/clickstream/truth"
    done = warehouse_instance.script("truth.sh")
    assert (done.returncode, "has not published web/ca yet" in done.stdout) == (0, True)
    assert not folder.exists()
    for path in (web_instance.folder / "ssm").iterdir():
        (warehouse_instance.folder / "ssm" / path.name).write_text(path.read_text())
    calls = len(warehouse_instance.called())
    for _ in range(2):
        done = warehouse_instance.script("truth.sh")
        assert done.returncode == 0, done.stderr
    restarts = [call for call in warehouse_instance.called()[calls:] if call.startswith("systemctl")]
    assert restarts == ["systemctl try-restart clickstream-dashboard.service"]
    can_read = warehouse_instance.run_as("clickstream-dashboard", "cat", str(folder / "truth.key"))
    assert can_read.stdout == (web_instance.pki / "truth.key").read_text()
    assert warehouse_instance.run_as("clickstream", "cat", str(folder / "truth.key")).returncode == 1
    assert (folder / "password").stat().st_mode & 0o777 == 0o600
    address = f"postgresql://truth@{names.WEB_ADDRESS}:{names.POSTGRES_PORT}/{names.WEB_DATABASE}?sslmode=verify-full"
    assert address in (folder / "dashboard.env").read_text()
    for path in (web_instance.folder / "ssm").iterdir():
        (warehouse_instance.folder / "ssm" / path.name).unlink()
