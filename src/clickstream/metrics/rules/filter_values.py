"""The syntax of filter values: read by commands, addresses and the API, written by every page that links to a filter.

`value,value…` is a list. `!value` excludes a value, `prefix*` matches a prefix (of a page path). Blanks around a value
are ignored. In a `segment`, commas within parentheses, brackets and quotes are part of it. A backslash before `!`, `*`,
`,`, a blank or another backslash makes it an ordinary character.

Guarantee: `FilterValue(text).write()` is read as exactly `text`, for any text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

PREFIXED = frozenset({"page_path"})
NESTED = frozenset({"segment"})
"""Filters whose values have commas within parentheses, brackets and quotes; these do not separate values."""
_OPENING, _CLOSING = "([", ")]"
_PIECE = re.compile(r"\\[!*,\\\s]|.", re.DOTALL)  # an escaped character, or any other character


@dataclass(frozen=True, slots=True)
class FilterValue:
    """One value of a filter.

    text: the value of matching rows, or its beginning if is_prefix. is_excluded: matching rows are left out.
    """

    text: str
    is_excluded: bool = False
    is_prefix: bool = False

    @property
    def is_usable(self) -> bool:
        return bool(self.text) or self.is_prefix

    @property
    def stored_text(self) -> str:
        """The text as the warehouse stores it: with U+FFFD for NUL and for half a surrogate pair."""
        whole = self.text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return whole.replace("\0", "\N{REPLACEMENT CHARACTER}")

    def write(self) -> str:
        """Write the value so that `read_value` returns it again."""
        escaped = re.sub(r"[\\,]", r"\\\g<0>", self.text)
        if escaped and (escaped[-1] == "*" or escaped[-1].isspace()):
            escaped = f"{escaped[:-1]}\\{escaped[-1]}"
        if escaped and (escaped[0] == "!" or escaped[0].isspace()):
            escaped = f"\\{escaped}"
        return f"{'!' if self.is_excluded else ''}{escaped}{'*' if self.is_prefix else ''}"


def read_value(name: str, value: str) -> FilterValue:
    """Read one value of the filter `name`."""
    pieces = _PIECE.findall(value)
    is_excluded = pieces[:1] == ["!"]
    pieces = pieces[is_excluded:]
    is_prefix = name in PREFIXED and pieces[-1:] == ["*"]
    text = "".join(piece[-1] for piece in (pieces[:-1] if is_prefix else pieces))
    return FilterValue(text, is_excluded, is_prefix)


def split_values(text: str, name: str = "") -> tuple[str, ...]:
    """Split a list of values of the filter `name` at its commas, without the blanks around each value.

    The values are still to be read.
    """
    return tuple(_values(_PIECE.findall(text), name in NESTED))


def _values(found: list[str], is_nested: bool) -> Iterator[str]:
    pieces: list[str] = []
    depth, is_quoted = 0, False
    for number, piece in enumerate([*found, ","]):
        is_end = number == len(found)
        if is_nested and piece == '"':
            is_quoted = not is_quoted
        elif is_nested and not is_quoted and piece in (*_OPENING, *_CLOSING):
            depth = max(0, depth + (1 if piece in _OPENING else -1))
        if piece != "," or (not is_end and (depth or is_quoted)):
            pieces.append(piece)
            continue
        while pieces and pieces[0].isspace():
            del pieces[0]
        while pieces and pieces[-1].isspace():
            del pieces[-1]
        yield "".join(pieces)
        pieces.clear()
