"""Whose events an erasure removes, and how to recognise them in rows, in bytes and in unreadable lines.

In: a user id, a client id, or the sample. Out: an SQL condition for rows, a quick test for the bytes of an object, and
a word search for lines that are not valid JSON. The id itself is never stored (raw_store.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from clickstream.errors import QuestionError
from clickstream.event import ANONYMOUS_IDS, is_placeholder

Kind = Literal["user", "client", "sample", "import"]

_ESCAPES = (b"\\u", b"\\/")
"""Ways to write a character in JSON without its own bytes."""
_NUMBER = re.compile(r"-?[0-9][0-9.eE+-]*")


@dataclass(frozen=True, slots=True)
class Person:
    """A user id or a client id with its value; the sample, which has none; or the imports of a file, by its mark.

    clients: for a user, the clients whose anonymous events belong to that user (a client belongs to the first user id
    that it sent).
    """

    kind: Kind
    value: str = ""
    clients: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if is_placeholder(self.value) or self.value.strip().lower() in ANONYMOUS_IDS:
            why = f"{self.value} (expected an id, got a placeholder)"
            raise QuestionError("placeholder_id", f"{self.kind} id", why, "no event is stored under a placeholder")

    def condition(
        self,
        user: str = "user_id",
        client: str = "client_id",
        sample: str = "is_sample",
        imported: str = "properties like $pattern",
    ) -> str:
        """Return the SQL condition that selects this person's rows; it uses `params`.

        user, client, sample: the columns that hold the ids; NULL where a row has none. imported: whether a row is
        from the imports of the file.
        """
        if self.kind == "sample":
            return sample
        if self.kind == "import":
            return imported
        if self.kind == "client":
            return f"{client} = $value"
        if not self.clients:
            return f"{user} = $value"
        return f"({user} = $value or ({user} is null and {client} in (select unnest(cast($clients as text[])))))"

    @property
    def params(self) -> Mapping[str, Any]:
        if self.kind == "sample":
            return {}
        if self.kind == "import":
            return {"pattern": f'%"_import":"{self.value}.%'}  # sources/importer.py: the mark is FILE.RUN
        return {"value": self.value, "clients": list(self.clients)} if self.clients else {"value": self.value}

    def may_be_in(self, content: bytes) -> bool:
        """Return whether these bytes may hold a line of this person. False is certain, True is not."""
        if self.kind == "sample":
            return b'"sample"' in content or b"\\u" in content
        if any(_has_other_spelling(value) for value in self._values) or any(sign in content for sign in _ESCAPES):
            return True
        return any(value.encode() in content and _is_word(value.encode(), content) for value in self._values)

    def is_named_in(self, text: bytes) -> bool:
        """Return whether `text` holds the id as a word. For unreadable lines: they have no fields to compare."""
        if self.kind == "sample":
            return False
        spellings = {self.value.encode(), json.dumps(self.value).strip('"').encode()}
        return any(_is_word(word, text) for word in spellings)

    @property
    def _values(self) -> tuple[str, ...]:
        return (self.value, *self.clients)


def _is_word(word: bytes, text: bytes) -> bool:
    return re.search(rb"(?<![\w-])" + re.escape(word) + rb"(?![\w-])", text) is not None


def _has_other_spelling(value: str) -> bool:
    """Return whether JSON can write the value in other bytes: escaped, or as the same number in another notation."""
    return (
        json.dumps(value, ensure_ascii=False) != f'"{value}"'
        or _NUMBER.fullmatch(value) is not None
        or "\ufffd" in value
    )
