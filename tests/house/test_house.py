"""Rules that a test can enforce: which package may import which, and how large files and functions may be."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "clickstream"

# A package imports only packages with a higher number; packages of one level do not import each other.
LEVELS = {
    "__main__": 0,
    "cli": 1,
    "cloud": 2,
    "local": 2,
    "collect": 3,
    "etl": 3,
    "dashboard": 3,
    "sources": 3,
    "report": 3,
    "shop": 3,
    "metrics": 4,
    "lake": 4,
    "mart": 5,
    "raw": 6,
    "warehouse": 6,
    "delivery": 6,
    "event": 7,
    "errors": 8,
    "progress": 8,
    "pace": 8,
    "durable": 8,
    "hosts": 8,
    "money": 8,
    "visible": 8,
    "time_zone": 8,
    "settings": 7,
}

MAX_FILE_LINES = 500
MAX_FILES = 12  # per folder, without __init__.py
MAX_FUNCTION_LINES = 80
BANNED_NAMES = ("utils.py", "helpers.py", "common")
BANNED_ENDINGS = ("Manager", "Service", "Helper", "V2", "V3")


def python_files(*folders: str) -> list[Path]:
    return sorted(chain.from_iterable((ROOT / folder).rglob("*.py") for folder in folders))


def imports_of(path: Path) -> Iterator[str]:
    """Yield the packages below clickstream that a file imports, at its top or within a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "clickstream" else [f"clickstream.{a.name}" for a in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "clickstream" and len(parts) > 1 and parts[1] in LEVELS:
                yield parts[1]


@pytest.mark.parametrize("path", python_files("src"), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_one_way(path: Path) -> None:
    package = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    if package == "__init__":
        assert not list(imports_of(path)), "clickstream/__init__.py imports a package"
        return
    for other in imports_of(path):
        is_within = other == package
        assert is_within or LEVELS[other] > LEVELS[package], f"{package} imports {other}"


@pytest.mark.parametrize("path", python_files("src", "tests", "bench"), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_FILE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            assert not node.name.endswith(BANNED_ENDINGS), node.name
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{node.name} has {length} lines"


def test_every_module_has_a_docstring() -> None:
    missing = [path for path in python_files("src") if ast.get_docstring(ast.parse(path.read_text("utf-8"))) is None]
    assert missing == []


def test_folders_stay_small() -> None:
    folders = [folder for folder in SOURCE.rglob("*") if folder.is_dir() and folder.name != "__pycache__"]
    crowded = [str(folder) for folder in folders if len(set(folder.glob("*.py"))) > MAX_FILES + 1]
    assert crowded == []


def test_no_module_has_a_name_without_meaning() -> None:
    names = {part for path in SOURCE.rglob("*") for part in path.relative_to(SOURCE).parts}
    assert names.isdisjoint(BANNED_NAMES)


def tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_registry_or_a_path_outside_the_project() -> None:
    words = ["pypi" + ".org", "pythonhosted" + ".org", "registry" + ".npmjs", "../" + "shared", "/work" + "/"]
    found = []
    for path in tracked_files():
        data = path.read_bytes()
        found += [f"{path.relative_to(ROOT)}: {word}" for word in words if word.encode() in data]
    assert found == []
