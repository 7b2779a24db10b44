"""A synthesized template as the tests read it: resources by type and path, intrinsic functions as text.

A reference is written as the path of the construct in braces, such as `{Ingestion/Raw.Arn}/events/*`; account, region
and partition are written as ACCOUNT, REGION and aws.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

PSEUDO = {
    "AWS::AccountId": "ACCOUNT",
    "AWS::Region": "REGION",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource: its logical id, the path of its construct without the stack, its type, and its definition."""

    id: str
    path: str
    type: str
    definition: dict[str, Any]

    @property
    def properties(self) -> dict[str, Any]:
        """The properties, in which references are already text."""
        properties: dict[str, Any] = self.definition.get("Properties", {})
        return properties


class Template:
    """The template in a folder that `cdk synth` wrote."""

    def __init__(self, folder: Path) -> None:
        (self.file,) = folder.glob("*.template.json")
        self.report = json.loads((folder / "validation-report.json").read_text("utf-8"))
        self.raw: dict[str, Any] = json.loads(self.file.read_text("utf-8"))

    @cached_property
    def resources(self) -> list[Resource]:
        """All resources."""
        return [
            Resource(name, self._paths[name], definition["Type"], self.readable(definition))
            for name, definition in self.raw["Resources"].items()
        ]

    def of(self, kind: str) -> list[Resource]:
        """Return the resources of a type, such as `AWS::S3::Bucket`."""
        return [resource for resource in self.resources if resource.type == kind]

    def only(self, kind: str) -> Resource:
        """Return the single resource of a type."""
        (resource,) = self.of(kind)
        return resource

    def at(self, path: str) -> Resource:
        """Return the resource that a construct made, such as `Ingestion/Raw`."""
        (resource,) = [each for each in self.resources if each.path == path]
        return resource

    def statements(self, path: str) -> list[dict[str, Any]]:
        """Return the statements of the role at a path; it has one inline policy and no managed one."""
        role = self.at(path).properties
        assert "ManagedPolicyArns" not in role, role
        (policy,) = role["Policies"]
        statements: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
        return statements

    def all_statements(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (path, statement) for each statement of a role or of a policy that is attached to one."""
        for role in self.of("AWS::IAM::Role"):
            for policy in role.properties.get("Policies", []):
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield role.path, statement
        for policy in self.of("AWS::IAM::Policy"):
            for statement in policy.properties["PolicyDocument"]["Statement"]:
                yield policy.path, statement

    @cached_property
    def _paths(self) -> dict[str, str]:
        paths = {name: each["Metadata"]["aws:cdk:path"] for name, each in self.raw["Resources"].items()}
        return {name: path.partition("/")[2].removesuffix("/Resource") for name, path in paths.items()}

    def readable(self, value: Any) -> Any:
        """Return a value in which intrinsic functions are text."""
        if isinstance(value, list):
            return [self.readable(each) for each in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref":
                return PSEUDO.get(argument) or f"{{{self._paths[argument]}}}"
            if function == "Fn::GetAtt":
                return f"{{{self._paths[argument[0]]}.{argument[1]}}}"
            if function == "Fn::Join":
                return argument[0].join(str(self.readable(each)) for each in argument[1])
            if function == "Fn::Sub" and isinstance(argument, str):
                for name, text in PSEUDO.items():
                    argument = argument.replace(f"${{{name}}}", text)
                return argument
        return {name: self.readable(each) for name, each in value.items()}


def listed(value: Any) -> list[Any]:
    """Return a list; IAM allows a single value in its place."""
    return value if isinstance(value, list) else [value]
