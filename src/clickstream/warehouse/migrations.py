"""The schema, as numbered files that are applied once each: schema/NNNN_words.sql for every engine, and
schema/NNNN_words.ENGINE.sql for one alone.

In: a cursor in a transaction that no other writer shares. Out: the names of the files that were new. What has been
applied stands in `schema_files`; a file is never changed once it is released.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

from clickstream.warehouse.contract import Cursor
from clickstream.warehouse.dialects import Engine


def schema_files(engine: Engine) -> list[Traversable]:
    """The files that a warehouse of this engine is made of, in their order."""
    folder = files("clickstream.warehouse") / "schema"
    return sorted((file for file in folder.iterdir() if _is_for(file.name, engine)), key=lambda file: file.name)


def apply_schema(cursor: Cursor) -> list[str]:
    """Apply the files that this warehouse has not seen yet. Out: their names; none when it is up to date."""
    cursor.execute("create table if not exists schema_files (name text not null)")
    known = {row[0] for row in cursor.fetch("select name from schema_files").rows}
    fresh = [file for file in schema_files(cursor.engine) if file.name not in known]
    for file in fresh:
        cursor.execute(file.read_text(encoding="utf-8"))
        cursor.execute("insert into schema_files values ($name)", {"name": file.name})
    return [file.name for file in fresh]


def _is_for(name: str, engine: Engine) -> bool:
    _, *engines, ending = name.split(".")
    return ending == "sql" and engines in ([], [engine])
