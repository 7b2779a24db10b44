"""The scripts as texts, and the first boot: the user data fetches a bundle and runs it only if its content is right."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from clickstream.cloud import names
from clickstream.cloud.bundle import content_hash
from tests.house.test_house import MAX_FILE_LINES
from tests.instance.conftest import require
from tests.instance.machine import INSTANCE, PROGRAMS, Machine, missing, new_machine

SCRIPTS = [*sorted(INSTANCE.glob("scripts/*.sh")), *sorted(PROGRAMS.glob("*.sh"))]
USER_DATA = INSTANCE / "user-data.sh"
PLACEHOLDERS = {
    "Role", "Volume", "Address", "PublicAddress", "RawBucket",
    "Parameters", "BundleParameter", "CollectorUrl", "WaitUrl", "Region",
}  # fmt: skip


def without_placeholders() -> str:
    return re.sub(r"\$\{\w+\}", "value", USER_DATA.read_text())


def shellcheck(*options: str, text: str | None = None) -> str:
    require(None if shutil.which("shellcheck") else "the Debian package shellcheck")
    command = ["shellcheck", "--external-sources", *options]
    done = subprocess.run(command, input=text, cwd=INSTANCE / "scripts", capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing(path: Path) -> None:
    assert shellcheck(str(path)) == ""


def test_shellcheck_finds_nothing_in_the_user_data_and_in_the_command_that_it_writes() -> None:
    text = without_placeholders()
    assert shellcheck("-", text=text) == ""
    command = text.partition("<<'UPDATE'\n")[2].partition("UPDATE\n")[0]
    assert command.startswith("#!/bin/bash")
    assert shellcheck("--exclude=SC1091", "-", text=command) == ""  # instance.env exists on the instance only


def test_shellcheck_is_at_work() -> None:
    assert "SC2086" in shellcheck("-", text="#!/bin/bash\nrm $1\n")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_stops_at_its_first_error_and_stays_small(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) <= MAX_FILE_LINES / 2
    is_sourced = lines[0].startswith("# shellcheck shell=bash")
    assert is_sourced or (lines[0] == "#!/bin/bash" and "set -euo pipefail" in lines)


def test_the_user_data_has_the_placeholders_that_the_infrastructure_fills() -> None:
    text = USER_DATA.read_text()
    assert set(re.findall(r"\$\{(.*?)\}", text)) == PLACEHOLDERS
    assert len(text.encode()) < 4096


def test_names_are_those_of_the_infrastructure() -> None:
    text = (INSTANCE / "scripts/names.sh").read_text()
    found = dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))
    assert len(found) >= 15
    for name, value in found.items():
        expected = str(getattr(names, name))
        assert value == expected.removeprefix(f"{names.PARAMETERS}/"), name
    for role, user in (("warehouse", "etl"), ("web", "truth")):
        lines = (INSTANCE / f"postgresql/{role}/pg_hba.conf").read_text().splitlines()
        (line,) = [line.split() for line in lines if line.startswith("hostssl") and f" {user} " in line]
        assert line[3] == names.PRIVATE_CIDR


@pytest.fixture
def received() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """An address that stands for the one where CloudFormation waits, and what it received."""
    found: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            assert self.headers["Content-Type"] is None, "the signature does not cover a type"
            found.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/wait?X-Amz-Signature=abc&X-Amz-Expires=1", found
        server.shutdown()
        thread.join()


@pytest.fixture
def new_instance() -> Iterator[Machine]:
    """A machine whose bundle is in S3 instead of on its disk; its bootstrap only says who it is."""
    require(missing())
    with new_machine("web") as machine:
        folder = machine.folder / "built"
        (folder / "scripts").mkdir(parents=True)
        (folder / "scripts/bootstrap.sh").write_text('echo "role $INSTANCE_ROLE in $AWS_REGION" >"$MACHINE/booted"\n')
        (folder / "scripts/é z.txt").write_text("a name that sorts differently in each language\n")
        (folder / "A.txt").write_text("")
        (machine.folder / "s3/assets").mkdir()
        shutil.make_archive(str(machine.folder / "s3/assets/bundle"), "zip", folder)
        put_bundle(machine, content_hash(folder))
        shutil.rmtree(machine.root)
        machine.root.mkdir()
        yield machine


def put_bundle(machine: Machine, digest: str) -> None:
    value = {"Name": names.BUNDLE, "Type": "String", "Value": f"s3://assets/bundle.zip {digest}"}
    (machine.folder / "ssm" / names.BUNDLE.strip("/").replace("/", "~")).write_text(json.dumps(value))


def boot(machine: Machine, url: str) -> subprocess.CompletedProcess[str]:
    """Run the user data as cloud-init does, in the folder of the machine."""
    text = USER_DATA.read_text()
    for name in PLACEHOLDERS:
        values = {"Role": "web", "WaitUrl": url, "BundleParameter": names.BUNDLE, "Region": "eu-central-1"}
        text = text.replace(f"${{{name}}}", values.get(name, name))
    for place in ("/etc/clickstream", "/usr/local/sbin", "/run/", "/opt/clickstream"):
        text = text.replace(place, f"{machine.root}{place}")
    text = text.replace("sleep 10", "sleep 0.01")
    for place in ("usr/local/sbin", "run"):
        (machine.root / place).mkdir(parents=True)
    return machine.run("bash", "-c", text)


def test_the_first_boot_runs_the_bundle_and_reports_success(
    new_instance: Machine, received: tuple[str, list[dict[str, str]]]
) -> None:
    url, signals = received
    done = boot(new_instance, url)
    assert done.returncode == 0, done.stderr
    assert (new_instance.folder / "booted").read_text() == "role web in eu-central-1\n"
    assert signals == [{"Status": "SUCCESS", "Reason": "ready", "UniqueId": "web", "Data": "ready"}]
    assert (new_instance.root / "etc/clickstream/instance.env").stat().st_mode & 0o777 == 0o600
    assert "Signature" not in done.stdout + done.stderr
    # The stack no longer waits when the command runs again.
    (new_instance.folder / "booted").unlink()
    again = new_instance.run(
        "bash",
        "-c",
        f"sed -i s/{url.split(':')[2].partition('/')[0]}/9/ "
        f"{new_instance.root}/etc/clickstream/instance.env; {new_instance.root}/usr/local/sbin/clickstream-update",
    )
    assert (again.returncode, (new_instance.folder / "booted").exists()) == (0, True), again.stderr
    assert "the stack no longer waits" in again.stdout


def test_a_bundle_with_other_content_is_never_run(
    new_instance: Machine, received: tuple[str, list[dict[str, str]]]
) -> None:
    url, signals = received
    put_bundle(new_instance, "0" * 64)
    assert boot(new_instance, url).returncode == 1
    assert not (new_instance.folder / "booted").exists()
    assert [each["Status"] for each in signals] == ["FAILURE"]
    assert "cloud-init-output.log" in signals[0]["Reason"]
    tries = [call for call in new_instance.called() if call.startswith("aws s3 cp")]
    assert len(tries) == 60


def test_a_failed_bootstrap_is_reported(new_instance: Machine, received: tuple[str, list[dict[str, str]]]) -> None:
    url, signals = received
    folder = new_instance.folder / "built"
    (folder / "scripts/bootstrap.sh").write_text("exit 3\n")
    shutil.make_archive(str(new_instance.folder / "s3/assets/bundle"), "zip", folder)
    put_bundle(new_instance, content_hash(folder))
    assert boot(new_instance, url).returncode == 1
    assert [each["Status"] for each in signals] == ["FAILURE"]
