"""Commands that maintain the warehouse: migrate, compact, roles."""

from __future__ import annotations

import typer

from clickstream.cli.options import Data, Json, print_json
from clickstream.cli.terminal import ProgressBar, err, write_bytes
from clickstream.settings import read_settings

warehouse = typer.Typer(help="Maintain the warehouse.", no_args_is_help=True)


@warehouse.command()
def migrate(data: Data = None, json: Json = False) -> None:
    """Update the schema. Other commands also do this if they are allowed to. Safe to run twice."""
    from clickstream.local.owner.file import open_warehouse

    settings = read_settings(data)
    with open_warehouse(settings) as opened:
        applied = list(opened.migrated)
    if json:
        print_json({"warehouse": settings.warehouse_name, "applied": applied})
    else:
        err.print(f"{settings.warehouse_name}: applied {len(applied)} schema files")


@warehouse.command()
def compact(data: Data = None, json: Json = False) -> None:
    """Rewrite the DuckDB file to free the space of deleted rows. Stop the platform first."""
    from clickstream.warehouse.compact import compact as run

    settings = read_settings(data)
    if not settings.is_embedded:
        raise typer.BadParameter("this warehouse is PostgreSQL; use its VACUUM FULL")
    with ProgressBar(err, "rewriting the warehouse"):
        before, after = run(settings.warehouse_path)
    if json:
        print_json({"before_bytes": before, "after_bytes": after})
    else:
        err.print(f"{before:,} bytes before, {after:,} bytes after")


@warehouse.command()
def roles() -> None:
    """Print SQL that creates the PostgreSQL roles clickstream_loader and clickstream_reader; run it with psql."""
    from clickstream.warehouse.migrations import roles_sql

    write_bytes(roles_sql().encode())
