"""`clickstream doctor`: what runs, where, with which settings, what is wrong, and what to do.

It only looks: no file is made, no process is touched. Each room of this folder notes facts into one
Examination and blames what is wrong there.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb

from clickstream import __version__
from clickstream.errors import SettingsError
from clickstream.event import utc_now
from clickstream.local.doctor.findings import Examination
from clickstream.local.doctor.loading import look_at_loading
from clickstream.local.doctor.parts import look_at_parts
from clickstream.local.doctor.places import look_at_places, look_at_spool
from clickstream.local.doctor.settings import look_at_settings, look_for_typos
from clickstream.local.doctor.show import render_examination
from clickstream.local.owner.client import Client
from clickstream.local.up import Ports
from clickstream.progress import Progress, no_progress
from clickstream.settings import read_settings

__all__ = ["Examination", "examine", "render_examination"]

PYTHON = (3, 11)
DUCKDB_MAJOR = "2"


def examine(
    data: Path | None, ports: Ports, progress: Progress = no_progress, clock: Callable[[], datetime] = utc_now
) -> Examination:
    """Look at everything. Wrong settings are problems too; then only the environment can be looked at.

    data: a command's `--data`. ports: where to look when no `clickstream up` says otherwise.
    """
    found = Examination()
    _look_at_versions(found)
    look_for_typos(found)
    try:
        settings = read_settings(data)
    except SettingsError as error:
        for problem in error.problems:
            found.blame("a setting is wrong", problem, error.advice)
        return found
    look_at_settings(found, settings, data)
    look_at_places(found, settings)
    look_at_parts(found, settings, ports)
    look_at_spool(found, settings, clock())
    look_at_loading(found, settings, Client(settings, clock, progress), clock())
    return found


def _look_at_versions(found: Examination) -> None:
    found.versions = {
        "clickstream": __version__,
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
        "system": f"{platform.system()} {platform.machine()}",
    }
    if sys.version_info < PYTHON:
        found.blame(f"Python {platform.python_version()} is too old", "3.11 is the oldest that works", "make setup")
    if duckdb.__version__.partition(".")[0] != DUCKDB_MAJOR:
        what = f"DuckDB {duckdb.__version__} is not the one tested with"
        found.blame(what, f"version {DUCKDB_MAJOR} is expected; another may not read the warehouse", "make setup")
