"""Looks through every category for what is left, deletes it, and looks again until nothing changes.

The Tagging API is asked last. It knows types that no category here lists, so an unknown one is reported, never missed.
It may still name what was deleted minutes ago; what a category can look up itself is not reported from there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from clickstream.cloud import names
from clickstream.cloud.account import reason_of
from clickstream.cloud.destroy import buckets, network, records, services
from clickstream.cloud.destroy.scope import OTHERS, Category, Item, Scope, tags_of
from clickstream.progress import Progress, no_progress

CATEGORIES: tuple[Category, ...] = (
    services.RULES,
    services.SHOPS,
    services.APIS,
    services.FUNCTIONS,
    services.DISTRIBUTIONS,
    services.ACCESS_CONTROLS,
    services.HEADER_POLICIES,
    services.POOLS,
    buckets.BUCKETS,
    network.INSTANCES,
    network.TEMPLATES,
    network.SNAPSHOTS,
    network.IMAGES,
    network.VOLUMES,
    network.ADDRESSES,
    network.ENDPOINTS,
    network.FLOW_LOGS,
    network.INTERFACES,
    network.GROUPS,
    network.ROUTE_TABLES,
    network.SUBNETS,
    network.GATEWAYS,
    network.VPCS,
    services.QUEUES,
    services.TOPICS,
    records.ALARMS,
    records.DASHBOARDS,
    records.BUDGETS,
    records.PARAMETERS,
    records.ROLES,
    records.PROFILES,
    records.LOG_GROUPS,  # last: a function that still runs would create its group again
)
"""In the order of deletion."""

_LOOKED_UP = re.compile(
    r"arn:[^:]+:(?:"
    r"events:[^:]*:[^:]*:rule/|amplify:[^:]*:[^:]*:apps/|apigateway:|lambda:[^:]*:[^:]*:function:|cloudfront::"
    r"|cognito-idp:|s3:::|sqs:|sns:|cloudwatch:[^:]*:[^:]*:(?:alarm|dashboard)|budgets:|iam::[^:]*:(?:role|instance-profile)/"
    r"|logs:|ssm:[^:]*:[^:]*:parameter|cloudformation:"
    r"|ec2:[^:]*:[^:]*:(?:instance|launch-template|snapshot|image|volume|elastic-ip|vpc-endpoint|vpc-flow-log"
    r"|network-interface|security-group|security-group-rule|route-table|subnet|internet-gateway|vpc)/)"
)
"""ARNs of what CATEGORIES find themselves."""
_PASSES = 80
_PAUSE_S = 30


def inventory(scope: Scope, progress: Progress = no_progress) -> list[Item]:
    """Return all that belongs to the platform, with what only looks like it (those have a note)."""
    items: list[Item] = []
    for number, category in enumerate(CATEGORIES):
        progress(number, len(CATEGORIES), f"looking for each {category.kind}")
        items += found(scope, category)
    return items + list(_unknown(scope))


def sweep(
    scope: Scope,
    wait: Callable[[float], None],
    report: Callable[[str], None],
    passes: int = _PASSES,
    progress: Progress = no_progress,
) -> list[Item]:
    """Delete what is left; return what could not be deleted, each with the reason.

    Network interfaces of Lambda functions stay in use for up to 40 minutes, and hold groups, subnets and the VPC. The
    sweep repeats while they exist, or while a pass deletes something.
    """
    left: list[Item] = []
    for number in range(passes):
        deleted, left = _pass(scope, report, progress)
        is_held = any(each.kind == services.FUNCTIONS.kind or "Lambda" in each.name for each in left)
        if not left or not (deleted or is_held):
            break
        if is_held and not deleted and number + 1 < passes:
            report("waiting until AWS releases the network interfaces of the functions (up to 40 minutes)")
            wait(_PAUSE_S)
    return left + list(_unknown(scope))


def _pass(scope: Scope, report: Callable[[str], None], progress: Progress) -> tuple[int, list[Item]]:
    """Go through all categories once; return how many items were deleted, and the items that were not."""
    deleted, left = 0, []
    for number, category in enumerate(CATEGORIES):
        progress(number, len(CATEGORIES), f"removing each {category.kind}")
        for item in found(scope, category):
            refused = item if item.note else _delete(scope, category, item)
            if refused is None:
                deleted += 1
                report(f"deleted {item.label}")
            else:
                left.append(refused)
    return deleted, left


def remove(scope: Scope, category: Category, report: Callable[[str], None]) -> None:
    """Delete the items of one category now. What fails is left to the sweep."""
    for item in found(scope, category):
        if not item.note and _delete(scope, category, item) is None:
            report(f"deleted {item.label}")


def found(scope: Scope, category: Category) -> list[Item]:
    """Return the items of a category. That they cannot be listed is an item too, with the reason as its note."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only the commands on AWS have it

    try:
        return list(category.find(scope))
    except (ClientError, BotoCoreError) as error:
        return [Item(category.kind, "unknown", note=f"cannot be listed: {_why(error)}")]


def _delete(scope: Scope, category: Category, item: Item) -> Item | None:
    """Delete an item; return it with the reason if AWS refuses."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only the commands on AWS have it

    try:
        category.delete(scope, item)
    except (ClientError, BotoCoreError, RuntimeError) as error:
        return Item(item.kind, item.id, item.name, f"cannot be deleted: {_why(error)}")
    return None


def _why(error: Any) -> str:
    """Return the reason as one line."""
    return " ".join((reason_of(error) if hasattr(error, "response") else str(error)).split())


def _unknown(scope: Scope) -> Iterator[Item]:
    """Yield what has the project's tag, and is of a type that no category looks up."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only the commands on AWS have it

    filters = [{"Key": names.TAG, "Values": [names.TAG_VALUE]}]
    try:
        listed: Iterable[Any] = list(
            scope.account.list(
                "resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", TagFilters=filters
            )
        )
    except (ClientError, BotoCoreError) as error:
        yield Item("tagged resource", "unknown", note=f"cannot be listed: {_why(error)}")
        return
    for each in listed:
        if not _LOOKED_UP.match(each["ResourceARN"]) and scope.judge(tags_of(each["Tags"])) != OTHERS:
            yield Item("tagged resource", each["ResourceARN"], note="of a type that this command does not know")
