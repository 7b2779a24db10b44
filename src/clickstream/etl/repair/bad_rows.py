"""Bad rows for people: how many for each reason, the newest ones, and one in full.

In: a warehouse. Out: plain JSON values. The content of a bad row is untrusted: in its text, every character that could
move a cursor or hide another one is escaped. Its exact bytes come beside it, in base64.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, date, datetime, time
from typing import Any

from clickstream.errors import QuestionError
from clickstream.warehouse.contract import Cursor, Warehouse

NEWEST = 20
PREVIEW_BYTES = 200

ADVICE = {
    "invalid_json": "Fix the sender. If you correct the line in its object, `clickstream bad replay` loads it.",
    "invalid_encoding": "The sender must write UTF-8. If you correct the line, `clickstream bad replay` loads it.",
    "not_an_object": "An event is a JSON object. Find out what wrote something else into the raw store.",
    "missing_name": "Every event needs an eventName. Add one where the event is sent.",
    "invalid_name": "An eventName is a text of 1 to 200 characters. Change it where the event is sent.",
    "too_deep": "Objects and arrays may be nested 32 levels deep. Flatten the event where it is sent.",
    "too_large": "A line may have at most 16 MB. Send less in one event.",
    "missing": "The object ends before this line. Restore the complete object, then run `clickstream bad replay`.",
    "unreadable": "DuckDB cannot read this JSON. Please report it; after an upgrade, run `clickstream bad replay`.",
}
_OTHER_ADVICE = "Read the line again with the current version: `clickstream bad replay`."
_LIST = "`clickstream bad list` lists bad rows"


def list_bad_rows(warehouse: Warehouse, since: date | None = None, reason: str | None = None) -> dict[str, Any]:
    """Return the reasons, most frequent first, and the newest rows. since: first UTC day of the objects' hours.

    Raises QuestionError for an unknown reason.
    """
    first = datetime.combine(since or date(1, 1, 1), time(), UTC)
    params = {"first": first, "reason": reason}
    with warehouse.reading() as cursor:
        _assert_known(cursor, reason)
        reasons = cursor.fetch(
            """
            select
                reason, count(*) as lines, count(distinct object) as objects, min(hour) as first_seen,
                max(hour) as last_seen
            from bad_rows
            where hour >= $first and reason = coalesce(cast($reason as text), reason)
            group by reason
            order by lines desc, reason
            """,
            params,
        ).dicts()
        newest = cursor.fetch(
            """
            select object, line, reason, hour, original
            from bad_rows
            where hour >= $first and reason = coalesce(cast($reason as text), reason)
            order by hour desc, object desc, line desc
            limit $newest
            """,
            {**params, "newest": NEWEST},
        ).dicts()
    return {
        "lines": sum(row["lines"] for row in reasons),
        "reasons": [
            row | {"first_seen": _text(row["first_seen"]), "last_seen": _text(row["last_seen"])} for row in reasons
        ],
        "newest": [
            {
                "object": row["object"],
                "line": row["line"],
                "reason": row["reason"],
                "hour": _text(row["hour"]),
                "begins": None if row["original"] is None else escaped(row["original"][:PREVIEW_BYTES]),
            }
            for row in newest
        ],
    }


def show_bad_row(warehouse: Warehouse, object_: str, line: int) -> dict[str, Any]:
    """Return one bad row in full. object_: the object's key or file name. Raises QuestionError if it does not exist."""
    with warehouse.reading() as cursor:
        found = cursor.fetch(
            """
            select b.object, b.line, b.reason, b.hour, b.original, b.load_id, l.loaded_at, l.code
            from bad_rows as b
            left join loads as l on l.load_id = b.load_id
            where b.line = $line and (b.object = $object or right(b.object, $length) = $ending)
            order by b.object
            """,
            {"object": object_, "line": line, "ending": f"/{object_}", "length": len(object_) + 1},
        ).dicts()
        if not found:
            bad = cursor.fetch(
                "select line from bad_rows where object = $object order by line limit 10", {"object": object_}
            )
            lines = [row[0] for row in bad.rows]
            why = f"line {line} is not a bad row" if lines else "this object has no bad rows"
            advice = f"its bad lines: {', '.join(map(str, lines))}" if lines else _LIST
            raise QuestionError("unknown_bad_row", escaped(object_.encode("utf-8", "replace")), why, advice)
    row = found[0]
    original = row.pop("original")
    return row | {
        "hour": _text(row["hour"]),
        "loaded_at": row["loaded_at"] and _text(row["loaded_at"]),
        "what_to_do": ADVICE.get(row["reason"], _OTHER_ADVICE),
        "size_bytes": None if original is None else len(original),
        "text": None if original is None else escaped(original),
        "original_base64": None if original is None else b64encode(original).decode(),
    }


def assert_any(warehouse: Warehouse, reason: str | None, object_: str | None) -> None:
    """Raise QuestionError for an unknown reason or an object without bad rows: most likely it is misspelt."""
    with warehouse.reading() as cursor:
        _assert_known(cursor, reason)
        sql = "select count(*) from bad_rows where object = $object"
        if object_ is not None and not cursor.scalar(sql, {"object": object_}):
            name = escaped(object_.encode("utf-8", "replace"))
            raise QuestionError("unknown_bad_row", name, "this object has no bad rows", _LIST)


def escaped(original: bytes) -> str:
    r"""Return bytes as text that is safe to print: what is not printable UTF-8 becomes `\x1b`, `\u202e` and so on."""
    text = original.decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _assert_known(cursor: Cursor, reason: str | None) -> None:
    if reason is None or reason in ADVICE:
        return
    known = {row[0] for row in cursor.fetch("select distinct reason from bad_rows").rows}
    if reason not in known:
        raise QuestionError("unknown_reason", "--reason", f"unknown reason {reason!r}", f"one of: {', '.join(ADVICE)}")


def _text(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
