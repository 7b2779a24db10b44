"""Build the package, and fail if scripts of the browser tracker are missing: `make tracker` builds them.

Everything else about the package is in pyproject.toml.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SCRIPTS = ("clickstream.js", "clickstream.extra.js")
FOLDER = Path("clickstream", "collect", "static")


class BuildWithTracker(build_py):
    """The build of the Python modules and the files beside them."""

    def run(self) -> None:
        """Build, then check that the tracker's scripts are among the files."""
        super().run()
        folder = Path("src" if self.editable_mode else self.build_lib) / FOLDER
        missing = [name for name in SCRIPTS if not (folder / name).is_file() or not (folder / name).stat().st_size]
        if missing:
            raise SystemExit(f"the browser tracker is missing in src/{FOLDER}: {', '.join(missing)}; run make tracker")


setup(cmdclass={"build_py": BuildWithTracker})
