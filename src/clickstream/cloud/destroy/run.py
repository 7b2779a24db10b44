"""The whole removal, in the order of the design.

Rule, shop, API and functions first: nothing new arrives, and AWS begins to release the network interfaces of the
functions. Then the buckets are emptied, the stack is deleted, and the sweep removes what the stack left. Each step
looks at AWS for what is there, so the command can be run again at any point. What AWS or a person made without tags
gets the project's tag first: a later run recognises it when the resource that it belongs to is gone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from clickstream.cloud import names
from clickstream.cloud.account import Account, aws_errors
from clickstream.cloud.destroy import services
from clickstream.cloud.destroy.bootstrap import remove_bootstrap
from clickstream.cloud.destroy.buckets import BUCKETS, empty_bucket
from clickstream.cloud.destroy.network import SNAPSHOTS
from clickstream.cloud.destroy.scope import Item, Scope, open_scope
from clickstream.cloud.destroy.sweep import found, inventory, remove, sweep
from clickstream.cloud.stack import find_stack, resources_of, wait_while_busy
from clickstream.progress import Progress, no_progress

DOING = "removing the platform from AWS"
_ETL_LIMIT_S = 900
"""A pass of the ETL ends within the time limit of a Lambda function."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will go, and what only looks like it: those have a note and are left alone."""

    account: str
    region: str
    stack: str
    has_stack: bool
    items: list[Item]

    @property
    def is_empty(self) -> bool:
        return not self.has_stack and not self.items


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was deleted (one line each), and what is left, with reasons."""

    deleted: list[str] = field(default_factory=list)
    left: list[Item] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not self.left


def plan(account: Account, stack: str = names.STACK, progress: Progress = no_progress) -> Plan:
    """Return what `destroy` would remove. Changes nothing."""
    with aws_errors("listing what is on AWS"):
        scope = open_scope(account, stack)
        has_stack = find_stack(account, stack) is not None
        return Plan(account.id, account.region, stack, has_stack, inventory(scope, progress))


def destroy(  # noqa: PLR0913 - the choices of one command, and what tests replace
    account: Account,
    stack: str = names.STACK,
    *,
    include_bootstrap: bool = False,
    on_quiet: Callable[[], object] = bool,
    report: Callable[[str], None] = print,
    progress: Progress = no_progress,
    wait: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Remove everything. Raises CloudError if AWS cannot be used at all; what it refuses is part of the outcome.

    on_quiet: called when no event can arrive any more and no data is deleted yet.
    """
    deleted: list[str] = []

    def note(line: str) -> None:
        if line.startswith("deleted "):
            deleted.append(line.removeprefix("deleted "))
        report(line)

    with aws_errors(DOING):
        scope = open_scope(account, stack)
        claim(scope)
        stop_intake(scope, note, wait)
        on_quiet()
        _empty_buckets(scope, note, progress)
        _delete_stack(scope, note, wait, progress)
        left = sweep(scope, wait, note, progress=progress)
        _delete_stack(scope, note, wait, progress)  # what held the stack may be gone now
        left += _remaining_stack(scope)
        if include_bootstrap:
            left += remove_bootstrap(scope, note, wait)
    return Outcome(deleted, left)


def _remaining_stack(scope: Scope) -> list[Item]:
    stack = find_stack(scope.account, scope.stack)
    return [] if stack is None else [Item("stack", stack.name, note=f"is {stack.status}: {stack.reason}")]


def stop_intake(scope: Scope, report: Callable[[str], None], wait: Callable[[float], None]) -> None:
    """Stop the ETL's schedule, wait for a pass that runs, then remove the shop, the API and the functions."""
    events = scope.client("events")
    for rule in found(scope, services.RULES):
        if not rule.note:
            events.disable_rule(Name=rule.id)
            report(f"stopped the schedule {rule.id}")
            _wait_for_etl(scope, report, wait)
    for category in (services.SHOPS, services.APIS, services.FUNCTIONS):
        remove(scope, category, report)


def claim(scope: Scope) -> None:
    """Tag what belongs to the platform only through another resource: log groups of the shop, snapshots of a volume."""
    for app in found(scope, services.SHOPS):
        if not app.note:
            scope.apps.append(app.id)
            _claim_log_group(scope, f"/aws/amplify/{app.id}")
    snapshots = [each.id for each in found(scope, SNAPSHOTS) if not each.note]
    if snapshots:
        tag = {"Key": names.TAG, "Value": names.TAG_VALUE}
        scope.client("ec2").create_tags(Resources=snapshots, Tags=[tag])


def _claim_log_group(scope: Scope, name: str) -> None:
    for each in scope.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
        if each["logGroupName"] == name:
            arn = each["arn"].removesuffix(":*")
            scope.client("logs").tag_resource(resourceArn=arn, tags={names.TAG: names.TAG_VALUE})


def _wait_for_etl(scope: Scope, report: Callable[[str], None], wait: Callable[[float], None]) -> None:
    """Wait until a pass that may run has ended: its newest log line is a report, or older than any pass can last."""
    group = f"/aws/lambda/{names.ETL_FUNCTION}"
    for _ in range(_ETL_LIMIT_S // 15):
        if not _is_running(scope, group):
            return
        report("waiting for the ETL to end its pass")
        wait(15)


def _is_running(scope: Scope, group: str) -> bool:
    """Return whether the newest invocation in a log group has started and not ended."""
    logs = scope.client("logs")
    listed = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    if group not in [each["logGroupName"] for each in listed]:
        return False
    since = int((time.time() - _ETL_LIMIT_S) * 1000)
    lines = [each["message"] for each in logs.filter_log_events(logGroupName=group, startTime=since)["events"]]
    started = sum("START RequestId" in line or "platform.start" in line for line in lines)
    ended = sum("REPORT RequestId" in line or "platform.report" in line for line in lines)
    return started > ended


def _empty_buckets(scope: Scope, report: Callable[[str], None], progress: Progress) -> None:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - only the commands on AWS have it

    for bucket in found(scope, BUCKETS):
        if not bucket.note:
            try:
                count = empty_bucket(scope, bucket.id, progress)
            except (ClientError, RuntimeError) as error:
                report(f"cannot empty the bucket {bucket.id}: {error}")  # the sweep tries again, and reports it as left
                continue
            report(f"emptied the bucket {bucket.id}: {count:,} versions")


def _delete_stack(
    scope: Scope, report: Callable[[str], None], wait: Callable[[float], None], progress: Progress
) -> None:
    """Delete the stack. If a resource blocks it, delete the stack without that resource: the sweep takes it."""
    account, client = scope.account, scope.client("cloudformation")
    existing = find_stack(account, scope.stack)
    if existing is None:
        return
    total = len(resources_of(account, existing.id))

    def show(_: object, left: int) -> None:
        progress(total - left, total, f"deleting the stack {scope.stack}")

    stack = wait_while_busy(account, existing.id, wait, show)
    if stack is not None:
        if stack.is_protected:
            client.update_termination_protection(StackName=existing.name, EnableTerminationProtection=False)
        client.delete_stack(StackName=existing.name)
        stack = wait_while_busy(account, existing.id, wait, show)
    if stack is not None and stack.status == "DELETE_FAILED":
        failed = [each for each in resources_of(account, existing.id) if each.status == "DELETE_FAILED"]
        for each in failed:
            report(f"the stack keeps {each.kind} {each.id}: {each.reason}")
        client.delete_stack(StackName=existing.name, RetainResources=[each.logical_id for each in failed])
        stack = wait_while_busy(account, existing.id, wait, show)
    report(f"deleted stack {scope.stack}" if stack is None else f"the stack is {stack.status}: {stack.reason}")
