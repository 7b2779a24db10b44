"""With which settings: each value with where it came from, and names that nothing reads.

In: the environment and clickstream.toml as they are. Out: facts; problems for what looks like a slip of the pen.
Guarantee: what may be a secret is never shown.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from pathlib import Path

from pydantic import SecretBytes, SecretStr

from clickstream.local.doctor.findings import Examination, SettingFact
from clickstream.settings import PREFIX, SETTINGS_FILE, Settings

_SECRET_NAME = re.compile("secret|token|password|passwd|credential|(^|_)key", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://)[^/@\s]+@")


def look_at_settings(found: Examination, settings: Settings, data: Path | None) -> None:
    """Note every setting and its source."""
    in_file, in_environment = _names_in_file(), {name.upper() for name in os.environ}
    for field in Settings.model_fields:
        name = PREFIX + field.upper()
        source = "file" if field in in_file else "default"
        source = "environment" if name in in_environment else source
        source = "--data" if field == "data" and data is not None else source
        found.settings.append(SettingFact(name, _shown(field, getattr(settings, field)), source))


def look_for_typos(found: Examination) -> None:
    """Blame names in the environment that begin like a setting and are none."""
    known = [field.upper() for field in Settings.model_fields]
    for name in sorted(name for name in os.environ if name.upper().startswith(PREFIX)):
        word = name.upper().removeprefix(PREFIX)
        if word not in known:
            near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
            advice = f"did you mean {PREFIX}{near[0]}?" if near else "unset it; the settings are listed above"
            found.blame(f"{name} is no setting", "it is set in the environment, and nothing reads it", advice)


def _shown(field: str, value: object) -> str:
    if value is None or value in ((), ""):
        return "-"
    if isinstance(value, SecretStr | SecretBytes) or _SECRET_NAME.search(field):
        return "(set, not shown)"
    text = ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    return _USER_INFO.sub("…@", text)


def _names_in_file() -> set[str]:
    try:
        return set(tomllib.loads(Path(SETTINGS_FILE).read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return set()  # read_settings has said what is wrong with it
