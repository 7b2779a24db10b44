"""Options that the commands on AWS share."""

from __future__ import annotations

from typing import Annotated

import typer

from clickstream.cloud import names

Region = Annotated[
    str | None, typer.Option("--region", metavar="REGION", help="AWS region (default: that of your AWS settings).")
]
StackName = Annotated[str, typer.Option("--stack", metavar="NAME", help="Name of the CloudFormation stack.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
STACK = names.STACK
