"""The wheel: everything is in it, and it works in an empty environment with the newest versions that it allows."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.house.test_house import ROOT, tracked_files
from tests.patience import wait_until
from tests.ports import free_port

pytestmark = pytest.mark.slow

NOTHING = "http://127.0.0.1:9"
"""A proxy that does not exist: whatever leaves this machine fails."""
SAMPLE = ("2008-01-01", "2009-01-01")
EVENT = {"eventName": "page_view", "clientId": "wheel", "pageUrl": "https://shop.example/"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is tracked, as a clone has it: a build leaves files in the folder that it builds."""
    folder = tmp_path_factory.mktemp("checkout")
    for path in tracked_files():
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return folder


@pytest.fixture(scope="module")
def built(checkout: Path) -> Path:
    """The folder of the source archive, and of the wheel that is built from it."""
    assert build(checkout).returncode == 0
    return checkout / "dist"


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and the newest versions of what it needs, without a lock file."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    (wheel,) = built.glob("*.whl")
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    done = subprocess.run([*pip, "--only-binary", ":all:", str(wheel)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `python -m build` with the setuptools of this environment."""
    command = [sys.executable, "-m", "build", "--no-isolation", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def package_files(names: list[str], prefix: str) -> set[str]:
    return {name.removeprefix(prefix) for name in names if name.startswith(f"{prefix}clickstream/")}


def test_wheel_and_source_archive_have_every_file_of_the_package(built: Path) -> None:
    package = ROOT / "src" / "clickstream"
    files = [path for path in tracked_files() if path.is_relative_to(package) and not path.name.startswith(".")]
    expected = {str(path.relative_to(ROOT / "src")) for path in files}
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert package_files(archive.namelist(), "") == expected
        assert "shop/" not in {name.split("/")[0] + "/" for name in archive.namelist()}
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as sources:
        prefix = f"{source.name.removesuffix('.tar.gz')}/src/"
        names = [member.name for member in sources.getmembers() if member.isfile()]
        assert package_files(names, prefix) == expected


@pytest.mark.parametrize("content", [None, ""], ids=["missing", "empty"])
def test_build_without_a_script_of_the_tracker_fails_and_names_the_command(
    content: str | None, checkout: Path, tmp_path: Path
) -> None:
    for name in ("src", "pyproject.toml", "setup.py", "README.md", "LICENSE"):
        path = checkout / name
        if path.is_dir():
            shutil.copytree(path, tmp_path / name, ignore=shutil.ignore_patterns("*.egg-info"))
        else:
            shutil.copy(path, tmp_path)
    script = tmp_path / "src" / "clickstream" / "collect" / "static" / "clickstream.extra.js"
    script.unlink()
    if content is not None:
        script.write_text(content)
    done = build(tmp_path)
    assert done.returncode != 0
    assert "clickstream.extra.js; run make tracker" in done.stdout + done.stderr
    assert not list(tmp_path.glob("dist/*.whl"))


def test_versions_satisfy_each_other(installed: Path) -> None:
    done = subprocess.run([installed / "python", "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_platform_starts_in_an_empty_folder_and_counts_an_event(installed: Path, tmp_path: Path) -> None:
    """With the sample from the wheel, without a network beyond this machine."""
    with platform_in(tmp_path, installed) as port:
        assert overview(installed, tmp_path, *SAMPLE) > 10_000
        today = time.time()
        days = [time.strftime("%Y-%m-%d", time.gmtime(today + shift * 86_400)) for shift in (-1, 2)]
        assert overview(installed, tmp_path, *days) == 0
        request = urllib.request.Request(f"http://127.0.0.1:{port}/clickstream", json.dumps(EVENT).encode())
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=60) as response:
            assert json.load(response)["accepted"] == 1
        wait_until(lambda: overview(installed, tmp_path, *days) == 1, "visitor")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/clickstream.js", timeout=60) as script:
            assert len(script.read()) > 1000


@contextmanager
def platform_in(folder: Path, programs: Path) -> Iterator[int]:
    """Run `clickstream up --no-shop` in a folder; yield the collector's port once all parts respond."""
    collector, dashboard = free_port(), free_port()
    ports = ["--collector-port", str(collector), "--dashboard-port", str(dashboard)]
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [programs / "clickstream", "up", "--no-shop", *ports],
            cwd=folder,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    output = (folder / "up.log").read_text
    try:
        wait_until(lambda: process.poll() is not None or "marked as sample" in output(), "sample", output)
        wait_until(lambda: process.poll() is not None or is_up(dashboard), "dashboard", output)
        assert process.poll() is None, output()
        yield collector
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0, output()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def environment(folder: Path) -> dict[str, str]:
    """Return an environment without settings, other programs, or a way to a network."""
    proxies = {name: NOTHING for each in ("http_proxy", "https_proxy", "all_proxy") for name in (each, each.upper())}
    home = {"HOME": str(folder), "PATH": "", "NO_COLOR": "1", "LANG": os.environ.get("LANG", "C.UTF-8")}
    return home | proxies | {"no_proxy": "127.0.0.1,localhost", "NO_PROXY": "127.0.0.1,localhost"}


def is_up(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/sbw_dashboard/", timeout=10) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def overview(programs: Path, folder: Path, first: str, end: str) -> int:
    """Return the visitors that `clickstream metric overview` counts between two days."""
    command = [str(programs / "clickstream"), "metric", "overview", "--json", "--from", first, "--to", end]
    done = subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return int(json.loads(done.stdout)["rows"][0]["visitors"])
