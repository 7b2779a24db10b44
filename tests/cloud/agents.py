"""Agents of Systems Manager, which moto does not know: the answer to DescribeInstanceInformation."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from clickstream.cloud.account import Account


def answer_as_agents(account: Account, *instances: str, run: Callable[[str, str], object] = max) -> None:
    """Let the agents of these instances answer, and no others. run: called with instance and command."""

    def answer(params: Any, **_: Any) -> Any:
        (wanted,) = json.loads(params["body"])["Filters"]
        online = [{"InstanceId": each, "PingStatus": "Online"} for each in instances if each in wanted["Values"]]
        return SimpleNamespace(status_code=200), {"InstanceInformationList": online}

    def execute(params: Any, **_: Any) -> None:
        body = json.loads(params["body"])
        for instance in body["InstanceIds"]:
            for command in body["Parameters"]["commands"]:
                run(instance, command)

    events = account.client("ssm").meta.events
    events.register("before-call.ssm.SendCommand", execute)
    events.register("before-call.ssm.DescribeInstanceInformation", answer)
