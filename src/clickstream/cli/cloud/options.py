"""Options that the commands on AWS share."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

import typer

from clickstream.cloud import names
from clickstream.hosts import read_origin

_STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")


def _stack_name(value: str) -> str:
    if not _STACK_NAME.fullmatch(value):
        raise typer.BadParameter("expected a letter, then letters, digits and hyphens, at most 128")
    return value


def check_networks(values: list[str] | None) -> list[str] | None:
    """Return IPv4 networks as they are written in rules. Raises BadParameter."""
    try:
        return [str(ipaddress.IPv4Network(value)) for value in values or ()]
    except ValueError as error:
        raise typer.BadParameter(f"{error} (expected a network such as 203.0.113.0/24)") from error


def check_origins(values: list[str] | None) -> list[str] | None:
    """Return origins of pages in their normal form. Raises BadParameter."""
    try:
        return [read_origin(value) for value in values or ()]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


Region = Annotated[
    str | None, typer.Option("--region", metavar="REGION", help="AWS region (default: that of your AWS settings).")
]
StackName = Annotated[
    str,
    typer.Option("--stack", metavar="NAME", callback=_stack_name, help="Name of the CloudFormation stack."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
STACK = names.STACK
