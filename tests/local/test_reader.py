"""A dashboard whose role may only read the warehouse: another process loads, and the dashboard follows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clickstream.dashboard.answers.loads import LoaderSource, LoaderStatus
from clickstream.dashboard.frame import late_loader
from clickstream.warehouse.migrations import roles_sql
from tests.conftest import Clock
from tests.e2e.platform import Platform
from tests.etl.pipeline import Pipeline, open_pipeline, received
from tests.patience import wait_until
from tests.postgres import Cluster


@pytest.fixture
def pipeline(cluster: Cluster, tmp_path: Path) -> Iterator[Pipeline]:
    """The process that loads, as the owner of the tables."""
    with open_pipeline(tmp_path, Clock(datetime.now(UTC)), cluster) as opened:
        yield opened


@pytest.fixture
def viewer(cluster: Cluster, pipeline: Pipeline, tmp_path: Path) -> Iterator[Platform]:
    """The platform as a user in the role clickstream_reader."""
    database = str(pipeline.warehouse.fetch("select current_database()").rows[0][0])
    with cluster.admin(database) as owner:
        owner.execute(roles_sql().encode())
        owner.execute("drop role if exists viewer; create role viewer login in role clickstream_reader")
        owner.execute("alter role viewer set default_transaction_read_only = on")
    settings = {"CLICKSTREAM_WAREHOUSE_URL": cluster.url(database, "viewer"), "CLICKSTREAM_RAW_URL": f"{tmp_path}/raw"}
    opened = Platform(tmp_path / "data", settings)
    yield opened
    opened.close()


def test_it_loads_nothing_and_shows_what_another_process_loads(viewer: Platform, pipeline: Pipeline) -> None:
    pipeline.put_batch([received(datetime.now(UTC), clientId="c")])
    owner = viewer.start_owner()
    assert viewer.json("query", "select count(*) from clickstream_events")["rows"] == [[0]]
    pipeline.load()
    wait_until(lambda: viewer.json("mart", "status")["load_id"] == 1)
    assert viewer.json("query", "select count(*) from clickstream_events")["rows"] == [[1]]
    for minutes, problems in ((80, []), (100, ["the warehouse is not being loaded"])):
        moved = {"then": datetime.now(UTC) - timedelta(minutes=minutes)}
        with pipeline.warehouse.transaction() as cursor:
            cursor.execute("update passes set started_at = $then", moved)
        found = viewer.json("doctor", "--dashboard-port", str(viewer.dashboard_port), expect=1 if problems else 0)
        assert "reads only, 1 events" in [part["note"] for part in found["parts"]]
        assert [problem["what"] for problem in found["problems"]] == problems
    viewer.close()
    assert owner.stderr is not None
    assert owner.returncode == 0


def test_commands_that_load_say_why_they_cannot(viewer: Platform) -> None:
    for _ in range(2):
        code, _, errors = viewer.run_here("etl", "run")
        assert code == 1
        assert "clickstream_loader" in errors
        if not viewer.started:
            viewer.start_owner()
    assert "this process may only read the warehouse" in " ".join(errors.split())


def test_its_loader_may_be_silent_for_as_long_as_an_hourly_load_needs() -> None:
    assert LoaderSource().max_silence.total_seconds() == 3 * 60
    assert LoaderSource(is_elsewhere=True).max_silence.total_seconds() == 90 * 60


@pytest.mark.parametrize(
    ("is_elsewhere", "log"), [(True, "the log of the process that loads"), (False, "logs/owner.log")]
)
def test_the_banner_names_the_log_of_the_process_that_loads(is_elsewhere: bool, log: str) -> None:
    assert log in str(late_loader(LoaderStatus(None, is_late=True, is_elsewhere=is_elsewhere)))
