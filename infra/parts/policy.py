"""Roles and statements. Every statement is written by hand, and a broad one gives the reason.

A role gets no statements from other constructs: what the template allows is what these files say. cdk-nag fails the
synthesis for a resource with a wildcard whose statement has no reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import Acknowledgment, Aws, Stack, Validations
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

Conditions = Mapping[str, Mapping[str, object]]
ONLY_OURS: Conditions = {"StringEquals": {"aws:PrincipalAccount": Aws.ACCOUNT_ID}}


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a role. reason: why its resources have a wildcard; empty if they have none."""

    sid: str
    actions: Sequence[str]
    resources: Sequence[str]
    reason: str = ""
    conditions: Conditions = field(default_factory=dict)
    is_denied: bool = False

    def policy(self) -> iam.PolicyStatement:
        """Return the statement as the CDK knows it."""
        return iam.PolicyStatement(
            sid=self.sid,
            effect=iam.Effect.DENY if self.is_denied else iam.Effect.ALLOW,
            actions=list(self.actions),
            resources=list(self.resources),
            conditions=dict(self.conditions),
        )


def arn(service: str, resource: str) -> str:
    """Return the ARN of a resource in this account and region, such as `parameter/clickstream/web/ca`."""
    return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"


def parameter_arn(name: str) -> str:
    """Return the ARN of a parameter in SSM, whose name begins with a slash."""
    return arn("ssm", f"parameter{name}")


def role(scope: Construct, name: str, principal: iam.IPrincipal, statements: Sequence[Statement]) -> iam.IRole:
    """Make a role with these statements; no construct that it is passed to can add others."""
    policy = iam.PolicyDocument(statements=[statement.policy() for statement in statements])
    made = iam.Role(scope, name, assumed_by=principal, inline_policies={"statements": policy})
    stack = Stack.of(scope)
    accept(
        made,
        {
            f"AwsSolutions-IAM5[Resource::{_readable(stack.resolve(resource))}]": statement.reason
            for statement in statements
            for resource in statement.resources
            if statement.reason and not statement.is_denied
        },
    )
    return made.without_policy_updates()


def secure_strings(*actions: str) -> Statement:
    """Allow SSM to use its own key for SecureStrings on behalf of a role; nothing else can be done with the key."""
    return Statement(
        "SecureStrings",
        [f"kms:{action}" for action in actions],
        [arn("kms", "key/*")],
        "The id of the key is unknown; the conditions name it by its alias, and SSM as the only caller.",
        {
            "StringEquals": {"kms:ViaService": f"ssm.{Aws.REGION}.amazonaws.com"},
            "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/aws/ssm"},
        },
    )


def logs(group_arn: str) -> Statement:
    """Allow writing to a log group; group_arn ends in `:*`, which means its streams."""
    return Statement("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], [group_arn])


def accept(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Acknowledge findings of cdk-nag on a construct, each with the reason why it stays."""
    for finding, reason in reasons.items():
        Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))


def _readable(value: object) -> str:
    """Return a resolved text as cdk-nag names it: `<Bucket.Arn>/events/*`."""
    if isinstance(value, dict):
        (function, argument), *_ = value.items()
        if function == "Ref":
            return f"<{argument}>"
        if function == "Fn::GetAtt":
            return f"<{'.'.join(argument)}>"
        if function == "Fn::Join":
            return "".join(map(_readable, argument[1]))
    return str(value)
