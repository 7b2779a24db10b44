"""Names of time zones that users write: in options, parameters and settings. Only IANA names are valid, such as
Europe/Berlin."""

from __future__ import annotations

import difflib
from zoneinfo import available_timezones

_EXAMPLE = "use an IANA name such as Europe/Berlin"


def is_zone(name: str) -> bool:
    """Return whether a time zone has exactly this name."""
    return name in available_timezones() and name != "localtime"  # whatever the machine is set to


def zone_advice(name: str) -> str:
    """Return what to do about a name that is not a time zone; the name that was probably meant, if one is near."""
    wanted = name.strip().replace(" ", "_").casefold()
    known = {zone.casefold(): zone for zone in sorted(available_timezones())}
    cities = {zone.rpartition("/")[2]: zone for zone in known if "/" in zone}
    near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.8)
    meant = wanted if wanted in known else cities.get(wanted) or next(iter(near), None)
    return f"did you mean {known[meant]}?" if meant else _EXAMPLE
