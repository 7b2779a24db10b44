"""The question behind an answer, written as parameters of an address.

In: an Answer. Out: a query string that `metrics/parse.py` reads as the same question, at the same `as_of`; it asks for
the whole ranking instead of its first rows.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

from clickstream.metrics.catalog import MAX_LIMIT
from clickstream.metrics.question import Answer


def answer_query(answer: Answer) -> str:
    """Return the query string of an answer, without a question mark."""
    meta = answer.meta
    compare = meta.get("compare")
    sample = meta.get("sample", {}).get("mode", "auto")
    filters = [(name, ",".join(values)) for name, values in meta["filters"].items()]
    pairs = [
        ("from", meta["from"].isoformat()),
        ("to", meta["to"].isoformat()),
        ("tz", meta["tz"]),
        ("as_of", _instant(meta["as_of"])),
        ("compare", compare["mode"] if compare else "none"),
        ("limit", str(MAX_LIMIT)),
        *([("sample", sample)] if sample != "auto" else []),
        *filters,
        *meta["options"].items(),
    ]
    return urlencode(pairs)


def _instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
