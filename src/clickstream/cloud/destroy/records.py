"""What is easily forgotten: parameters, log groups, alarms, dashboards, budgets, roles."""

from __future__ import annotations

from collections.abc import Iterator

from clickstream.cloud import names
from clickstream.cloud.destroy.scope import Category, Item, Scope, tags_of

_GLOBAL = "us-east-1"
"""The region in which AWS answers for budgets."""


def _find_parameters(scope: Scope) -> Iterator[Item]:
    """Yield the parameters below /clickstream/, which the instances made. Another stack may share them."""
    note = "" if not scope.other_stacks else f"may be used by another stack: {', '.join(sorted(scope.other_stacks))}"
    filters = [{"Key": "Path", "Option": "Recursive", "Values": [names.PARAMETERS]}]
    for each in scope.account.list("ssm", "describe_parameters", "Parameters", ParameterFilters=filters):
        yield Item("parameter", each["Name"], note=note)


def _delete_parameter(scope: Scope, item: Item) -> None:
    scope.client("ssm").delete_parameter(Name=item.id)


def log_prefixes(scope: Scope) -> tuple[str, ...]:
    """The beginnings of log groups that services create without tags, for resources with names of ours."""
    return (f"/aws/lambda/{scope.stack}-Custom", f"/aws/lambda/{scope.stack}-LogRetention")


def _find_log_groups(scope: Scope) -> Iterator[Item | None]:
    logs = scope.client("logs")
    exact = {f"/aws/lambda/{name}" for name in (names.INGEST_FUNCTION, names.ETL_FUNCTION)}
    exact.update(f"/aws/amplify/{app}" for app in scope.apps)
    for each in scope.account.list("logs", "describe_log_groups", "logGroups"):
        name, arn = each["logGroupName"], each["arn"].removesuffix(":*")
        if name in exact or name.startswith(log_prefixes(scope)):
            yield Item("log group", name)
            continue
        yield scope.item("log group", name, logs.list_tags_for_resource(resourceArn=arn).get("tags") or {}, name)


def _delete_log_group(scope: Scope, item: Item) -> None:
    scope.client("logs").delete_log_group(logGroupName=item.id)


def _find_alarms(scope: Scope) -> Iterator[Item | None]:
    cloudwatch = scope.client("cloudwatch")
    for each in scope.account.list("cloudwatch", "describe_alarms", "MetricAlarms"):
        tags = tags_of(cloudwatch.list_tags_for_resource(ResourceARN=each["AlarmArn"]).get("Tags"))
        yield scope.item("alarm", each["AlarmName"], tags)


def _delete_alarm(scope: Scope, item: Item) -> None:
    scope.client("cloudwatch").delete_alarms(AlarmNames=[item.id])


def _find_dashboards(scope: Scope) -> Iterator[Item]:
    """Yield the dashboard of the stack, which is known by its name."""
    for each in scope.account.list("cloudwatch", "list_dashboards", "DashboardEntries"):
        if each["DashboardName"] == f"{names.STACK}-{scope.account.region}":
            yield Item("CloudWatch dashboard", each["DashboardName"])


def _delete_dashboard(scope: Scope, item: Item) -> None:
    scope.client("cloudwatch").delete_dashboards(DashboardNames=[item.id])


def _find_budgets(scope: Scope) -> Iterator[Item]:
    """Yield the budget of the stack and region, which has no tags either."""
    pages = scope.client("budgets", _GLOBAL).get_paginator("describe_budgets").paginate(AccountId=scope.account.id)
    for each in (budget for page in pages for budget in page.get("Budgets") or ()):
        if each["BudgetName"] == f"{names.BUDGET}-{scope.account.region}":
            yield Item("budget", each["BudgetName"])


def _delete_budget(scope: Scope, item: Item) -> None:
    scope.client("budgets", _GLOBAL).delete_budget(AccountId=scope.account.id, BudgetName=item.id)


def _find_roles(scope: Scope) -> Iterator[Item | None]:
    iam = scope.client("iam")
    for each in scope.account.list("iam", "list_roles", "Roles"):
        name = each["RoleName"]
        if name.startswith((f"{scope.stack}-", "SBW_")):
            yield scope.item("role", name, tags_of(iam.list_role_tags(RoleName=name).get("Tags")))


def _delete_role(scope: Scope, item: Item) -> None:
    iam = scope.client("iam")
    for profile in iam.list_instance_profiles_for_role(RoleName=item.id)["InstanceProfiles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=profile["InstanceProfileName"], RoleName=item.id)
        if len(profile["Roles"]) == 1:
            iam.delete_instance_profile(InstanceProfileName=profile["InstanceProfileName"])
    for policy in scope.account.list("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=item.id):
        iam.detach_role_policy(RoleName=item.id, PolicyArn=policy["PolicyArn"])
    for policy in scope.account.list("iam", "list_role_policies", "PolicyNames", RoleName=item.id):
        iam.delete_role_policy(RoleName=item.id, PolicyName=policy)
    iam.delete_role(RoleName=item.id)


def _find_profiles(scope: Scope) -> Iterator[Item]:
    """Yield instance profiles whose role is gone. They have no tags, but a name with stack and construct."""
    prefixes = tuple(f"{scope.stack}-{construct}Profile" for construct in ("Warehouse", "WebDatabase"))
    for each in scope.account.list("iam", "list_instance_profiles", "InstanceProfiles"):
        if each["InstanceProfileName"].startswith(prefixes) and not each["Roles"]:
            yield Item("instance profile", each["InstanceProfileName"])


def _delete_profile(scope: Scope, item: Item) -> None:
    scope.client("iam").delete_instance_profile(InstanceProfileName=item.id)


PARAMETERS = Category("parameter", _find_parameters, _delete_parameter)
LOG_GROUPS = Category("log group", _find_log_groups, _delete_log_group)
ALARMS = Category("alarm", _find_alarms, _delete_alarm)
DASHBOARDS = Category("CloudWatch dashboard", _find_dashboards, _delete_dashboard)
BUDGETS = Category("budget", _find_budgets, _delete_budget)
PROFILES = Category("instance profile", _find_profiles, _delete_profile)
ROLES = Category("role", _find_roles, _delete_role)
