"""The raw line that a row came from, as it is stored.

In: the object and line of a row. Out: the text of the line; or, where there is none, why. Reading never raises: a line
that was erased, expired or damaged is something to show, not a failure of the page.
"""

from __future__ import annotations

from dataclasses import dataclass

from clickstream.errors import ClickstreamError, StoreError
from clickstream.raw.contract import RawStore
from clickstream.raw.keys import RawName, parse_key
from clickstream.raw.listing import files_there
from clickstream.raw.look import is_erased
from clickstream.raw.unpack import lines_in, unpack
from clickstream.warehouse.contract import Warehouse

NO_STORE = "This dashboard cannot read the raw store."
NO_LINE = "This row has no raw line: it was written into the warehouse directly."
ERASED = "This line was erased, with the person whom it named. Only the number of the receipt is left."
_EXPIRED_AT = "select max(expired_at) from expired_days where day = $day and part = 'raw'"


@dataclass(frozen=True, slots=True)
class RawLine:
    """A stored line.

    text: exactly as stored, "" if there is none; bytes that are not UTF-8 are written as `\\xff`. note: why there is no
    line, or what is to be known about it; "" if it is whole.
    """

    text: str
    note: str = ""


class RawLines:
    """Reads single lines of raw objects. Its methods block: call them on a thread.

    store: None = no line can be read. warehouse: knows which days have expired.
    """

    def __init__(self, store: RawStore | None = None, warehouse: Warehouse | None = None) -> None:
        self._store = store
        self._warehouse = warehouse

    def read(self, object: str | None, line: int | None) -> RawLine:
        """Return a line of an object, counted from 1 as in a load (raw/unpack.py)."""
        if not object or line is None:
            return RawLine("", NO_LINE)
        name = parse_key(object)
        if name is None:
            return RawLine("", "This is not the name of a raw object.")
        if self._store is None:
            return RawLine("", NO_STORE)
        try:
            content, problem = unpack(name.kind, self._store.read(name.key))
        except StoreError as error:
            return RawLine("", self._why_missing(self._store, name, error))
        lines = lines_in(name.kind, content)
        if not 1 <= line <= len(lines):
            damage = f" It is damaged: {problem}." if problem else ""
            return RawLine("", f"The object has only {len(lines):,} readable lines.{damage}")
        found = lines[line - 1]
        return RawLine(found.decode("utf-8", "backslashreplace"), ERASED if is_erased(found) else "")

    def _why_missing(self, store: RawStore, name: RawName, error: StoreError) -> str:
        """Return why an object cannot be read: it has expired, it is gone, or the store does not answer."""
        try:
            if files_there(store, name.day, {name.file_name}):
                return f"The object cannot be read: {error.why}."
            expired_at = self._warehouse and self._warehouse.fetch(_EXPIRED_AT, {"day": name.day}).rows[0][0]
        except ClickstreamError as failure:
            return f"The object cannot be read: {failure.why}."
        if expired_at:
            return f"The raw objects of {name.day} were deleted on {expired_at:%Y-%m-%d}: they had expired."
        return "The object is not in the raw store: it was moved or deleted. Find out more with: clickstream check"
