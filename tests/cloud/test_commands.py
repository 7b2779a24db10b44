"""The commands as a user runs them: exit codes, what is printed where, and what is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clickstream.cli.app import app
from clickstream.cli.terminal import err, guarded
from clickstream.cloud import names
from clickstream.cloud.account import Account
from tests.cloud.amplify import Amplify
from tests.cloud.leftovers import TAGGED, Maker, everything

Captured = pytest.CaptureFixture[str]


def clickstream(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["clickstream", *arguments])
    return guarded(app, err, lambda: False)


@pytest.fixture
def signed_in(account: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    """The account that the commands sign in to: one in the test process."""
    monkeypatch.setattr("clickstream.cloud.account.open_account", lambda _region: account)
    return account


def test_cost_prints_the_bill_on_stdout_and_needs_no_account(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    assert clickstream(monkeypatch, "cost", "--events-per-month", "30000000") == 0
    printed = capsys.readouterr()
    assert "156.24 USD a month" in printed.out
    assert "note:" in printed.err

    assert clickstream(monkeypatch, "cost", "--events-per-month", "30000000", "--json") == 0
    value = json.loads(capsys.readouterr().out)
    assert value["total"] == "156.24"
    assert {line["part"] for line in value["lines"]} >= {"ingestion", "raw store", "ETL"}


@pytest.mark.parametrize("arguments", [(), ("--events-per-month", "-1"), ("--events-per-month", "1", "--batch", "0")])
def test_cost_refuses_invalid_numbers(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, arguments: tuple[str, ...]
) -> None:
    assert clickstream(monkeypatch, "cost", *arguments) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("deploy", "--plan", "--stack", "Bad_Name"),
        ("deploy", "--database-network", "1.2.3.4/99"),
        ("deploy", "--shop-origin", "shop.example"),
        ("destroy", "--stack", "-x"),
        ("destroy", "--keep-data", __file__),
    ],
    ids=" ".join,
)
def test_wrong_options_are_refused_before_anything_is_asked_of_aws(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr("clickstream.cloud.account.open_account", lambda _region: pytest.fail("AWS was asked"))
    assert clickstream(monkeypatch, *arguments) == 2
    printed = capsys.readouterr()
    assert (printed.out, "Invalid value" in printed.err) == ("", True)


def test_destroy_changes_nothing_unless_it_is_confirmed(
    signed_in: Account, amplify: Amplify, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    account = signed_in
    maker = Maker(account, amplify, TAGGED, "clickstream")
    bucket = maker.bucket(f"{names.RAW_BUCKET}-{account.id}-{account.region}")
    before = everything(account, amplify)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert clickstream(monkeypatch, "destroy", "--region", "us-east-1") == 2
    printed = capsys.readouterr()
    assert f"1 x bucket: {bucket}" in printed.err
    assert "--yes" in printed.err
    assert everything(account, amplify) == before

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.prompt", lambda *_, **__: "another")
    assert clickstream(monkeypatch, "destroy", "--region", "us-east-1") == 1
    assert "nothing was changed" in capsys.readouterr().err
    assert everything(account, amplify) == before

    monkeypatch.setattr("typer.prompt", lambda *_, **__: names.STACK)
    assert clickstream(monkeypatch, "destroy", "--region", "us-east-1") == 0
    assert "nothing is left" in capsys.readouterr().out
    assert clickstream(monkeypatch, "destroy", "--region", "us-east-1", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"is_clean": True, "deleted": [], "left": [], "kept": None}


@pytest.mark.slow
def test_destroy_reports_what_is_left_with_exit_1(
    signed_in: Account, amplify: Amplify, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    account = signed_in
    api = Maker(account, amplify, {}, "someone").api(names.HTTP_API)
    assert clickstream(monkeypatch, "destroy", "--region", "us-east-1", "--yes", "--json") == 1
    value = json.loads(capsys.readouterr().out)
    assert not value["is_clean"]
    assert [each["id"] for each in value["left"]] == [api]


@pytest.mark.slow
def test_destroy_keeps_everything_if_the_data_cannot_be_saved(
    signed_in: Account, amplify: Amplify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    account = signed_in
    maker = Maker(account, amplify, TAGGED, "clickstream")
    maker.bucket(f"{names.RAW_BUCKET}-{account.id}-{account.region}")
    account.client("ec2").stop_instances(InstanceIds=[maker.instance(names.WAREHOUSE_INSTANCE)])
    before = everything(account, amplify)
    arguments = ("destroy", "--region", "us-east-1", "--yes", "--keep-data", str(tmp_path / "kept"))
    assert clickstream(monkeypatch, *arguments) == 1
    assert "nothing was removed" in capsys.readouterr().err
    assert everything(account, amplify) == before
    assert (tmp_path / "kept/raw/events/2026/11/30/event-1.json").read_bytes() == b"second"


@pytest.mark.parametrize("command", [("deploy",), ("connect",), ("destroy", "--yes")], ids=lambda words: words[0])
def test_without_credentials_a_command_says_how_to_sign_in(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert clickstream(monkeypatch, *command, "--region", "us-east-1") == 1
    lines = capsys.readouterr().err.splitlines()
    assert "no credentials were found" in lines[-2]
    assert "aws sso login" in lines[-1]


def test_a_budget_needs_an_address(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    assert clickstream(monkeypatch, "deploy", "--budget", "50") == 2
    assert "--email" in capsys.readouterr().err
