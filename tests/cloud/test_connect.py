"""`clickstream connect`: finding the instance, what is missing, and a session whose programs are stand-ins.

`aws` is a script here: it records its arguments and serves the forwarded port, as the real one does with its plugin.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from clickstream.cloud import names
from clickstream.cloud.account import Account
from clickstream.cloud.connect import dashboard_session, hold, psql_session
from clickstream.errors import CloudError
from tests.cloud.agents import answer_as_agents
from tests.cloud.amplify import Amplify
from tests.cloud.leftovers import FOREIGN, TAGGED, Maker
from tests.ports import free_port

AWS = """#!{python}
import http.server, json, os, sys
with open({record!r}, "w") as file:
    json.dump({{"arguments": sys.argv[1:], "key": os.environ.get("AWS_ACCESS_KEY_ID")}}, file)
if {fails!r}:
    sys.exit(254)
port = int(json.loads(sys.argv[sys.argv.index("--parameters") + 1])["localPortNumber"][0])
http.server.HTTPServer(("127.0.0.1", port), http.server.SimpleHTTPRequestHandler).handle_request()
"""


@pytest.fixture
def warehouse(account: Account, amplify: Amplify) -> str:
    """The id of the warehouse's instance, whose agent answers."""
    Maker(account, amplify, FOREIGN, "foreign").instance(names.WAREHOUSE_INSTANCE)
    instance = Maker(account, amplify, TAGGED, "clickstream").instance(names.WAREHOUSE_INSTANCE)
    answer_as_agents(account, instance)
    return instance


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, fails: bool = False) -> Path:
    """Put `aws` and its plugin on PATH; return the file that records the call."""
    record = folder / "call.json"
    script = AWS.format(python=sys.executable, record=str(record), fails=fails)
    for name, text in {"aws": script, "session-manager-plugin": "#!/bin/sh\n"}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return record


def test_the_dashboard_is_forwarded_and_announced_once_it_answers(
    account: Account, warehouse: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = install(tmp_path, monkeypatch)
    port = free_port()
    session = dashboard_session(account, names.STACK, port)
    assert session.url == f"http://127.0.0.1:{port}/sbw_dashboard"
    shown: list[str] = []
    with subprocess.Popen(session.command, env={**os.environ, **session.env}) as process:
        hold(process, session.url, lambda: shown.append(session.url))
    assert shown == [session.url]

    call = json.loads(record.read_text())
    arguments = call["arguments"]
    assert arguments[:2] == ["ssm", "start-session"]
    assert arguments[arguments.index("--target") + 1] == warehouse
    assert arguments[arguments.index("--document-name") + 1] == "AWS-StartPortForwardingSession"
    assert json.loads(arguments[-1]) == {"portNumber": ["3838"], "localPortNumber": [str(port)]}
    credentials = account.session.get_credentials()
    assert call["key"] == credentials.access_key
    assert credentials.secret_key not in " ".join(arguments)


def test_psql_runs_on_the_instance_as_a_role_that_only_reads(
    account: Account, warehouse: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch)
    command = psql_session(account, names.STACK).command
    assert command[command.index("--document-name") + 1] == "AWS-StartInteractiveCommand"
    (line,) = json.loads(command[-1])["command"]
    assert "--username dashboard" in line
    assert "--user clickstream-dashboard" in line
    assert line.endswith(names.WAREHOUSE_DATABASE)


def test_a_session_that_ends_at_once_is_an_error(
    account: Account, warehouse: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, fails=True)
    session = dashboard_session(account, names.STACK, free_port())
    with (
        subprocess.Popen(session.command, env={**os.environ, **session.env}) as process,
        pytest.raises(CloudError, match="254"),
    ):
        hold(process, session.url, lambda: None)


def test_missing_programs_are_all_named(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CloudError) as missing:
        dashboard_session(account, names.STACK, free_port())
    assert "aws and session-manager-plugin" in missing.value.why
    assert "Session Manager plugin" in missing.value.advice


def test_a_port_in_use_is_named_with_the_option_for_another(
    account: Account, warehouse: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(CloudError) as used:
            dashboard_session(account, names.STACK, port)
    assert str(port) in used.value.why
    assert "--port" in used.value.advice


def test_a_stopped_instance_and_a_silent_agent_are_explained(
    account: Account, amplify: Amplify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch)
    with pytest.raises(CloudError, match="does not exist"):
        psql_session(account, names.STACK)
    instance = Maker(account, amplify, TAGGED, "clickstream").instance(names.WAREHOUSE_INSTANCE)
    answer_as_agents(account)
    with pytest.raises(CloudError, match="does not answer"):
        psql_session(account, names.STACK)
    account.client("ec2").stop_instances(InstanceIds=[instance])
    with pytest.raises(CloudError, match="stopped") as stopped:
        psql_session(account, names.STACK)
    assert f"start-instances --region us-east-1 --instance-ids {instance}" in stopped.value.advice
