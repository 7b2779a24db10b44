"""`clickstream doctor`: what runs, where, with which settings; what is wrong, and what to do.

The doctor only reads: it creates no file and affects no process. Each module of this package adds facts and
problems to one Examination. Values that may be secret are never shown.
"""

from __future__ import annotations

import difflib
import os
import platform
import re
import sys
import tomllib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
from pydantic import SecretBytes, SecretStr

from clickstream import __version__
from clickstream.errors import SettingsError
from clickstream.event import utc_now
from clickstream.local.doctor.examination import Examination, SettingFact, render_examination
from clickstream.local.doctor.loading import check_loading
from clickstream.local.doctor.locations import check_locations, check_spool
from clickstream.local.doctor.parts import check_parts
from clickstream.local.doctor.shop import check_shop
from clickstream.local.owner.client import Client
from clickstream.local.up import Ports
from clickstream.progress import Progress, no_progress
from clickstream.settings import PREFIX, SETTINGS_FILE, Settings, read_settings

__all__ = ["Examination", "examine", "render_examination"]

PYTHON = (3, 11)
DUCKDB_MAJOR = "2"
_SECRET_NAME = re.compile("secret|token|password|passwd|credential|(^|_)key", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://)[^/@\s]+@")


def examine(
    data: Path | None, ports: Ports, progress: Progress = no_progress, clock: Callable[[], datetime] = utc_now
) -> Examination:
    """Check everything. If settings are invalid, only versions and the environment are checked.

    data: the `--data` option. ports: where to look if no `clickstream up` runs on this data directory.
    """
    found = Examination()
    _check_versions(found)
    _check_environment(found)
    try:
        settings = read_settings(data)
    except SettingsError as error:
        for problem in error.problems:
            name, _, why = problem.partition(": ")
            found.add_problem(f"invalid setting {name}", why, error.advice)
        return found
    _add_settings(found, settings, data)
    check_locations(found, settings)
    check_parts(found, settings, ports)
    check_shop(found, settings, clock())
    check_spool(found, settings, clock())
    check_loading(found, settings, Client(settings, clock, progress), clock())
    return found


def _check_versions(found: Examination) -> None:
    found.versions = {
        "clickstream": __version__,
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
        "system": f"{platform.system()} {platform.machine()}",
    }
    if sys.version_info < PYTHON:
        what = f"Python {platform.python_version()} is too old"
        found.add_problem(what, "expected version 3.11 or newer", "install a newer Python, then run make setup")
    if duckdb.__version__.partition(".")[0] != DUCKDB_MAJOR:
        what = f"DuckDB {duckdb.__version__} is not supported"
        why = f"expected version {DUCKDB_MAJOR}; another version may not read the warehouse"
        found.add_problem(what, why, "run make setup")


def _add_settings(found: Examination, settings: Settings, data: Path | None) -> None:
    in_file, in_environment = _names_in_file(), {name.upper() for name in os.environ}
    for field in Settings.model_fields:
        name = PREFIX + field.upper()
        source = "file" if field in in_file else "default"
        source = "environment" if name in in_environment else source
        source = "--data" if field == "data" and data is not None else source
        found.settings.append(SettingFact(name, _shown(field, getattr(settings, field)), source))


def _check_environment(found: Examination) -> None:
    """Add a problem for each environment variable that looks like a setting but is not one."""
    known = [field.upper() for field in Settings.model_fields]
    for name in sorted(name for name in os.environ if name.upper().startswith(PREFIX)):
        word = name.upper().removeprefix(PREFIX)
        if word not in known:
            near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
            advice = f"did you mean {PREFIX}{near[0]}?" if near else "unset it; docs/guide/settings.md lists all"
            found.add_problem(f"{name} is not a setting", "it is set in the environment, but never read", advice)


def _shown(field: str, value: object) -> str:
    if value is None or value in ((), ""):
        return "-"
    if isinstance(value, SecretStr | SecretBytes) or _SECRET_NAME.search(field):
        return "(set, not shown)"
    if isinstance(value, bool):
        return str(value).lower()
    text = ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    return _USER_INFO.sub("…@", text)


def _names_in_file() -> set[str]:
    try:
        return set(tomllib.loads(Path(SETTINGS_FILE).read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return set()  # read_settings reports what is wrong with it
