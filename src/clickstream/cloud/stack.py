"""The CloudFormation stack of the platform: whether it exists, what it consists of, and why a change of it failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clickstream.cloud.account import Account
from clickstream.errors import CloudError

GONE = "DELETE_COMPLETE"


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a stack. id: the physical id, such as i-0abc or a name."""

    kind: str
    logical_id: str
    id: str
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as CloudFormation describes it."""

    name: str
    id: str
    status: str
    reason: str
    is_protected: bool
    outputs: dict[str, str]

    @property
    def is_busy(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


def find_stack(account: Account, name: str) -> Stack | None:
    """Return a stack by name or id; None if it does not exist, or no longer."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - only the commands on AWS have it

    try:
        found = account.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    if not found or found[0]["StackStatus"] == GONE:
        return None
    facts = found[0]
    return Stack(
        facts["StackName"],
        facts["StackId"],
        facts["StackStatus"],
        facts.get("StackStatusReason", ""),
        facts.get("EnableTerminationProtection", False),
        {each["OutputKey"]: each["OutputValue"] for each in facts.get("Outputs") or ()},
    )


def resources_of(account: Account, stack: str) -> list[Resource]:
    """Return the resources of a stack that exist."""
    listed = account.list("cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=stack)
    return [
        Resource(
            each["ResourceType"],
            each["LogicalResourceId"],
            each.get("PhysicalResourceId", ""),
            each["ResourceStatus"],
            each.get("ResourceStatusReason", ""),
        )
        for each in listed
        if each["ResourceStatus"] != GONE
    ]


def output(stack: Stack, name: str) -> str:
    """Return an output of the stack. Raises CloudError if it has none with this name."""
    try:
        return stack.outputs[name]
    except KeyError:
        why = f"it has no output {name}"
        raise CloudError(f"reading the stack {stack.name}", why, "run clickstream deploy to complete it") from None


def failures(account: Account, stack: str, since: datetime) -> list[str]:
    """Return one line for each resource that failed in the newest change: which, and why. The cause comes first."""
    lines: list[str] = []
    for event in account.list("cloudformation", "describe_stack_events", "StackEvents", StackName=stack):
        if event["Timestamp"] < since:
            break
        reason = event.get("ResourceStatusReason", "")
        if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in reason:
            lines.append(f"{event['LogicalResourceId']} ({event.get('ResourceType', '')}): {reason}")
    return lines[::-1]


def wait_while_busy(
    account: Account, name: str, wait: Callable[[float], None], on_change: Callable[[Stack, int], Any], tries: int = 720
) -> Stack | None:
    """Wait until no change of the stack is in progress; return it, or None once it is gone.

    on_change receives the stack and how many of its resources still exist. tries: every 5 seconds, an hour in all.
    """
    for _ in range(tries):
        stack = find_stack(account, name)
        if stack is None or not stack.is_busy:
            return stack
        on_change(stack, len(resources_of(account, stack.id)))
        wait(5)
    raise CloudError(f"waiting for the stack {name}", "it is still changing after an hour", "run this again later")
