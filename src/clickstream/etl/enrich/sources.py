"""The shipped list of sources: which domains are search engines, social networks or mailboxes, and which take payments.

In: sources.toml. Out: the class of a source, by its longest listed suffix (gemini.google.com is ai, google.com is
search). A name without a dot, such as `google` in utm_source, must match exactly. Each load records `version`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

_VERSION = re.compile(r"# version (\S+)")
PAYMENT = "payment"
_MAX_LABELS = 127  # the most that a domain name can have


class SourceList:
    """Classes of domains and names, as `classes`: entry -> class."""

    def __init__(self, text: str) -> None:
        found = _VERSION.match(text)
        self.version = found[1] if found else "unknown"
        lists: dict[str, list[str]] = tomllib.loads(text)
        self._payment = frozenset(lists.pop(PAYMENT))
        self.classes = {entry: kind for kind, entries in lists.items() for entry in entries}

    def class_of(self, source: str) -> str | None:
        return next((self.classes[suffix] for suffix in suffixes(source) if suffix in self.classes), None)

    def is_payment(self, host: str) -> bool:
        return not self._payment.isdisjoint(suffixes(host))


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
