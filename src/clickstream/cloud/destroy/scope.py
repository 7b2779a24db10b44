"""What belongs to the platform, and what does not. Every deletion asks here first.

A resource belongs to the stack if CloudFormation's tag names the stack, or if it has the project's tag and no other
stack of this account claims it. A name alone is not enough, except for parameters below /clickstream/, for what AWS
creates without tags for a resource with exactly that name (log groups of a function), and for what cannot have tags and
is named after the stack and a construct of it (instance profiles, settings of CloudFront), or exactly as ours (budget).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from clickstream.cloud import names
from clickstream.cloud.account import Account

STACK_TAG = "aws:cloudformation:stack-name"
STACK_ID_TAG = "aws:cloudformation:stack-id"
OURS = "ours"
UNCLEAR = "unclear"
OTHERS = "others"
_PRESENT = ("pending", "running", "stopping", "stopped")


@dataclass(frozen=True, slots=True)
class Item:
    """One resource. note: why it is left alone; "" if it is to be deleted."""

    kind: str
    id: str
    name: str = ""
    note: str = ""

    @property
    def label(self) -> str:
        """The resource in a line of text."""
        return f"{self.kind} {self.title}"

    @property
    def title(self) -> str:
        """The resource beside its kind: its id, and its name if it has another one."""
        return f"{self.id} ({self.name})" if self.name not in ("", self.id) else self.id


@dataclass(slots=True)
class Scope:
    """The account, the stack, and what the sweep remembers of it.

    other_stacks: other copies of the platform in this account and region. vpcs: the ids of the stack's networks.
    occupied: networks of the stack that hold an instance of others, and that instance. They stay as they are.
    apps: the ids of its Amplify apps, which name their log groups.
    """

    account: Account
    stack: str = names.STACK
    other_stacks: frozenset[str] = frozenset()
    vpcs: list[str] = field(default_factory=list)
    occupied: dict[str, str] = field(default_factory=dict)
    apps: list[str] = field(default_factory=list)

    def client(self, service: str, region: str = "") -> Any:
        """Return a client of a service in the account's region, or in another one."""
        return self.account.client(service, region)

    def judge(self, tags: Mapping[str, str]) -> str:
        """Return OURS, UNCLEAR or OTHERS for the tags of a resource."""
        if self._is_elsewhere(tags):
            return OTHERS
        owner = tags.get(STACK_TAG)
        if owner is not None:
            return OURS if owner == self.stack else OTHERS
        if tags.get(names.TAG) != names.TAG_VALUE:
            return OTHERS
        return UNCLEAR if self.other_stacks else OURS

    def _is_elsewhere(self, tags: Mapping[str, str]) -> bool:
        """Whether a resource of a global service belongs to a copy of the platform in another region."""
        parts = tags.get(STACK_ID_TAG, "").split(":")  # arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID
        region = parts[3] if len(parts) > 3 else tags.get(names.REGION_TAG)
        return region not in (None, self.account.region)

    def item(
        self, kind: str, id: str, tags: Mapping[str, str], name: str = "", known: Iterable[str] = ()
    ) -> Item | None:
        """Return an item for a resource of ours, or one with a note; None for a resource of others.

        known: the names that the platform gives to resources of this kind.
        """
        verdict = self.judge(tags)
        if verdict == OURS:
            return Item(kind, id, name)
        if verdict == UNCLEAR:
            stacks = ", ".join(sorted(self.other_stacks))
            return Item(kind, id, name, f"has the tag {names.TAG}, but may belong to another stack: {stacks}")
        if name and name in known and STACK_TAG not in tags:
            return Item(kind, id, name, f"has the name, but not the tag {names.TAG}={names.TAG_VALUE}")
        return None

    @property
    def global_prefix(self) -> str:
        """How the names of settings of CloudFront begin: they have no tags, and an account has one list of them."""
        return f"{self.stack}-{self.account.region}-"

    @property
    def buckets(self) -> tuple[str, ...]:
        """The full names of the buckets."""
        ending = f"-{self.account.id}-{self.account.region}"
        return tuple(name + ending for name in (names.RAW_BUCKET, names.ASSETS_BUCKET, names.LOGS_BUCKET))


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of resource: how to look for what belongs to the platform, and how to delete one of them.

    look: also yields None, for resources of others.
    """

    kind: str
    look: Callable[[Scope], Iterable[Item | None]]
    delete: Callable[[Scope, Item], None]

    def find(self, scope: Scope) -> Iterator[Item]:
        """Yield the resources of ours, and those that are reported."""
        return (item for item in self.look(scope) if item)


def tags_of(listed: Iterable[Mapping[str, str]] | None, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """Return tags as a mapping, from the list that most services answer with."""
    return {each[key]: each[value] for each in listed or ()}


def open_scope(account: Account, stack: str) -> Scope:
    """Return the scope of a stack, with the other copies of the platform in the account."""
    stacks = account.list("cloudformation", "describe_stacks", "Stacks")
    others = frozenset(each["StackName"] for each in stacks if each["StackName"] != stack and _is_platform(each))
    scope = Scope(account, stack, others)
    found = [
        vpc["VpcId"]
        for vpc in account.list("ec2", "describe_vpcs", "Vpcs")
        if scope.judge(tags_of(vpc.get("Tags"))) == OURS
    ]
    scope.occupied = _occupied(scope, found)
    scope.vpcs = [vpc for vpc in found if vpc not in scope.occupied]
    return scope


def _occupied(scope: Scope, vpcs: list[str]) -> dict[str, str]:
    """Return the networks that hold an instance of others, each with one such instance."""
    if not vpcs:
        return {}
    filters = [{"Name": "vpc-id", "Values": vpcs}, {"Name": "instance-state-name", "Values": list(_PRESENT)}]
    return {
        each["VpcId"]: each["InstanceId"]
        for reservation in scope.account.list("ec2", "describe_instances", "Reservations", Filters=filters)
        for each in reservation["Instances"]
        if scope.judge(tags_of(each.get("Tags"))) != OURS
    }


def _is_platform(stack: Mapping[str, Any]) -> bool:
    """Return whether a stack is another copy of the platform: by its tag, or by what it prints."""
    if stack["StackStatus"] == "DELETE_COMPLETE":
        return False
    outputs = {each["OutputKey"] for each in stack.get("Outputs") or ()}
    return tags_of(stack.get("Tags")).get(names.TAG) == names.TAG_VALUE or {"CollectorUrl", "ShopAppId"} <= outputs
