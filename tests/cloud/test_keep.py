"""`destroy --keep-data`: what is saved, and when it refuses to go on."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from clickstream.cloud import names
from clickstream.cloud.account import Account
from clickstream.cloud.destroy.keep import Keeper
from clickstream.raw.store import LocalStore
from tests.cloud.agents import answer_as_agents
from tests.cloud.amplify import Amplify
from tests.cloud.leftovers import TAGGED, Maker

DAY = "events/2026/11/30/"


@pytest.fixture
def bucket(account: Account, amplify: Amplify) -> str:
    name = f"{names.RAW_BUCKET}-{account.id}-{account.region}"
    account.client("s3").create_bucket(Bucket=name)
    return name


def put(account: Account, bucket: str, **objects: bytes) -> None:
    for key, body in objects.items():
        account.client("s3").put_object(Bucket=bucket, Key=key, Body=body)


def keeper(account: Account, folder: Path) -> Keeper:
    return Keeper(account, names.STACK, folder, lambda seconds: None)  # noqa: ARG005 - no test waits


def test_all_raw_objects_and_the_newest_dumps_are_saved(account: Account, bucket: str, tmp_path: Path) -> None:
    raw = {f"{DAY}event-{number}.json": b'{"eventName":"page_view"}\n' for number in range(40)}
    dumps = {f"dumps/{role}/2026-11-{day}.dump": role.encode() for role in ("warehouse", "web") for day in (28, 29)}
    put(account, bucket, **raw, **dumps)

    kept = keeper(account, tmp_path).keep()
    assert kept.problems == []
    assert kept.objects == 42
    assert kept.dumps == ["dumps/warehouse/2026-11-29.dump", "dumps/web/2026-11-29.dump"]
    assert (tmp_path / "dumps/web/2026-11-29.dump").read_bytes() == b"web"
    assert not (tmp_path / "dumps/web/2026-11-28.dump").exists()
    assert LocalStore(tmp_path / "raw").read(f"{DAY}event-7.json") == raw[f"{DAY}event-7.json"]


def test_a_second_run_fetches_only_what_is_missing(account: Account, bucket: str, tmp_path: Path) -> None:
    put(account, bucket, **{f"{DAY}event-1.json": b"one", f"{DAY}event-2.json": b"two"})
    keeper(account, tmp_path).keep()
    kept_before = tmp_path / "raw" / DAY / "event-1.json"
    before = kept_before.stat().st_mtime_ns
    (tmp_path / "raw" / DAY / "event-2.json").unlink()
    assert keeper(account, tmp_path).keep().objects == 2
    assert kept_before.stat().st_mtime_ns == before


def test_a_download_that_differs_is_a_problem_and_leaves_no_file(
    account: Account, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(account, bucket, **{f"{DAY}event-1.json": b"one"})
    real = hashlib.md5
    monkeypatch.setattr(hashlib, "md5", lambda **options: real(b"first", **options))
    kept = keeper(account, tmp_path).keep()
    monkeypatch.undo()
    assert kept.objects == 0
    assert "differ" in kept.problems[0]
    assert list((tmp_path / "raw" / DAY).iterdir()) == []


def test_a_database_whose_instance_does_not_answer_is_a_problem(
    account: Account, amplify: Amplify, bucket: str, tmp_path: Path
) -> None:
    Maker(account, amplify, TAGGED, "clickstream").instance(names.WEB_INSTANCE)
    answer_as_agents(account)
    kept = keeper(account, tmp_path).keep()
    assert [names.WEB_INSTANCE in problem for problem in kept.problems] == [True]


def test_a_dump_is_made_on_each_instance_that_answers(
    account: Account, amplify: Amplify, bucket: str, tmp_path: Path
) -> None:
    maker = Maker(account, amplify, TAGGED, "clickstream")
    instances = [maker.instance(names.WAREHOUSE_INSTANCE), maker.instance(names.WEB_INSTANCE)]

    def dump(instance: str, command: str) -> None:
        assert command == "systemctl start clickstream-dump.service"
        role = "warehouse" if instance == instances[0] else "web"
        put(account, bucket, **{f"dumps/{role}/2026-11-30.dump": b"PGDMP"})

    answer_as_agents(account, *instances, run=dump)
    kept = keeper(account, tmp_path).keep()
    assert kept.problems == []
    assert kept.dumps == ["dumps/warehouse/2026-11-30.dump", "dumps/web/2026-11-30.dump"]


def test_an_object_cannot_be_written_outside_the_folder(account: Account, bucket: str, tmp_path: Path) -> None:
    put(account, bucket, **{"events/../../../escape.json": b"x"})
    with pytest.raises(Exception, match="outside"):
        keeper(account, tmp_path / "kept").keep()
    assert not (tmp_path / "escape.json").exists()


def test_a_dump_that_does_not_arrive_is_a_problem(
    account: Account, amplify: Amplify, bucket: str, tmp_path: Path
) -> None:
    put(account, bucket, **{"dumps/warehouse/2026-11-29.dump": b"yesterday"})
    answer_as_agents(account, Maker(account, amplify, TAGGED, "clickstream").instance(names.WAREHOUSE_INSTANCE))
    assert "not in the bucket" in keeper(account, tmp_path).keep().problems[0]
