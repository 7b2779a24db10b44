"""Opens a session to the warehouse's instance: a forwarded port for the dashboard, or psql.

Nothing on the instance is reachable from a network; sessions go through Systems Manager, which checks the caller's
rights and records each session. The AWS command line starts them, with its Session Manager plugin. psql runs on the
instance, as the read-only role `dashboard` through the local socket: no password exists that could leak.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

import urllib3

from clickstream.cloud import names
from clickstream.cloud.account import Account, aws_errors
from clickstream.cloud.deploy.settings import environment
from clickstream.cloud.instances import Instance, find_instance, is_online
from clickstream.errors import CloudError

DOING = "connecting to the warehouse"
PLUGIN = "session-manager-plugin"
_PSQL = (
    "sudo --user clickstream-dashboard /opt/clickstream/postgresql/psql "
    f"--host /run/postgresql --username dashboard {names.WAREHOUSE_DATABASE}"
)
_TOOLS = {
    "aws": "install the AWS command line, version 2",
    PLUGIN: "install the Session Manager plugin for the AWS command line",
}
_READY_S = 60.0


@dataclass(frozen=True, slots=True)
class Session:
    """A session to start. command: without credentials, which its environment contains. url: what to open, or ""."""

    instance: Instance
    command: tuple[str, ...]
    env: dict[str, str]
    url: str = ""


def dashboard_session(account: Account, stack: str, port: int) -> Session:
    """Return the session that forwards a local port to the dashboard. Raises CloudError with what is missing."""
    _require_tools()
    _require_free(port)
    instance = _find(account, stack)
    parameters = {"portNumber": [str(names.DASHBOARD_PORT)], "localPortNumber": [str(port)]}
    command = _command(account, instance, "AWS-StartPortForwardingSession", parameters)
    return Session(instance, command, environment(account), f"http://127.0.0.1:{port}{names.DASHBOARD_PATH}")


def psql_session(account: Account, stack: str) -> Session:
    """Return the session that runs psql on the instance. Raises CloudError with what is missing."""
    _require_tools()
    instance = _find(account, stack)
    command = _command(account, instance, "AWS-StartInteractiveCommand", {"command": [_PSQL]})
    return Session(instance, command, environment(account))


def hold(process: subprocess.Popen[bytes], url: str, on_ready: Callable[[], object]) -> None:
    """Wait until the forwarded address answers, call on_ready, then wait for the end of the session.

    Raises CloudError if the session ends before the address answers, or if it never does.
    """
    _wait_until_ready(process, url)
    on_ready()
    if process.wait() != 0:
        raise CloudError(DOING, f"the session ended with {process.returncode}", "start it again")


def _wait_until_ready(process: subprocess.Popen[bytes], url: str) -> None:
    end = time.monotonic() + _READY_S
    while time.monotonic() < end:
        if process.poll() is not None:
            why = f"the session ended with {process.returncode} before the dashboard answered"
            raise CloudError(DOING, why, "see its lines above; your identity needs the right ssm:StartSession")
        try:
            if urllib3.request("GET", url, timeout=5, retries=False, redirect=False).status < 500:
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.3)
    why = f"{url} does not answer after {_READY_S:.0f} seconds"
    raise CloudError(DOING, why, "the dashboard may be starting: try again in a minute, or run clickstream deploy")


def _command(account: Account, instance: Instance, document: str, parameters: dict[str, list[str]]) -> tuple[str, ...]:
    options = ("--region", account.region, "--target", instance.id, "--document-name", document)
    return ("aws", "ssm", "start-session", *options, "--parameters", json.dumps(parameters))


def _require_tools() -> None:
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        why = f"{' and '.join(missing)} not found on PATH"
        raise CloudError(DOING, why, "; ".join(_TOOLS[tool] for tool in missing))


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CloudError(DOING, f"port {port} of this machine is in use", "pass --port with another one") from error


def _find(account: Account, stack: str) -> Instance:
    """Return the warehouse's instance, which must run and answer."""
    name = names.WAREHOUSE_INSTANCE
    with aws_errors(DOING):
        instance = find_instance(account, name, stack)
        if instance is None:
            why = f"{name} of the stack {stack} does not exist in {account.region}"
            raise CloudError(DOING, why, "run clickstream deploy, or pass --region")
        if instance.state != "running":
            advice = f"start it: aws ec2 start-instances --region {account.region} --instance-ids {instance.id}"
            raise CloudError(DOING, f"{name} ({instance.id}) is {instance.state}", advice)
        if not is_online(account, instance):
            why = f"the agent of Systems Manager on {name} ({instance.id}) does not answer"
            raise CloudError(DOING, why, "wait a few minutes after its start; else run clickstream deploy")
    return instance
