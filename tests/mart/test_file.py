"""The file of the mart: what makes it be built again, and what a killed process leaves."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import pytest

from clickstream.etl.erasure.forget import Eraser
from clickstream.etl.erasure.person import Person
from clickstream.mart.file import Mart
from clickstream.mart.refresh import mart_position, refresh
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, open_pipeline, received
from tests.mart.shown import shown, shown_from_scratch

ENGINES = ("duckdb",)
SECRET = "someone-very-special"


def load(pipeline: Pipeline, *clients: str) -> None:
    pipeline.clock.forward(minutes=1)
    pipeline.put_batch([received(pipeline.clock(), clientId=client) for client in clients])
    pipeline.load()


@pytest.mark.parametrize("table", ["pairs", "searches"])
def test_a_forgotten_person_is_in_no_byte_of_the_file(pipeline: Pipeline, mart: Mart, table: str) -> None:
    person, term = (SECRET, "bags") if table == "pairs" else ("c", SECRET)
    load(pipeline, *(f"c{number}" for number in range(50)), person)
    pipeline.put_batch([received(pipeline.clock(), clientId=person, eventName="search", search={"term": term})])
    pipeline.load()
    refresh(mart, pipeline.warehouse)
    with mart.transaction() as cursor:  # from the log into the file; without compression, an id is plain bytes
        cursor.execute("pragma force_compression = 'uncompressed'")
        cursor.execute(f"create table copied as from {table}")
    mart.close()
    assert SECRET.encode() in mart.path.read_bytes()
    with Mart.open(mart.path) as again:
        Eraser(pipeline.loader).forget(Person("client", person, ()))
        assert refresh(again, pipeline.warehouse).how == "built"
    files = [path.read_bytes() for path in mart.path.parent.glob(f"{mart.path.name}*")]
    assert files
    assert not any(SECRET.encode() in data for data in files)


def test_a_mart_ahead_of_a_restored_backup_is_built_again(
    pipeline: Pipeline, mart: Mart, tmp_path: Path, clock: Clock
) -> None:
    load(pipeline, "c1")
    load(pipeline, "c2")
    refresh(mart, pipeline.warehouse)
    with open_pipeline(tmp_path / "restored", Clock(clock() + timedelta(hours=1))) as restored:
        epoch = pipeline.rows("select epoch from warehouse_epoch")[0][0]
        with restored.warehouse.transaction() as cursor:
            cursor.execute("update warehouse_epoch set epoch = $epoch", {"epoch": epoch})
        for _ in range(3):
            load(restored, "c3")
        assert refresh(mart, restored.warehouse).how == "built"
        assert shown(mart) == shown_from_scratch(tmp_path, restored.warehouse)


def test_a_mart_of_another_version_is_made_again(pipeline: Pipeline, mart: Mart) -> None:
    load(pipeline, "c1")
    refresh(mart, pipeline.warehouse)
    with mart.transaction() as cursor:
        cursor.execute("update mart set version = -1")
    mart.close()
    with Mart.open(mart.path) as again:
        assert mart_position(again).epoch == ""
        assert refresh(again, pipeline.warehouse).how == "built"


def test_readers_see_the_old_mart_while_a_new_one_is_built(pipeline: Pipeline, mart: Mart) -> None:
    load(pipeline, "c1")
    refresh(mart, pipeline.warehouse)
    with mart.successor(), mart.reading() as cursor:
        assert cursor.scalar("select count(*) from hits") == 1
    with mart.reading() as cursor:
        assert cursor.scalar("select count(*) from hits") == 0, "the successor has taken its place"


@pytest.mark.parametrize("at", ["_note", pytest.param("run_file", marks=pytest.mark.slow)])
def test_a_process_killed_during_an_update_leaves_the_old_mart(
    pipeline: Pipeline, mart: Mart, tmp_path: Path, at: str
) -> None:
    load(pipeline, "c1")
    refresh(mart, pipeline.warehouse)
    old = shown(mart)
    load(pipeline, "c1", "c2")
    mart.close()
    warehouse = pipeline.warehouse
    assert isinstance(warehouse, DuckWarehouse)
    warehouse.close()
    program = f"""
        import os, signal
        from pathlib import Path
        from clickstream.mart import refresh
        from clickstream.mart.file import Mart
        from clickstream.warehouse.duckdb import DuckWarehouse
        refresh.{at} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        warehouse = DuckWarehouse.open(Path({str(warehouse.path)!r}))
        refresh.refresh(Mart.open(Path({str(mart.path)!r})), warehouse)
    """
    done = subprocess.run([sys.executable, "-c", dedent(program)], check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    with DuckWarehouse.open(warehouse.path) as again, Mart.open(mart.path) as reopened:
        assert shown(reopened) == old
        assert refresh(reopened, again).how == "updated"
        assert shown(reopened) == shown_from_scratch(tmp_path, again)
