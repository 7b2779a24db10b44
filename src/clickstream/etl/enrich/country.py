"""The country of an event: as sent, else from the proxy's header, else from the user's MaxMind file.

In: the country as sent, the header's value, the network that the collector stored. Out: an ISO 3166-1 alpha-2 code in
capitals; NULL if it is unknown. A sent value that is not such a code is used only if there is no other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import maxminddb

from clickstream.errors import SettingsError

_CODE = re.compile(r"[A-Za-z]{2}")
_UNKNOWN = frozenset({"XX", "ZZ", "T1"})
"""Codes that proxies send for addresses they cannot locate; T1 is the Tor network."""


class GeoFile:
    """A MaxMind file (GeoLite2-Country, GeoIP2-City and the like), read into memory once."""

    def __init__(self, path: Path) -> None:
        try:
            self._reader = maxminddb.open_database(path, maxminddb.MODE_MEMORY)
            self.build = f"{self._reader.metadata().database_type} {self._reader.metadata().build_epoch}"
        except (OSError, ValueError, TypeError, maxminddb.InvalidDatabaseError) as error:
            raise SettingsError(
                [f"CLICKSTREAM_GEOIP_FILE: {path} cannot be read as a MaxMind file: {error}"]
            ) from error

    def country(self, address: str) -> str | None:
        """Return the country code of an IP address, or None if the file has none."""
        try:
            found = self._reader.get(address)
        except (ValueError, maxminddb.InvalidDatabaseError):
            return None
        for key in ("country", "registered_country"):
            country = found.get(key) if isinstance(found, dict) else None
            code = country.get("iso_code") if isinstance(country, dict) else None
            if isinstance(code, str):
                return code
        return None


def country_reader(geo: GeoFile | None) -> Callable[[str, str, str], tuple[str | None]]:
    """Return the function that finds the country. Each of its arguments may be ''."""

    def put_country(sent: str, header: str, address: str) -> tuple[str | None]:
        code = iso_code(sent) or iso_code(header)
        if code is None and geo is not None and address:
            code = iso_code(geo.country(address) or "")
        if code is None and sent.strip().upper() not in _UNKNOWN:
            code = sent.strip() or None
        return (code,)

    return put_country


def iso_code(text: str) -> str | None:
    """Return the two letters in capitals; None for anything else, and for codes that mean "unknown"."""
    code = text.strip().upper()
    return code if _CODE.fullmatch(code) and code not in _UNKNOWN else None
