"""The two instances: finding one by its name and stack, and running a command on it through Systems Manager.

Run Command needs no open port. Its output is limited to 24,000 characters, and is shown only when a command fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clickstream.cloud import names
from clickstream.cloud.account import Account, error_code
from clickstream.cloud.destroy.scope import STACK_TAG, tags_of
from clickstream.errors import CloudError

DATABASES = {names.WAREHOUSE_INSTANCE: "warehouse", names.WEB_INSTANCE: "web"}
"""Instances by name, with the folder of their dumps."""
_ENDED = ("terminated", "shutting-down")
_RUNNING = ("Pending", "InProgress", "Delayed", "Cancelling")
_MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance as EC2 describes it. state: such as running or stopped."""

    id: str
    name: str
    state: str


def find_instance(account: Account, name: str, stack: str = names.STACK) -> Instance | None:
    """Return the instance with a name, of this stack; None if it does not exist."""
    filters = [{"Name": "tag:Name", "Values": [name]}, {"Name": f"tag:{names.TAG}", "Values": [names.TAG_VALUE]}]
    for reservation in account.list("ec2", "describe_instances", "Reservations", Filters=filters):
        for each in reservation["Instances"]:
            state = each["State"]["Name"]
            if state not in _ENDED and tags_of(each["Tags"]).get(STACK_TAG, stack) == stack:
                return Instance(each["InstanceId"], name, state)
    return None


def is_online(account: Account, instance: Instance) -> bool:
    """Return whether the agent of Systems Manager on an instance answers."""
    filters = [{"Key": "InstanceIds", "Values": [instance.id]}]
    listed = account.client("ssm").describe_instance_information(Filters=filters)["InstanceInformationList"]
    return any(each["PingStatus"] == "Online" for each in listed)


def run_on(
    account: Account, instance: Instance, command: str, wait: Callable[[float], None], minutes: int = 30
) -> None:
    """Run a shell command as root on an instance and wait until it ends. Raises CloudError with its last output."""
    doing = f"running {command} on {instance.name}"
    ssm = account.client("ssm")
    sent = ssm.send_command(
        InstanceIds=[instance.id],
        DocumentName="AWS-RunShellScript",
        Parameters={"commands": [command], "executionTimeout": [str(minutes * _MINUTE_S)]},
        TimeoutSeconds=600,
    )
    for _ in range(minutes * _MINUTE_S // 5 + 120):
        wait(5)
        answer = _invocation(ssm, sent["Command"]["CommandId"], instance)
        if answer["Status"] == "Success":
            return
        if answer["Status"] not in _RUNNING:
            output = (answer.get("StandardErrorContent") or answer.get("StandardOutputContent") or "").strip()
            raise CloudError(
                doing,
                f"it ended as {answer['Status']}: {output[-600:] or 'without output'}",
                f"see the log on the instance: aws ssm start-session --target {instance.id}",
            )
    raise CloudError(doing, f"it did not end within {minutes} minutes", "run this again")


def _invocation(ssm: Any, command: str, instance: Instance) -> Any:
    """Return the state of a command. It appears a moment after it was sent."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - only the commands on AWS have it

    try:
        return ssm.get_command_invocation(CommandId=command, InstanceId=instance.id)
    except ClientError as error:
        if error_code(error) != "InvocationDoesNotExist":
            raise
        return {"Status": "Pending"}
