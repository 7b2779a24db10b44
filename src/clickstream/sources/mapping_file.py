"""Reads a mapping from TOML, and says everything that is wrong with it at once.

    [file]    delimiter = ";"  encoding = "utf-8"       both may be left out: comma, UTF-8
    [event]   eventName = "product_view"                a field of the event and the rule that makes it
              product.id = "{model}"                    (sources/rules.py lists the rules)
    [tables.country]  29 = "PL"                         what lookups look into

In: the name of a shipped mapping, or a path. Out: `Mapping`. What depends on a file's columns is left
to `Mapping.bind`.
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
from clickstream.sources.mapping import REQUIRED, Field, FileFormat, Mapping
from clickstream.sources.rules import KINDS, Binding, Constant, Instant, Lookup, Rule, Tables, Text

SHIPPED = files("clickstream.sources") / "sample"
TOP_FIELDS = [
    "eventName", "eventId", "createdAt", "pageUrl", "pageTitle", "referrer", "userId", "userLoginState",
    "identitySource", "clientId", "sessionId", "isFirstVisit", "country", "userAgent",
]  # fmt: skip
GROUPS = {
    "product": ["id", "name", "category", "brand", "price", "discountPrice", "currency", "urlPath"],
    "element": ["tag", "id", "role", "text"],
    "order": ["id", "total", "currency"],
    "properties": None,  # the user's own names
}


def shipped_mappings() -> list[str]:
    """Names of the mappings that come with the package."""
    return sorted(entry.name.removesuffix(".toml") for entry in SHIPPED.iterdir() if entry.name.endswith(".toml"))


def find_mapping(name_or_path: str) -> Mapping:
    """The mapping that a user means: the name of a shipped one, or the path of a .toml file."""
    shipped = shipped_mappings()
    if name_or_path in shipped:
        return parse_mapping((SHIPPED / f"{name_or_path}.toml").read_text(encoding="utf-8"), name_or_path)
    path = Path(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = (isinstance(error, OSError) and error.strerror) or "it is not UTF-8 text"
        advice = f"give the path of a .toml file, or the name of one that is shipped: {', '.join(shipped)}"
        raise SourceError(f"reading the mapping {name_or_path}", why, advice) from error
    return parse_mapping(text, path.stem)


def parse_mapping(text: str, name: str) -> Mapping:
    """Read a mapping. Raises SourceError with every problem that can be seen without the file."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"reading the mapping {name}", f"it is no TOML: {error}") from error
    problems = [f"[{key}] is no part of a mapping" for key in document.keys() - {"file", "event", "tables"}]
    sections = [_section(document, key, problems) for key in ("file", "event", "tables")]
    tables = {key: _section(sections[2], key, problems, "tables.") for key in sections[2]}
    file = _read_format(sections[0], problems)
    fields = tuple(_read_fields(sections[1], tables, problems))
    if problems:
        raise SourceError(f"reading the mapping {name}", "; ".join(problems), "mend it, then import again")
    return Mapping(name, file, fields, tables)


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
    if len(file.delimiter) != 1 or file.delimiter in '"\r\n':
        problems.append(f"[file] delimiter: expected one character, got {file.delimiter!r}")
    return file


def _read_fields(event: dict[str, Any], tables: Tables, problems: list[str]) -> Iterator[Field]:
    problems += [f"[event] needs {name}" for name in REQUIRED if name not in event]
    for group, name, value in _targets(event):
        path = f"{group}.{name}" if group else name
        known = GROUPS[group] if group else TOP_FIELDS
        if known is not None and name not in known:
            problems.append(_unknown_field(path, name, known))
            continue
        try:
            yield Field(group, name, _read_rule(path, value, tables))
        except (ValueError, LookupError) as error:  # msgspec's ValidationError is a ValueError
            problems.append(f"{path}: {error.args[0]}")


def _targets(event: dict[str, Any]) -> Iterator[tuple[str | None, str, Any]]:
    """Each field as (group, name, value): `product.id = …` bare and `"product.id" = …` in quotes are the same."""
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
        return "sentAt: it is set when the event is sent"
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else "names of your own go under properties"
    return f"{path} is no field of an event ({hint})"


def _read_rule(path: str, value: Any, tables: Tables) -> Rule:
    if isinstance(value, str):
        rule: Rule = Instant(value) if path == "createdAt" else Text(value)
    elif isinstance(value, bool | int | float):
        rule = Constant(value)
    elif isinstance(value, dict):
        kinds = [kind for kind in KINDS if kind in value]
        if len(kinds) != 1:
            raise ValueError(f"expected one of {', '.join(KINDS)}, got {', '.join(value) or 'nothing'}")
        rule = msgspec.convert(value, KINDS[kinds[0]])
    else:
        raise ValueError(f"expected text, a number, true, false or a rule, got {type(value).__name__}")
    if isinstance(rule, Lookup) and rule.lookup not in tables:
        raise ValueError(f"there is no [tables.{rule.lookup}]")
    # Making it once against any columns brings out bad zones and times now, not in the middle of a file.
    columns = {column: 0 for template in rule.templates() for column in template.columns}
    rule.make(Binding(columns, tables))
    return rule
