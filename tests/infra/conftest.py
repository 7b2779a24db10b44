"""The synthesized templates, made once for all workers by the command line of the CDK, as `make synth` makes them.

The packages are small stand-ins: what they contain is tested in tests/cloud, and the templates only name them.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house.test_house import ROOT
from tests.infra.template import Template

VARIANT = (
    "nearRealTime=true",
    "ec2messages=false",
    "databaseCidrs=203.0.113.0/24,198.51.100.7/32",
    "shopOrigins=https://shop.example",
    "alarmEmail=alarms@shop.example",
    "budgetUsd=70",
)
Synthesis = Callable[..., Path]


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as clickstream.cloud.packages makes it, with one file in each package."""
    return _packages(tmp_path_factory.mktemp("packages"), "first")


@pytest.fixture(scope="session")
def later_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of a later version."""
    return _packages(tmp_path_factory.mktemp("later"), "later")


def _packages(folder: Path, text: str) -> Path:
    for name in ("ingest", "etl", "instance"):
        (folder / name).mkdir()
        (folder / name / "content.txt").write_text(f"{name}: {text}", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def synthesize(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """Return a function that synthesizes with options of the context, and returns the folder of the result.

    The folder lies where all workers of a run find it; the first one fills it.
    """
    _require_cdk()
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent

    def run(name: str, packages: Path, *options: str) -> Path:
        folder = shared / f"cdk-{name}"
        with (shared / f"cdk-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "manifest.json").exists():
                result = cdk("synth", "--quiet", "--output", str(folder), packages=packages, options=options)
                assert result.returncode == 0, result.stdout + result.stderr
                assert (result.stdout + result.stderr).strip() == ""
        return folder

    return run


def cdk(*arguments: str, packages: Path, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run the command line of the CDK without credentials, and with a PATH that has no Node."""
    context = [part for option in (f"packages={packages}", *options) for part in ("--context", option)]
    environment = {"PATH": str(_programs(packages.parent)), "HOME": str(packages.parent)}
    command = ["sh", "infra/cdk.sh", *arguments, *context]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)


def _programs(parent: Path) -> Path:
    """Return a folder with the programs that infra/cdk.sh uses, and no others."""
    folder = parent / "programs"
    folder.mkdir(exist_ok=True)
    for name in ("sh", "dirname", "cmp", "cp"):
        program = shutil.which(name)
        assert program is not None, name
        if not (folder / name).exists():
            (folder / name).symlink_to(program)
    return folder


@pytest.fixture(scope="session")
def template(synthesize: Synthesis, packages: Path) -> Template:
    """The template with the defaults."""
    return Template(synthesize("default", packages))


@pytest.fixture(scope="session")
def variant(synthesize: Synthesis, later_packages: Path) -> Template:
    """The template of a later version, with other options than the defaults."""
    return Template(synthesize("variant", later_packages, *VARIANT))


@pytest.fixture(scope="session")
def without_instances(synthesize: Synthesis, packages: Path) -> Template:
    """The template with which an instance is replaced."""
    return Template(synthesize("without-instances", packages, "instances=false"))


def _require_cdk() -> None:
    """Skip without the CDK, which `make test-slow` installs; in CI its absence is a failure."""
    if importlib.util.find_spec("cdk_nag") is None:
        reason = "the AWS CDK is not installed; run make synth"
        if os.environ.get("CI") == "true":
            raise AssertionError(reason)
        pytest.skip(reason)
