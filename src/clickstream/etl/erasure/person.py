"""Whose events are to go, and how they are recognised: in rows, in bytes, in lines that nobody could read.

In: a user id, a client id, or the sample. Out: a condition in SQL for rows, bytes without which an object need not be
looked into, and a judgement of lines that are no JSON. The value itself is never stored (receipt.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["user", "client", "sample", "import"]

_HIDES = (b"\\u", b"\\/")
"""Ways in which JSON can write a character so that its bytes are not there."""
_NUMBER = re.compile(r"-?[0-9][0-9.eE+-]*")


@dataclass(frozen=True, slots=True)
class Person:
    """A user id or a client id with its value; the sample, which has none; or the imports of a file, by its mark.

    clients: for a user, the clients whose events without a user id are that user's (RULES of visitors: a client belongs
    to the first user id that it ever shows).
    """

    kind: Kind
    value: str = ""
    clients: tuple[str, ...] = field(default=())

    def condition(
        self,
        user: str = "user_id",
        client: str = "client_id",
        sample: str = "is_sample",
        imported: str = "properties like $pattern",
    ) -> str:
        """SQL over rows whose ids stand in these columns (NULL where there is none); it takes `params`."""
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
        """Whether these bytes may hold a line of this person; False is sure."""
        if self.kind == "sample":
            return b'"sample"' in content or b"\\u" in content
        if any(_hides(value) for value in self._values) or any(sign in content for sign in _HIDES):
            return True
        return any(value.encode() in content and _is_word(value.encode(), content) for value in self._values)

    def is_named_in(self, text: bytes) -> bool:
        """Whether the id stands in `text` as a word: for lines that have no fields, since nobody could read them."""
        if self.kind == "sample":
            return False
        spellings = {self.value.encode(), json.dumps(self.value).strip('"').encode()}
        return any(_is_word(word, text) for word in spellings)

    @property
    def _values(self) -> tuple[str, ...]:
        return (self.value, *self.clients)


def _is_word(word: bytes, text: bytes) -> bool:
    return re.search(rb"(?<![\w-])" + re.escape(word) + rb"(?![\w-])", text) is not None


def _hides(value: str) -> bool:
    """Whether JSON may hold the value in other bytes: escaped, or as another way to write the same number."""
    return (
        json.dumps(value, ensure_ascii=False) != f'"{value}"'
        or _NUMBER.fullmatch(value) is not None
        or "\ufffd" in value
    )
