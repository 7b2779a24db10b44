"""An Answer as JSON: `{"metric", "columns": [{"name", "type"}], "rows": [{column: value}], "meta"}`.

Out: plain values. Money is decimal text, so that no reader turns it into a binary fraction; instants are ISO 8601
with Z, local times the same without, dates ISO. Rates and doubles are numbers, unknown ones null.
"""

from __future__ import annotations

from typing import Any

import msgspec

from clickstream.metrics.question import Answer


def answer_document(answer: Answer) -> dict[str, Any]:
    """The answer in plain JSON values, ready for any encoder."""
    document = {
        "metric": answer.metric,
        "columns": [{"name": column.name, "type": column.type} for column in answer.columns],
        "rows": answer.dicts(),
        "meta": dict(answer.meta),
    }
    plain: dict[str, Any] = msgspec.to_builtins(document)
    return plain


def answer_json(answer: Answer) -> bytes:
    """The answer as UTF-8 JSON on one line."""
    return msgspec.json.encode(answer_document(answer))
