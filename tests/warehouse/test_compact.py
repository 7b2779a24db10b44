"""A compacted file holds the same rows, and no byte of those that were deleted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from clickstream.errors import WarehouseBusyError, WarehouseError
from clickstream.etl.erasure.forget import Eraser
from clickstream.warehouse import compact as compacting
from clickstream.warehouse.compact import compact
from clickstream.warehouse.duckdb import DuckWarehouse
from tests.conftest import Clock
from tests.etl.pipeline import open_pipeline, received
from tests.etl.warehouses import contents


def test_a_compacted_file_has_no_bytes_of_a_forgotten_person(tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "warehouse.duckdb"
    with open_pipeline(tmp_path, clock) as pipeline:
        people = [f"user{number % 9}" if number % 50 else "person42" for number in range(2000)]
        pipeline.put_batch([received(clock.now, userId=person, clientId=f"of-{person}") for person in people])
        pipeline.load()
        eraser = Eraser(pipeline.loader)
        eraser.forget(eraser.user("person42"))
        before = contents(pipeline.warehouse)
    compact(file)
    assert b"person42" not in file.read_bytes()
    assert [path.name for path in tmp_path.glob("warehouse*")] == ["warehouse.duckdb"]
    with DuckWarehouse.open(file) as opened:
        assert contents(opened) == before
        assert opened.fetch("select sum(loaded), sum(erased) from ledger").rows == [(1960, 40)]


def test_a_file_that_is_open_or_missing_is_not_compacted(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="does not exist"):
        compact(tmp_path / "nothing.duckdb")
    (tmp_path / "other").write_text("not a warehouse" * 1000)
    with pytest.raises(WarehouseError):
        compact(tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other"]


def test_ctrl_c_leaves_the_file_and_no_copy_of_it(
    tmp_path: Path, warehouse: DuckWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_path: Path) -> None:
        raise KeyboardInterrupt

    warehouse.close()
    monkeypatch.setattr(compacting, "sync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        compact(warehouse.path)
    assert [path.name for path in tmp_path.glob("warehouse*")] == ["warehouse.duckdb"]
    DuckWarehouse.open(warehouse.path).close()


def test_a_file_that_another_process_holds_is_not_compacted(warehouse: DuckWarehouse) -> None:
    code = "import sys, pathlib, clickstream.warehouse.compact as c; c.compact(pathlib.Path(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(warehouse.path)], capture_output=True, text=True, check=False
    )
    assert WarehouseBusyError.__name__ in done.stderr
    assert warehouse.fetch("select count(*) from clickstream_events").rows == [(0,)]
