"""Which modules of this project a function needs: those that its handler imports, directly or not.

In: the source folder, and the module of the handler. Out: files below the source folder, and the other packages that
they import. Nothing is imported here, so that the answer does not depend on what is installed.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = "clickstream"


@dataclass(frozen=True, slots=True)
class Needed:
    """files: modules, and the data files beside them, sorted. packages: names that are imported from elsewhere."""

    files: list[Path]
    packages: set[str]


def needed_by(module: str, source: Path) -> Needed:
    """Return what `module` needs. `source`: the folder that holds the package of the project."""
    modules: dict[str, Path] = {}
    packages: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _file_of(name, source)
        if name in modules or path is None:
            continue
        modules[name] = path
        for imported in _imports(path, name):
            if imported.split(".")[0] == PROJECT:
                waiting.append(imported)
            elif imported.split(".")[0] not in sys.stdlib_module_names:
                packages.add(imported.split(".")[0])
        waiting.append(name.rpartition(".")[0])
    folders = {path.parent for path in modules.values() if path.name == "__init__.py"}
    data = [path for folder in folders for path in _data_files(folder)]
    return Needed(sorted({*modules.values(), *data}), packages)


def _file_of(name: str, source: Path) -> Path | None:
    """Return the file of a module; None if the name is that of something within a module."""
    path = source / Path(*name.split("."))
    candidates = (path / "__init__.py", path.with_suffix(".py"))
    return next((each for each in candidates if name and each.is_file()), None)


def _imports(path: Path, module: str) -> Iterator[str]:
    """Yield the names that a file imports, anywhere in it but where only a type checker reads."""
    waiting: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{module} has a relative import")
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting.extend(node.orelse)
        else:
            waiting.extend(ast.iter_child_nodes(node))


def _data_files(package: Path) -> Iterator[Path]:
    """Yield the files of a package that are not modules, in its folder and those below that are not packages."""
    for path in package.iterdir():
        if path.is_file() and path.suffix != ".py" and not path.name.startswith("."):
            yield path
        elif path.is_dir() and path.name != "__pycache__" and not (path / "__init__.py").exists():
            yield from _data_files(path)
