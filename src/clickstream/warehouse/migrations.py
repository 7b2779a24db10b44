"""The schema as numbered files that are applied once each, and the SQL for the roles of a PostgreSQL warehouse.

schema/NNNN_words.sql is for every engine, schema/NNNN_words.ENGINE.sql for one. The table `schema_files` records what
has been applied; a file never changes once it is released.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

from clickstream.warehouse.contract import Cursor
from clickstream.warehouse.dialects import Engine, read_sql


def schema_files(engine: Engine) -> list[Traversable]:
    """Return the files that a warehouse of this engine is made of, in their order."""
    folder = files("clickstream.warehouse") / "schema"
    return sorted((file for file in folder.iterdir() if _is_for(file.name, engine)), key=lambda file: file.name)


def apply_schema(cursor: Cursor) -> list[str]:
    """Apply the files that this warehouse does not have yet, in a transaction that no other writer shares.

    Returns their names; none when the schema is up to date.
    """
    cursor.execute("create table if not exists schema_files (name text not null)")
    known = {row[0] for row in cursor.fetch("select name from schema_files").rows}
    fresh = [file for file in schema_files(cursor.engine) if file.name not in known]
    for file in fresh:
        cursor.execute(file.read_text(encoding="utf-8"))
        cursor.execute("insert into schema_files values ($name)", {"name": file.name})
    return [file.name for file in fresh]


def roles_sql() -> str:
    """Return the script for psql that creates the roles clickstream_loader and clickstream_reader.

    Neither can log in; the owner of the warehouse grants them to users. The script can be run again, and should be
    after a migration that creates tables (docs/guide/commands.md).
    """
    return read_sql("clickstream.warehouse", "roles.postgres.sql")


def _is_for(name: str, engine: Engine) -> bool:
    _, *engines, ending = name.split(".")
    return ending == "sql" and engines in ([], [engine])
