"""Text with `{column}` places, as mappings write it.

In: a template and the header of a file. Out: a function from the cells of a row to text. A place whose
cell is empty makes the whole text absent (None): half a text is worse than none. `{{` and `}}` are braces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

Row = Sequence[str]
_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")


class Template:
    """A parsed template. Raises ValueError when its braces do not match."""

    def __init__(self, text: str) -> None:
        self.columns: list[str] = []
        self._literals = [""]
        for match in _TOKEN.finditer(text):
            token = match[0]
            if token in ("{", "}") or match[1] == "":
                raise ValueError(f"{text!r}: a column stands in braces, as in {{name}} (a brace itself is doubled)")
            if match[1] is not None:
                self.columns.append(match[1])
                self._literals.append("")
            else:
                self._literals[-1] += {"{{": "{", "}}": "}"}.get(token, token)

    def bind(self, places: Mapping[str, int]) -> Callable[[Row], str | None]:
        """A function that fills the template from a row; `places` says where each column stands."""
        first, *rest = self._literals
        indexes = [places[column] for column in self.columns]
        if not rest:
            return lambda _row: first
        if len(rest) == 1 and not first and not rest[0]:
            only = indexes[0]
            return lambda row: row[only] or None

        def fill(row: Row) -> str | None:
            text = first
            for index, literal in zip(indexes, rest, strict=True):
                if not row[index]:
                    return None
                text += row[index] + literal
            return text

        return fill
