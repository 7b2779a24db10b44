"""The declared columns and the tables that the schema files make are the same."""

from __future__ import annotations

from clickstream.etl.columns import EVENT_COLUMNS, LOAD_COLUMNS
from tests.etl.pipeline import Pipeline


def test_the_declaration_lists_every_column_of_the_table_once(pipeline: Pipeline) -> None:
    stored = pipeline.warehouse.fetch("select * from clickstream_events limit 0").columns
    declared = [column.name for column in EVENT_COLUMNS]
    assert sorted((*declared, *LOAD_COLUMNS)) == sorted(stored)
    assert declared == [name for name in stored if name not in LOAD_COLUMNS], "the order of the table"
