"""How the rows of a parsed chunk get into the warehouse, so that the SQL of a load can read them.

In: a Parser that holds a chunk. Out, inside the load's transaction: `incoming` (the columns that decide about a row),
`new_events` (all of them), `new_order_lines` and `new_erased`. DuckDB takes them from the parser's memory; PostgreSQL
by COPY of CSV files, which DuckDB writes faster than anything else here makes rows (docs/decisions/0009-postgres.md).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any, Protocol

import duckdb

from clickstream.etl.parse import Parser
from clickstream.warehouse.contract import Cursor
from clickstream.warehouse.dialects import Engine
from clickstream.warehouse.duckdb import DuckCursor
from clickstream.warehouse.postgres import PostgresCursor

KEYS = """
        row_number, event_id, event_timestamp, received_at, event_name, user_id, user_login_state, client_id,
        session_id, is_first_visit, page_url is not null as has_page, page_path, order_id, country, device_type,
        browser, os, source, medium, campaign, channel, referrer_domain, is_bot, is_sample, raw_object, raw_line,
        raw_hour
"""
_TABLES = {"new_events": "events", "new_erased": "erased_lines", "new_order_lines": "order_lines"}
_TYPES = {
    "VARCHAR": 'text collate "C"',
    "BOOLEAN": "boolean",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "UUID": "uuid",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
}


class Handover(Protocol):
    """One chunk on its way. It has taken the rows out of the parser, which is free for the next chunk."""

    def stage(self, cursor: Cursor) -> None:
        """Make the rows readable in this transaction."""

    def close(self) -> None: ...


def hand_over(engine: Engine, parser: Parser, stage: Path) -> Handover:
    """The way to an engine for the chunk that `parser` holds. `stage`: a folder for files on the way."""
    return StreamHandover(parser) if engine == "duckdb" else FileHandover(parser, stage)


def drop_objects(cursor: Cursor, names: Collection[str]) -> None:
    """Take the rows of these objects out of what is staged: somebody else has loaded them meanwhile."""
    gone = {"names": list(names)}
    for table, column in (("incoming", "raw_object"), ("new_events", "raw_object"), ("new_erased", "object")):
        cursor.execute(
            f"delete from {table} where {column} in (select unnest(cast($names as text[])))",  # noqa: S608 - ours
            gone,
        )


class StreamHandover:
    """Hands rows to another DuckDB of this process by the Arrow C stream.

    It needs neither pyarrow nor external access. A stream brings all its columns, asked for or not, so the narrow ones
    have a stream of their own; and each can be read once. Arrow has no UUID: the ids travel as text.
    Until `close` the rows lie in tables of their own in the parser's memory, read by a connection of their own.
    """

    def __init__(self, parser: Parser) -> None:
        self._source = parser.connection.cursor()
        self._source.execute("set TimeZone = 'UTC'")
        self._tables = {name: f"{name}_{parser.chunks}" for name in _TABLES}
        for name, table in _TABLES.items():
            if table == "events":
                self._source.execute(f"alter table {table} rename to {self._tables[name]}")
            else:
                self._source.execute(f"create table {self._tables[name]} as from {table}")

    def stage(self, cursor: Cursor) -> None:
        assert isinstance(cursor, DuckCursor)
        sources = {name: f"from {table}" for name, table in self._tables.items()}
        sources["new_keys"] = f"select {KEYS} from {self._tables['new_events']}"  # noqa: S608 - ours
        for name, source in sources.items():
            cursor.raw.register(name, _ArrowStream(self._source.sql(source)))
        cursor.execute(
            "create temp table incoming as select * replace (cast(event_id as uuid) as event_id) from new_keys"
        )

    def close(self) -> None:
        for table in self._tables.values():
            self._source.execute(f"drop table if exists {table}")
        self._source.close()


class _ArrowStream:
    def __init__(self, relation: Any) -> None:
        self._relation = relation

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._relation.__arrow_c_stream__(requested_schema)


class FileHandover:
    """Hands rows to PostgreSQL by CSV files in a folder of its own, written at once."""

    def __init__(self, parser: Parser, stage: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="chunk-", dir=stage))
        self._columns: dict[str, dict[str, str]] = {}
        try:
            for name, table in _TABLES.items():
                relation = parser.connection.sql(f"from {table}")
                self._columns[name] = {
                    column: _type_of(column, kind)
                    for column, kind in zip(relation.columns, relation.types, strict=True)
                }
                _write_csv(relation, self._file(name))
        except BaseException:
            self.close()
            raise

    def stage(self, cursor: Cursor) -> None:
        assert isinstance(cursor, PostgresCursor)
        for name, columns in self._columns.items():
            listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            cursor.execute(f"create temp table {name} ({listed}) on commit drop")
            cursor.copy_csv(name, self._file(name))
        cursor.execute(f"create temp table incoming as select {KEYS} from new_events")  # noqa: S608 - ours
        # Only what the load joins and filters by: to look at every column costs as much as to load it.
        cursor.execute("analyze new_events (row_number)")
        cursor.execute("analyze incoming (row_number, event_id, event_timestamp, client_id, session_id, user_id)")

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.csv"


def _type_of(column: str, kind: object) -> str:
    if column == "event_id":
        return "uuid"
    name = str(kind)
    return "numeric" if name.startswith("DECIMAL") else _TYPES[name]


def _write_csv(relation: duckdb.DuckDBPyRelation, path: Path) -> None:
    """NULL is an empty field, '' a quoted one. PostgreSQL writes years before 1 in another way than DuckDB."""
    columns = [
        f"""case when {name} >= timestamptz '0001-01-01' then cast({name} as varchar)
            else replace(cast({name} as varchar), ' (BC)', '') || ' BC' end as {name}"""
        if str(kind) == "TIMESTAMP WITH TIME ZONE"
        else name
        for name, kind in zip(relation.columns, relation.types, strict=True)
    ]
    relation.select(*map(duckdb.SQLExpression, columns)).write_csv(str(path), header=False)
