"""The least that each part of the platform needs of a PostgreSQL warehouse, as SQL for its owner to run.

Out: text for psql. It makes two roles that cannot log in by themselves; the owner grants them to those who do. Safe to
run again, and to be run again after a migration that makes tables (docs/guide/commands.md).
"""

from __future__ import annotations

from importlib.resources import files


def roles_sql() -> str:
    """The script roles.postgres.sql."""
    return (files("clickstream.warehouse") / "roles.postgres.sql").read_text(encoding="utf-8")
