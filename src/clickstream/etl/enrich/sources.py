"""The shipped list of sources: which domains are search engines, social networks or mailboxes, and which take payments.

In: sources.toml, which explains its rules. Out: the class of a source (gemini.google.com is ai, google.com is search,
docs.google.com has none), the source of an app or an advertising product, and whether visitors only return from a host.
Each load records `version`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

_VERSION = re.compile(r"# version (\S+)")
_SEARCH = "search"
_OTHER = "other"
_PASSED_THROUGH = frozenset({"payment", "sign_in"})
_SEPARATORS = re.compile(r"[ _-]+")
_MAX_LABELS = 127  # the most that a domain name can have


class SourceList:
    """Classes of domains and names, as `classes`: entry -> class. `services`: label of a search engine's subdomain."""

    def __init__(self, text: str) -> None:
        found = _VERSION.match(text)
        self.version = found[1] if found else "unknown"
        lists: dict[str, Any] = tomllib.loads(text)
        services: dict[str, list[str]] = lists.pop("services")
        self._apps: dict[str, str] = lists.pop("apps")
        self._ads: dict[str, str] = lists.pop("ads")
        self.classes = {entry: kind for kind, entries in lists.items() for entry in entries}
        self.services = {label: kind for kind, labels in services.items() for label in labels}

    def class_of(self, source: str) -> str | None:
        """Return the class of a domain or name; None if it has none."""
        for suffix in suffixes(source):
            kind = self.classes.get(suffix)
            if kind == _SEARCH and suffix != source:
                label = source[: -len(suffix) - 1].rpartition(".")[2]
                return self.services.get(label)
            if kind is not None:
                return None if kind == _OTHER else kind
        return None

    def is_passed_through(self, host: str) -> bool:
        """Return whether visitors only return from this host: it takes payments or signs them in."""
        return self.class_of(host) in _PASSED_THROUGH

    def app_name(self, host: str) -> str:
        """Return the source of an app, given its id in a referrer; any other host as it is."""
        return self._apps.get(host, host)

    def ad_source(self, source: str) -> str | None:
        """Return the source that an advertising product belongs to (`google_ads` -> google); None for other names."""
        return self._ads.get(_SEPARATORS.sub("", source))


@cache
def shipped_sources() -> SourceList:
    return SourceList((files("clickstream.etl.enrich") / "sources.toml").read_text(encoding="utf-8"))


def suffixes(name: str) -> Iterator[str]:
    """Yield the name, then the name without its first label and so on, while it has a dot: a.b.co -> a.b.co, b.co."""
    yield name
    rest = name
    for _ in range(_MAX_LABELS):
        rest = rest.partition(".")[2]
        if "." not in rest:
            return
        yield rest
