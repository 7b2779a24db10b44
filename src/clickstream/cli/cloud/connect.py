"""The command connect: the dashboard of the warehouse on AWS, in a browser on this machine, or psql."""

from __future__ import annotations

import os
import subprocess
import sys
import webbrowser
from typing import Annotated

import typer

from clickstream.cli.cloud.options import STACK, Region, StackName
from clickstream.cli.terminal import err, out


def connect(
    region: Region = None,
    stack: StackName = STACK,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Local port of the dashboard.")] = 3838,
    psql: Annotated[
        bool, typer.Option("--psql", help="Open psql on the warehouse instead, as a role that only reads.")
    ] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
) -> None:
    """Open the dashboard on AWS through Systems Manager; Ctrl-C ends the session."""
    from clickstream.cloud.account import open_account
    from clickstream.cloud.connect import dashboard_session, hold, psql_session

    account = open_account(region)
    session = psql_session(account, stack) if psql else dashboard_session(account, stack, port)
    env = {**os.environ, **session.env}
    if psql:
        sys.exit(subprocess.run(session.command, env=env, check=False).returncode)  # noqa: S603 - aws, with fixed arguments
    err.print(f"connecting to {session.instance.name} ({session.instance.id})")
    with subprocess.Popen(session.command, env=env, stdout=sys.stderr) as process:  # noqa: S603 - as above
        try:

            def show() -> None:
                out.print(session.url)
                err.print("Ctrl-C ends the session")
                if not no_browser:
                    webbrowser.open(session.url)

            hold(process, session.url, show)
        finally:
            process.terminate()
