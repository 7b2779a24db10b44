"""The built packages: the same names and bytes each time, binaries for the target, and a bundle that is complete."""

from __future__ import annotations

import hashlib
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from clickstream.cloud.packages import Target
from clickstream.cloud.packages.builder import ROOT, size_bytes
from clickstream.cloud.packages.functions import MAX_BYTES
from clickstream.cloud.packages.instance import build_wheel, fill_instance
from clickstream.cloud.packages.tools import uv
from tests.house.test_house import tracked_files

pytest_plugins = ["tests.cloud.packaged"]
pytestmark = pytest.mark.slow

AARCH64 = 183
"""The number of the architecture in the header of an ELF file."""
GLIBC_OF_AMAZON_LINUX = (2, 34)
SYSTEM_LIBRARIES = {
    "ld-linux-aarch64.so.1",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "libresolv.so.2",
    "libstdc++.so.6",
    "libz.so.1",
}
"""What a binary may take from Amazon Linux 2023; all else must be in the package."""
INGEST_BYTES = 32 * 2**20
"""The collector stays small, because its cold starts delay responses."""
NAMES = ("ingest", "etl")


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All packages, made by the command that `clickstream deploy` and `make synth` rely on."""
    out = tmp_path_factory.mktemp("shipped")
    command = [sys.executable, "-m", "clickstream.cloud.packages", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


def files_in(folder: Path) -> dict[str, Path]:
    return {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}


def digests(folder: Path) -> dict[str, tuple[str, int, float]]:
    return {
        name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mode, path.stat().st_mtime)
        for name, path in files_in(folder).items()
    }


def without_platform(name: str) -> str | None:
    """Return the name of a file without what its platform decides; None for a bundled system library."""
    if re.match(r"[^/]+\.libs/", name):
        return None
    return re.sub(r"\.(?:cpython-\d+-\w+-linux-gnu|abi3)\.so$", ".so", name)


def binaries(folder: Path) -> Iterator[tuple[str, bytes]]:
    for name, path in files_in(folder).items():
        content = path.read_bytes()
        if content[:4] == b"\x7fELF":
            yield name, content


def test_a_second_build_makes_the_same_bytes(shipped: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "clickstream.cloud.packages", str(tmp_path)]
    subprocess.run(command, capture_output=True, check=True)
    assert {path.name for path in shipped.iterdir()} == {"ingest", "etl", "instance"}
    assert digests(tmp_path) == digests(shipped)


@pytest.mark.parametrize("name", NAMES)
def test_shipped_files_are_those_that_run_here(name: str, shipped: Path, functions_here: Path) -> None:
    there, here = files_in(shipped / name), files_in(functions_here / name)
    assert {without_platform(file) for file in there} == {without_platform(file) for file in here}
    differing = {file for file in there.keys() & here.keys() if there[file].read_bytes() != here[file].read_bytes()}
    assert [file for file in differing if not re.search(r"\.so\b|\.dist-info/(?:WHEEL|sboms/)", file)] == []


@pytest.mark.parametrize("name", NAMES)
def test_binaries_are_for_the_target_and_its_system(name: str, shipped: Path) -> None:
    found = dict(binaries(shipped / name))
    assert len(found) >= 3
    bundled = {file.rpartition("/")[2] for file in found}
    for file, content in found.items():
        assert struct.unpack_from("<H", content, 18)[0] == AARCH64, file
        versions = re.findall(rb"\bGLIBC_(\d+)\.(\d+)", content)
        assert versions, file
        assert max((int(major), int(minor)) for major, minor in versions) <= GLIBC_OF_AMAZON_LINUX, file
        assert needed_libraries(content) <= SYSTEM_LIBRARIES | bundled, file
        tag = re.search(r"cpython-(\d+)", file)
        assert tag is None or tag[1] == Target().python.replace(".", ""), file


def needed_libraries(elf: bytes) -> set[str]:
    """Return the names in DT_NEEDED of a 64-bit little-endian ELF file."""
    (offset,) = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    segments = [struct.unpack_from("<IIQQQQ", elf, offset + size * number) for number in range(count)]
    loads = [(start, at, length) for kind, _, start, at, _, length in segments if kind == 1]
    (dynamic,) = [(start, length) for kind, _, start, _, _, length in segments if kind == 2]
    entries = list(struct.iter_unpack("<QQ", elf[dynamic[0] : dynamic[0] + dynamic[1]]))
    (strings_at,) = [value for tag, value in entries if tag == 5]
    strings = next(start + strings_at - at for start, at, length in loads if at <= strings_at < at + length)
    starts = [strings + value for tag, value in entries if tag == 1]
    return {elf[start : elf.index(b"\0", start)].decode() for start in starts}


@pytest.mark.parametrize(("name", "limit"), [("ingest", INGEST_BYTES), ("etl", MAX_BYTES)])
def test_contents_are_below_the_limit(name: str, limit: int, shipped: Path) -> None:
    assert size_bytes(shipped / name) < limit


@pytest.mark.parametrize("name", NAMES)
def test_contents_have_the_modules_of_the_function_and_no_leftovers(name: str, shipped: Path) -> None:
    names = set(files_in(shipped / name))
    handler = {"ingest": "clickstream/collect/aws.py", "etl": "clickstream/cloud/etl_handler.py"}[name]
    assert handler in names
    assert ("clickstream/warehouse/schema/0001_tables.sql" in names) == (name == "etl")
    assert not any(file.startswith(("clickstream/dashboard/", "clickstream/local/", "boto")) for file in names)
    assert [file for file in names if re.search(r"__pycache__|\.pyc$|/tests/|/RECORD$|\.lock$", file)] == []


def test_bundle_has_all_wheels_with_their_hashes(shipped: Path) -> None:
    bundle = shipped / "instance"
    lines = dict(
        line.split(" --hash=sha256:") for line in (bundle / "requirements.txt").read_text("ascii").splitlines()
    )
    wheels = sorted((bundle / "wheels").iterdir())
    assert sorted(lines.values()) == sorted(hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels)
    platforms = {wheel.stem.rpartition("-")[2] for wheel in wheels}
    assert all(tag == "any" or "aarch64" in tag for tag in platforms), platforms


def test_bundle_satisfies_every_dependency_of_its_wheels(shipped: Path) -> None:
    """Resolved for the target, from the bundle alone: nothing is missing, and no version contradicts another."""
    bundle = shipped / "instance"
    command = [uv(), "pip", "compile", "--no-index", "--find-links", str(bundle / "wheels"), "--no-header", "--quiet"]
    target = ["--python-platform", Target().uv_platform, "--python-version", Target().python, "--no-annotate"]
    resolved = subprocess.run(
        [*command, *target, "-"], input="clickstream", capture_output=True, text=True, check=False
    )
    assert resolved.returncode == 0, resolved.stderr
    listed = {line.split(" ")[0] for line in (bundle / "requirements.txt").read_text("ascii").splitlines()}
    assert set(resolved.stdout.split()) <= listed


def test_bundle_for_this_machine_installs_without_an_index_and_runs(tmp_path: Path) -> None:
    """As infra/instance/scripts/packages.sh does it."""
    bundle, environment = tmp_path / "bundle", tmp_path / "environment"
    bundle.mkdir()
    fill_instance(bundle, Target.here(), ROOT)
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    pip = [str(environment / "bin" / "pip"), "--quiet", "--disable-pip-version-check", "install", "--no-index"]
    files = ["--find-links", str(bundle / "wheels"), "--requirement", str(bundle / "requirements.txt")]
    installed = subprocess.run([*pip, "--require-hashes", *files], capture_output=True, text=True, check=False)
    assert installed.returncode == 0, installed.stderr
    roles = [str(environment / "bin" / "clickstream"), "warehouse", "roles"]
    printed = subprocess.run(roles, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "create role clickstream_loader" in printed


def test_bundle_has_the_files_of_the_instances(shipped: Path) -> None:
    bundle = files_in(shipped / "instance")
    source = files_in(ROOT / "infra" / "instance")
    expected = {name for name in source if not name.endswith(".md") and "__pycache__" not in name}
    assert expected
    assert {name: bundle[name].read_bytes() for name in expected} == {
        name: source[name].read_bytes() for name in expected
    }
    assert "scripts/bootstrap.sh" in bundle


def test_wheel_has_every_file_of_the_package(tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path, ROOT)
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = ROOT / "src" / "clickstream"
    expected = {path for path in tracked_files() if path.is_relative_to(package) and not path.name.startswith(".")}
    assert names == {str(path.relative_to(ROOT / "src")) for path in expected}
