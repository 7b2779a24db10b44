"""Reads a mapping from TOML, and reports all its problems at once.

    [file]    delimiter = ";"  encoding = "utf-8"       optional: how the file is written (mapping.FileFormat)
    [where]   Status = { not = "test*" }                optional: which rows are imported
    [event]   eventName = "product_view"                a field of the event and its value
              product.id = "{model}"                    (sources/values.py lists the kinds of values)
    [group]   by = "{Order number}"                     optional: lines of one order become one event, with
              refund = { Type = "credit" }              order.items = [{ id = "{SKU}", ... }] in [event]
    [tables.country]  29 = "PL"                         tables for lookups

In: the name of a built-in mapping, or a path. Out: `Mapping`. `Mapping.bind` checks the columns of a file.
"""

from __future__ import annotations

import codecs
import difflib
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from clickstream.errors import SourceError
from clickstream.sources.mapping import REQUIRED, Condition, Field, FileFormat, Grouping, Mapping
from clickstream.sources.values import KINDS, Binding, Constant, Instant, Lookup, Number, Tables, Template, Text, Value

SHIPPED = files("clickstream.sources") / "sample"
TOP_FIELDS = [
    "eventName", "eventId", "createdAt", "pageUrl", "pageTitle", "referrer", "userId", "userLoginState",
    "identitySource", "clientId", "sessionId", "isFirstVisit", "country", "userAgent",
]  # fmt: skip
GROUPS = {
    "product": ["id", "name", "category", "brand", "price", "discountPrice", "currency", "urlPath"],
    "element": ["tag", "id", "role", "text"],
    "order": ["id", "total", "currency", "discount", "tax", "shipping", "coupon", "paymentMethod", "refundId"],
    "search": ["term", "results"],
    "properties": None,  # names that the user chooses
}


_ITEM_FIELDS = ["id", "name", "category", "brand", "price", "quantity"]
_NUMBERS = {  # a text such as "{price}" is read as a number here: "99,90" as it stands would be lost in the load
    *(f"order.{name}" for name in ("total", "discount", "tax", "shipping", "items.price", "items.quantity")),
    *("product.price", "product.discountPrice", "search.results"),
}
_SECTIONS = ("file", "where", "event", "group", "tables")
_LISTED = ", ".join(f"[{key}]" for key in _SECTIONS)


def shipped_mappings() -> list[str]:
    """Return the names of the mappings that come with the package."""
    return sorted(entry.name.removesuffix(".toml") for entry in SHIPPED.iterdir() if entry.name.endswith(".toml"))


def find_mapping(name_or_path: str) -> Mapping:
    """Load a mapping by the name of a shipped one, or by the path of a .toml file."""
    shipped = shipped_mappings()
    if name_or_path in shipped:
        return parse_mapping((SHIPPED / f"{name_or_path}.toml").read_text(encoding="utf-8"), name_or_path)
    path = Path(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = (isinstance(error, OSError) and error.strerror) or "it is not UTF-8 text"
        advice = f"give the path of a .toml file, or the name of a built-in mapping: {', '.join(shipped)}"
        raise SourceError(f"reading the mapping {name_or_path}", why, advice) from error
    return parse_mapping(text, path.stem)


def parse_mapping(text: str, name: str) -> Mapping:
    """Read a mapping. Raises SourceError with every problem that can be found without the file to import."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"reading the mapping {name}", f"it is not valid TOML: {error}") from error
    problems = [f"unknown table [{key}] (expected {_LISTED})" for key in document.keys() - set(_SECTIONS)]
    sections = {key: _section(document, key, problems) for key in _SECTIONS}
    tables = {key: _section(sections["tables"], key, problems, "tables.") for key in sections["tables"]}
    event = dict(sections["event"])
    items = _take_items(event, problems)
    mapping = Mapping(
        name,
        _read_format(sections["file"], problems),
        tuple(_read_fields(event, tables, problems)),
        tables,
        tuple(_read_conditions("[where]", sections["where"], problems)),
        _read_grouping(sections["group"] if "group" in document else None, items, tables, problems),
    )
    if problems:
        raise SourceError(f"reading the mapping {name}", "; ".join(problems), "correct the mapping, then import again")
    return mapping


def _section(parent: dict[str, Any], key: str, problems: list[str], prefix: str = "") -> dict[str, Any]:
    section = parent.get(key, {})
    if isinstance(section, dict):
        return section
    problems.append(f"[{prefix}{key}] must be a table")
    return {}


def _read_format(section: dict[str, Any], problems: list[str]) -> FileFormat:
    try:
        file = msgspec.convert(section, FileFormat)
        codecs.lookup(file.encoding)
    except (msgspec.ValidationError, LookupError) as error:
        problems.append(f"[file]: {error}")
        return FileFormat()
    if file.skip < 0:
        problems.append(f"[file] skip: expected a number of lines, got {file.skip}")
    if len(file.delimiter) != 1 or file.delimiter in '"\r\n':
        problems.append(f"[file] delimiter: expected one character, got {file.delimiter!r}")
    return file


def _take_items(event: dict[str, Any], problems: list[str]) -> dict[str, Any] | None:
    """Take `order.items` out of the fields of the event."""
    order = event.get("order")
    items = event.pop("order.items", None)
    if isinstance(order, dict) and "items" in order:
        event["order"] = {name: value for name, value in order.items() if name != "items"}
        items = order["items"]
    if items is None:
        return None
    if not (isinstance(items, list) and len(items) == 1 and isinstance(items[0], dict)):
        problems.append('order.items: expected one item as a template, as [{ id = "{SKU}", quantity = "{Quantity}" }]')
        return None
    found: dict[str, Any] = items[0]
    return found


def _read_grouping(
    section: dict[str, Any] | None, items: dict[str, Any] | None, tables: Tables, problems: list[str]
) -> Grouping | None:
    if section is None or items is None:
        if (section is None) is not (items is None):
            problems.append('order.items and [group] need each other: [group] by = "{Order number}" gathers the lines')
        return None
    problems += [f"[group] {key} is unknown (expected by, refund)" for key in section.keys() - {"by", "refund"}]
    fields = []
    for name, value in items.items():
        path = f"order.items.{name}"
        if name not in _ITEM_FIELDS:
            problems.append(_unknown_field(path, name, _ITEM_FIELDS))
        elif (read := _try_value(path, value, tables, problems)) is not None:
            fields.append(Field(None, name, read))
    refund = section.get("refund", {})
    if not isinstance(refund, dict):
        problems.append('[group] refund: expected conditions, as { Type = "credit" }')
        refund = {}
    try:
        by = Template(section["by"])
    except (KeyError, TypeError, ValueError) as error:
        text = error.args[0] if isinstance(error, ValueError) else 'expected the id of the order, as "{Order number}"'
        problems.append(f"[group] by: {text}")
        return None
    return Grouping(by, tuple(fields), tuple(_read_conditions("[group] refund", refund, problems)))


def _read_conditions(where: str, section: dict[str, Any], problems: list[str]) -> Iterator[Condition]:
    """Read conditions: a column and a text, several texts, or `{ not = ... }` of these."""
    for column, value in section.items():
        is_negated = isinstance(value, dict) and list(value) == ["not"]
        texts = value["not"] if is_negated else value
        texts = [texts] if isinstance(texts, str) else texts
        if isinstance(texts, list) and texts and all(isinstance(text, str) for text in texts):
            yield Condition(column, tuple(texts), is_negated)
        else:
            problems.append(f"{where} {column}: expected a text, a list of texts, or {{ not = ... }}")


def _try_value(path: str, value: Any, tables: Tables, problems: list[str]) -> Value | None:
    try:
        return _read_value(path, value, tables)
    except (ValueError, LookupError) as error:  # msgspec's ValidationError is a ValueError
        problems.append(f"{path}: {error.args[0]}")
        return None


def _read_fields(event: dict[str, Any], tables: Tables, problems: list[str]) -> Iterator[Field]:
    problems += [f"[event] needs {name}" for name in REQUIRED if name not in event]
    for group, name, value in _targets(event):
        path = f"{group}.{name}" if group else name
        known = GROUPS[group] if group else TOP_FIELDS
        if known is not None and name not in known:
            problems.append(_unknown_field(path, name, known))
            continue
        if (read := _try_value(path, value, tables, problems)) is not None:
            yield Field(group, name, read)


def _targets(event: dict[str, Any]) -> Iterator[tuple[str | None, str, Any]]:
    """Yield each field as (group, name, value). `product.id = ...` and `"product.id" = ...` mean the same."""
    for key, value in event.items():
        group, dot, name = key.partition(".")
        if dot and group in GROUPS:
            yield group, name, value
        elif key in GROUPS and isinstance(value, dict):
            for name, inner in value.items():
                yield key, name, inner
        else:
            yield None, key, value


def _unknown_field(path: str, name: str, known: list[str]) -> str:
    if path == "sentAt":
        return "sentAt: the importer sets it when it sends the event"
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else "put other names under properties"
    return f"{path} is not a field of an event ({hint})"


def _read_value(path: str, value: Any, tables: Tables) -> Value:
    if isinstance(value, str):
        made: Value = Instant(value) if path == "createdAt" else Number(value) if path in _NUMBERS else Text(value)
    elif isinstance(value, bool | int | float):
        made = Constant(value)
    elif isinstance(value, dict):
        kinds = [kind for kind in KINDS if kind in value]
        if len(kinds) != 1:
            raise ValueError(f"expected one of {', '.join(KINDS)}, got {', '.join(value) or 'nothing'}")
        made = msgspec.convert(value, KINDS[kinds[0]])
    else:
        raise ValueError(f"expected text, a number, true, false or a table, got {type(value).__name__}")
    if isinstance(made, Lookup) and made.lookup not in tables:
        raise ValueError(f"[tables.{made.lookup}] does not exist")
    # Making the value once, with any columns, finds invalid zones and times now and not in the middle of a file.
    columns = {column: 0 for template in made.templates() for column in template.columns}
    made.make(Binding(columns, tables))
    return made
