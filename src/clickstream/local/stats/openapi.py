"""The description of the stats API: the list of metrics, and the OpenAPI 3.1 document, both made from the catalog.

In: nothing. Out: plain JSON values. A metric, an option or a filter that is added to the catalog appears here at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clickstream.metrics.catalog import COMPARISONS, MAX_LIMIT, METRICS
from clickstream.metrics.definition import Metric, Option, RecordMetric
from clickstream.metrics.parse import PARAMETERS
from clickstream.metrics.rules.filters import HUMANS, SAMPLE_MODES, filter_names

ANSWER_FORMATS = {"json": "application/json", "csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
"""Values of the parameter `format`, and the media types of the responses."""
TITLE = "Clickstream stats API"
VERSION = "1"
_FILTER_TEXT = "Filter: a value or several, separated by commas; `!` excludes. See docs/metrics/README.md."
_ERROR = {"$ref": "#/components/schemas/Error"}
_ENUMS = {"sample": SAMPLE_MODES, "humans": HUMANS}
_SCHEMAS: Mapping[str, Any] = {
    "Error": {
        "type": "object",
        "required": ["success", "error", "message"],
        "properties": {
            "success": {"const": False},
            "error": {"type": "string", "description": "A stable code, such as unknown_metric or invalid_range."},
            "message": {"type": "string"},
            "advice": {"type": "string", "description": "What to do about it."},
            "fields": {"type": "object", "description": "The facts of the error."},
        },
    },
    "Answer": {
        "type": "object",
        "required": ["metric", "columns", "rows", "meta"],
        "properties": {
            "metric": {"type": "string"},
            "columns": {"type": "array", "items": {"$ref": "#/components/schemas/Column"}},
            "rows": {"type": "array", "items": {"type": "object"}, "description": "Column name to value."},
            "meta": {
                "type": "object",
                "required": ["load"],
                "properties": {"load": {"type": ["integer", "null"], "description": "Number of the last load."}},
            },
        },
    },
    "Column": {
        "type": "object",
        "required": ["name", "type"],
        "properties": {
            "name": {"type": "string"},
            "type": {
                "enum": ["int", "money", "decimal", "rate", "double", "text", "ts", "date", "bool", "local"],
                "description": "Amounts (money, decimal) are decimal text in JSON.",
            },
        },
    },
    "MetricList": {
        "type": "object",
        "required": ["metrics", "parameters"],
        "properties": {
            "metrics": {"type": "array", "items": {"type": "object"}},
            "parameters": {"type": "array", "items": {"type": "string"}},
        },
    },
}
_COMMON: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "from": ("First local day. The default is 30 days that end with today.", {"type": "string", "format": "date"}),
    "to": ("The day after the last day.", {"type": "string", "format": "date"}),
    "tz": ("IANA time zone in which days are counted.", {"type": "string", "examples": ["Europe/Berlin"]}),
    "as_of": ("The time of the question; later rows do not count.", {"type": "string", "format": "date-time"}),
    "compare": ("The period to compare with.", {"type": "string", "enum": list(COMPARISONS), "default": "previous"}),
    "limit": ("Most rows of a ranking.", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT}),
    "offset": ("Rows of a ranking to skip.", {"type": "integer", "minimum": 0, "default": 0}),
    "format": ("Format of the response.", {"type": "string", "enum": list(ANSWER_FORMATS), "default": "json"}),
}


def metric_list() -> dict[str, Any]:
    """Return every metric with its question, options and filters."""
    metrics = [
        {
            "name": name,
            "question": definition.question,
            "text": definition.text,
            "options": [_option_entry(option, text) for option, text in definition.options.items()],
            "filters": _filters(definition),
            "limit": definition.limit,
            "href": f"/api/metrics/{name}",
        }
        for name, definition in METRICS.items()
    ]
    return {"metrics": metrics, "parameters": [*PARAMETERS, "format"]}


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    metrics = {f"/api/metrics/{name}": {"get": _operation(name, metric)} for name, metric in METRICS.items()}
    list_schema = {"application/json": {"schema": {"$ref": "#/components/schemas/MetricList"}}}
    document = {"application/json": {"schema": {"type": "object"}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION, "description": "The metrics of a Clickstream platform."},
        "servers": [{"url": "http://127.0.0.1:3838"}],
        "security": [{"token": []}],
        "paths": {
            "/api/metrics": {"get": _plain_operation("listMetrics", "Every metric that can be queried", list_schema)},
            "/api/openapi.json": {"get": _plain_operation("describe", "This document", document)},
            **metrics,
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "parameters": {name: _parameter(name, *entry) for name, entry in _COMMON.items()},
            "schemas": _SCHEMAS,
            "responses": {
                "BadRequest": _failure("A parameter is unknown or invalid."),
                "Unauthorized": _failure("The token is missing or wrong."),
                "Forbidden": _failure("The host name is not loopback."),
                "NotFound": _failure("There is no such address or metric."),
                "Unavailable": _failure("The warehouse or its mart cannot answer now; Retry-After says when to retry."),
            },
        },
    }


def _option_entry(name: str, option: Option) -> dict[str, Any]:
    return {"name": name, "text": option.text, "values": list(option.values), "default": option.default}


def _operation(name: str, metric: Metric | RecordMetric) -> dict[str, Any]:
    """Describe the address of one metric."""
    options = [_parameter(option, text.text, _option_schema(text)) for option, text in metric.options.items()]
    filters = [
        _parameter(filter_, "Filter; see docs/metrics.", _filter_schema(filter_)) for filter_ in _filters(metric)
    ]
    taken = {option["name"] for option in options}
    content = {
        media: {"schema": {"$ref": "#/components/schemas/Answer"} if kind == "json" else {"type": "string"}}
        for kind, media in ANSWER_FORMATS.items()
    }
    return {
        "operationId": name,
        "summary": metric.question,
        "description": metric.text,
        "parameters": [
            *({"$ref": f"#/components/parameters/{common}"} for common in _COMMON if common not in taken),
            *options,
            *(entry for entry in filters if entry["name"] not in taken),
        ],
        "responses": {
            "200": {
                "description": "The answer.",
                "headers": {
                    "Clickstream-Load": {"description": "Number of the last load.", "schema": {"type": "integer"}},
                    "ETag": {"description": "Send it as If-None-Match.", "schema": {"type": "string"}},
                },
                "content": content,
            },
            "304": {"description": "The client has this answer."},
            **_failures("400", "401", "403", "404", "503"),
        },
    }


def _plain_operation(operation: str, summary: str, content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "operationId": operation,
        "summary": summary,
        "responses": {
            "200": {"description": summary, "content": content},
            "304": {"description": "The client has this document."},
            **_failures("400", "401", "403"),
        },
    }


def _filters(metric: Metric | RecordMetric) -> list[str]:
    if isinstance(metric, RecordMetric):
        return list(metric.filters)
    return [name for name in filter_names() if name not in metric.refused]


def _parameter(name: str, text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}


def _option_schema(option: Option) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if option.values:
        schema["enum"] = list(option.values)
    if option.default is not None:
        schema["default"] = option.default
    return schema


def _filter_schema(name: str) -> dict[str, Any]:
    if name in _ENUMS:
        return {"type": "string", "enum": list(_ENUMS[name])}
    return {"type": "array", "items": {"type": "string"}}


def _failure(text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": _ERROR}}}


def _failures(*statuses: str) -> dict[str, Any]:
    names = {"400": "BadRequest", "401": "Unauthorized", "403": "Forbidden", "404": "NotFound", "503": "Unavailable"}
    return {status: {"$ref": f"#/components/responses/{names[status]}"} for status in statuses}
