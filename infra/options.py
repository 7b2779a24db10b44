"""What a deployment may choose, read from the context of the CDK (`-c name=value`, or cdk.json).

In: strings from the command line, or JSON values. Out: `Options`, or a ValueError that lists everything that is wrong.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from clickstream.cloud import names
from clickstream.errors import SettingsError
from clickstream.hosts import read_origin

FOLDERS = ("ingest", "etl", "instance")
"""What `python -m clickstream.cloud.packages` writes."""
_SWITCH = {"true": True, "on": True, "false": False, "off": False}

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a deployment; the name in the context is given where it differs.

    packages: folder with the Lambda packages and the bundle of the instances.
    shop_origins (shopOrigins): further origins whose pages may send events, besides the shop on Amplify.
    alarm_email (alarmEmail): who receives alarms and the budget's messages; none if empty.
    budget_usd (budgetUsd): monthly budget of the account; a budget needs an address.
    database_cidrs (databaseCidrs): networks that may reach the shop's database. Amplify has no fixed addresses.
    has_ec2messages (ec2messages): whether the VPC has the endpoint that SSM agents before 3.3.40 need.
    is_near_real_time (nearRealTime): whether new raw objects start the ETL, besides the hourly rule.
    has_budget (includeBudget): off where the region lacks AWS::Budgets::Budget.
    has_instances (instances): off removes both instances and keeps their data volumes, to replace an instance.
    """

    packages: Path
    stack: str = names.STACK
    shop_origins: tuple[str, ...] = ()
    alarm_email: str = ""
    budget_usd: int = 100
    database_cidrs: tuple[str, ...] = ("0.0.0.0/0",)
    has_ec2messages: bool = True
    is_near_real_time: bool = False
    has_budget: bool = True
    has_instances: bool = True


def read_options(context: Callable[[str], object]) -> Options:
    """Read the options; context returns the value of a name, None if it is unset. Raises SettingsError."""
    reader = _Reader(context)
    default = Options(Path())
    options = Options(
        packages=reader.read("packages", _packages, Path()),
        stack=reader.read("stack", str, default.stack),
        shop_origins=reader.read("shopOrigins", lambda value: tuple(map(read_origin, _items(value))), ()),
        alarm_email=reader.read("alarmEmail", _email, default.alarm_email),
        budget_usd=reader.read("budgetUsd", _amount, default.budget_usd),
        database_cidrs=reader.read("databaseCidrs", _networks, default.database_cidrs),
        has_ec2messages=reader.read("ec2messages", _switch, default.has_ec2messages),
        is_near_real_time=reader.read("nearRealTime", _switch, default.is_near_real_time),
        has_budget=reader.read("includeBudget", _switch, default.has_budget),
        has_instances=reader.read("instances", _switch, default.has_instances),
    )
    if reader.problems:
        raise SettingsError(reader.problems)
    return options


class _Reader:
    def __init__(self, context: Callable[[str], object]) -> None:
        self._context = context
        self.problems: list[str] = []

    def read(self, name: str, parse: Callable[[object], _Value], default: _Value) -> _Value:
        value = self._context(name)
        if value is None:
            return default
        try:
            return parse(value)
        except ValueError as error:
            self.problems.append(f"{name}: {error}")
            return default


def _items(value: object) -> list[str]:
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [value]
    return [str(part).strip() for part in parts if str(part).strip()]


def _switch(value: object) -> bool:
    try:
        return value if isinstance(value, bool) else _SWITCH[str(value).lower()]
    except KeyError:
        raise ValueError(f"expected true or false, got {value!r}") from None


def _amount(value: object) -> int:
    if not str(value).isdecimal() or int(str(value)) == 0:
        raise ValueError(f"expected whole US dollars, got {value!r}")
    return int(str(value))


def _email(value: object) -> str:
    text = str(value).strip()
    if text and ("@" not in text.strip("@") or any(letter.isspace() for letter in text)):
        raise ValueError(f"expected an e-mail address, got {text!r}")
    return text


def _networks(value: object) -> tuple[str, ...]:
    networks = tuple(str(ipaddress.IPv4Network(item)) for item in _items(value))
    if not networks:
        raise ValueError("expected IPv4 networks such as 203.0.113.0/24")
    return networks


def _packages(value: object) -> Path:
    folder = Path(str(value)).resolve()
    missing = [name for name in FOLDERS if not (folder / name).is_dir()]
    if missing:
        what = ", ".join(missing)
        raise ValueError(f"{folder} lacks {what}: build it with python -m clickstream.cloud.packages {folder}")
    return folder
