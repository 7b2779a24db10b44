"""What a deployment would change and cost, before anything is changed.

If the stack exists, the CDK compares with it. For a new stack, or without an account, the resources of the synthesized
template are counted.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

from clickstream.cloud.account import Account, aws_errors
from clickstream.cloud.cost import Bill, bill
from clickstream.cloud.deploy.settings import EVERYWHERE, DeployConfig, environment
from clickstream.cloud.deploy.toolchain import ROOT, Report, cdk
from clickstream.cloud.names import POSTGRES_PORT
from clickstream.cloud.prices import PRICES
from clickstream.cloud.stack import find_stack
from clickstream.errors import CloudError

EVENTS = 1_000_000
"""The events of a month for which a plan shows the bill."""
SYNTHESIZED = ROOT / "cdk.out"


@dataclass(frozen=True, slots=True)
class Plan:
    """resources: counts by type. changes: lines of the CDK, empty if the stack is new. bill: None for other regions."""

    account: str
    region: str
    stack: str
    is_new: bool
    resources: dict[str, int]
    changes: list[str]
    warnings: list[str]
    bill: Bill | None


def make_plan(account: Account | None, config: DeployConfig, region: str, report: Report) -> Plan:
    """Synthesize the stack and compare. Changes nothing on AWS."""
    cdk("synthesizing the stack", ["synth", "--quiet", *config.context()], report)
    changes: list[str] = []
    is_new = True
    if account is not None:
        with aws_errors(f"looking for the stack {config.stack}"):
            is_new = find_stack(account, config.stack) is None
        if not is_new:
            arguments = ["diff", config.stack, "--app", str(SYNTHESIZED), "--no-color"]
            cdk("comparing with the stack on AWS", arguments, changes.append, environment(account))
    return Plan(
        account.id if account else "",
        region,
        config.stack,
        is_new,
        resources(config.stack),
        changes,
        warnings(config),
        bill(EVENTS, region=region, has_ec2messages=config.has_ec2messages) if region in PRICES else None,
    )


def resources(stack: str) -> dict[str, int]:
    """Count the resources of the synthesized template by type."""
    path = SYNTHESIZED / f"{stack}.template.json"
    try:
        template = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CloudError("reading the synthesized stack", f"{path}: {error}", "run make synth") from error
    return dict(sorted(Counter(each["Type"] for each in template["Resources"].values()).items()))


def warnings(config: DeployConfig) -> list[str]:
    """Return what a reader must know before agreeing."""
    found = []
    if EVERYWHERE in config.database_networks:
        found.append(
            f"port {POSTGRES_PORT} of the shop's database is open to all addresses, because Amplify has no fixed ones. "
            "It admits TLS 1.3 with a certificate that the instance signed and the role's password only; "
            "--database-network NETWORK narrows it"
        )
    if not config.email:
        found.append("no address receives the alarms: pass --email ADDRESS")
    elif not config.budget_usd:
        found.append("no budget is set: pass --budget USD")
    return found
