"""The bundle of the instances: all wheels that `clickstream` needs there, and the files of infra/instance/.

The instances have no way to a package index, so the bundle is complete: pip installs it with
`--no-index --find-links wheels --require-hashes -r requirements.txt`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

from clickstream.cloud.packages.target import Target
from clickstream.cloud.packages.tools import run
from clickstream.errors import CloudError

LOCK = "run.txt"
WHEEL_INPUTS = ("pyproject.toml", "setup.py", "README.md", "LICENSE")
SOURCE_DATE = "315619200"
"""The time of the files in the wheel, as build tools read it from SOURCE_DATE_EPOCH: 1980-01-02."""


def fill_instance(folder: Path, target: Target, root: Path) -> None:
    """Fill an empty folder with the bundle for a target, from the checkout at `root`.

    Raises CloudError when a wheel cannot be fetched or built, or infra/instance/ is missing.
    """
    files = root / "infra" / "instance"
    if not files.is_dir():
        raise CloudError("building the bundle of the instances", f"{files} is missing", "use a whole checkout")
    shutil.copytree(files, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", ".*", "*.md"))
    wheels = folder / "wheels"
    wheels.mkdir()
    fetch_wheels(wheels, target, root / "requirements" / LOCK)
    build_wheel(wheels, root)
    (folder / "requirements.txt").write_text("".join(map(_pinned, sorted(wheels.iterdir()))), encoding="ascii")


def build_wheel(out: Path, root: Path) -> Path:
    """Build the wheel of the project into a folder; return its file. The checkout at `root` is not changed.

    It is built from a copy: a build in place would take in modules that an earlier build left behind.
    """
    with tempfile.TemporaryDirectory(prefix="clickstream-wheel-") as temporary:
        copy, built = Path(temporary) / "source", Path(temporary) / "built"
        shutil.copytree(root / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        for name in WHEEL_INPUTS:
            shutil.copyfile(root / name, copy / name)
        for path in copy.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)  # the wheel keeps modes
        command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": SOURCE_DATE}
        run("building the wheel of clickstream", [*command, "--wheel-dir", str(built), str(copy)], environment)
        (wheel,) = built.iterdir()
        return Path(shutil.move(wheel, out / wheel.name))


def fetch_wheels(out: Path, target: Target, lock: Path) -> None:
    """Fetch the wheels of a lock file for a target into a folder; pip checks them against the hashes of the lock."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.writelines(needed_there(lock.read_text("utf-8"), target))
        requirements.flush()
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        wheels = ["--require-hashes", "--only-binary", ":all:", "--implementation", "cp"]
        machine = ["--python-version", target.python, "--abi", target.abi, "--abi", "abi3", "--abi", "none"]
        machine += [part for platform in target.wheel_platforms for part in ("--platform", platform)]
        files = ["--dest", str(out), "--requirement", requirements.name]
        run("fetching the wheels of the instances", [*command, *wheels, *machine, *files])


def needed_there(lock: str, target: Target) -> Iterator[str]:
    """Yield the requirements of a lock file that a target needs, as lines with their hashes, without markers.

    pip would judge the markers by the machine that it runs on.
    """
    for entry in lock.replace("\\\n", " ").splitlines():
        text, *hashes = entry.split("--hash=")
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        requirement = Requirement(text.strip())
        if requirement.marker is None or requirement.marker.evaluate(dict(target.markers)):
            parts = [f"{requirement.name}{requirement.specifier}", *(f"--hash={each.strip()}" for each in hashes)]
            yield f"{' '.join(parts)}\n"


def _pinned(wheel: Path) -> str:
    """Return the line of a requirements file that accepts this wheel and no other."""
    name, version, *_ = parse_wheel_filename(wheel.name)
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
