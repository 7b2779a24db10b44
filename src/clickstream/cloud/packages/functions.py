"""The contents of a Lambda function: locked dependencies, and the modules of this project that its handler needs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from clickstream.cloud.packages.modules import needed_by
from clickstream.cloud.packages.target import Target
from clickstream.cloud.packages.tools import run, uv
from clickstream.errors import CloudError

MAX_BYTES = 250 * 2**20
"""The limit of AWS for the unzipped contents of a function."""
_UNNEEDED_FOLDERS = ("__pycache__", "bin", "tests")
_UNNEEDED_SUFFIXES = (".pyi", ".pyc", ".pyx", ".pxd", ".c", ".h")
_INSTALLER_FILES = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")


@dataclass(frozen=True, slots=True)
class Function:
    """name: of the folder. module: that of the handler. lock: the file of its dependencies, in requirements/."""

    name: str
    module: str
    lock: str


FUNCTIONS = (
    Function("ingest", "clickstream.collect.aws", "ingest-function.txt"),
    Function("etl", "clickstream.cloud.etl_handler", "etl-function.txt"),
)


def fill_function(folder: Path, function: Function, target: Target, root: Path) -> None:
    """Fill an empty folder with the contents of a function for a target, from the checkout at `root`.

    Raises CloudError when a wheel cannot be fetched, or the contents are larger than AWS accepts.
    """
    doing = f"installing the dependencies of {function.name}"
    wheels = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--no-compile-bytecode"]
    machine = ["--python-platform", target.uv_platform, "--python-version", target.python]
    lock = ["--link-mode", "copy", "-r", str(root / "requirements" / function.lock)]
    run(doing, [uv(), "pip", "install", "--system-certs", "--target", str(folder), *wheels, *machine, *lock])
    _strip(folder)
    source = root / "src"
    for path in needed_by(function.module, source).files:
        copy = folder / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if total > MAX_BYTES:
        why = f"expected at most {MAX_BYTES:,} bytes, got {total:,}"
        raise CloudError(f"building the function {function.name}", why, f"shorten requirements/{function.lock}")


def _strip(folder: Path) -> None:
    """Remove what running does not need, and what depends on how the wheels were installed.

    The names and versions of the dependencies stay: the ETL records some of them with each load.
    """
    for path in sorted(folder.rglob("*"), reverse=True):
        is_unneeded = path.suffix in _UNNEEDED_SUFFIXES or path.name in (".lock", "py.typed")
        if path.is_dir() and path.name in _UNNEEDED_FOLDERS:
            shutil.rmtree(path)
        elif path.is_file() and (is_unneeded or _is_of_installer(path)):
            path.unlink()


def _is_of_installer(path: Path) -> bool:
    return path.parent.suffix == ".dist-info" and path.name in _INSTALLER_FILES
