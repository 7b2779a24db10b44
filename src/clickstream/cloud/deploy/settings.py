"""What a deployment may choose, and how the CDK receives it. infra/options.py checks the values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from clickstream.cloud import names
from clickstream.cloud.account import Account
from clickstream.cloud.deploy.toolchain import PACKAGES

EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, slots=True)
class DeployConfig:
    """The choices. email: receives alarms; "" for none. budget_usd: of a month; 0 for no budget.

    database_networks: may reach the shop's database. shop_origins: further shops that may send events.
    """

    stack: str = names.STACK
    email: str = ""
    budget_usd: int = 0
    database_networks: tuple[str, ...] = (EVERYWHERE,)
    shop_origins: tuple[str, ...] = ()
    has_ec2messages: bool = True
    is_near_real_time: bool = False
    with_shop: bool = True

    def context(self) -> list[str]:
        """Return the arguments of the CDK."""
        return [part for name, value in self._values() for part in ("--context", f"{name}={value}")]

    def _values(self) -> Iterator[tuple[str, str]]:
        yield "packages", str(PACKAGES)
        yield "stack", self.stack
        yield "databaseCidrs", ",".join(self.database_networks)
        yield "ec2messages", _switch(self.has_ec2messages)
        yield "nearRealTime", _switch(self.is_near_real_time)
        yield "includeBudget", _switch(bool(self.email and self.budget_usd))
        if self.email:
            yield "alarmEmail", self.email
        if self.budget_usd:
            yield "budgetUsd", str(self.budget_usd)
        if self.shop_origins:
            yield "shopOrigins", ",".join(self.shop_origins)


def environment(account: Account) -> dict[str, str]:
    """Return the environment of a tool that works in the same account and region, with the same credentials.

    They are in its environment, never among its arguments, which other users of this machine can read.
    """
    found = account.session.get_credentials()
    values = {"AWS_REGION": account.region, "AWS_DEFAULT_REGION": account.region}
    if found is not None:
        frozen = found.get_frozen_credentials()
        values |= {"AWS_ACCESS_KEY_ID": frozen.access_key or "", "AWS_SECRET_ACCESS_KEY": frozen.secret_key or ""}
        if frozen.token:
            values["AWS_SESSION_TOKEN"] = frozen.token
    return values


def _switch(is_on: bool) -> str:
    return "true" if is_on else "false"
