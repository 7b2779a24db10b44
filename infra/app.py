"""The app: reads the options, makes the stack, and checks it against the rules of cdk-nag.

Run it by `make synth`, or `sh infra/cdk.sh COMMAND`. The stack names neither account nor region, so that no lookup is
needed; they come from the credentials of the deployment.
"""

from __future__ import annotations

import sys

from aws_cdk import App, DefaultStackSynthesizer, Validations
from cdk_nag import AwsSolutionsChecks

from clickstream.errors import SettingsError
from infra.options import read_options
from infra.stack import ClickstreamStack


def main() -> int:
    """Synthesize the stack. Return 1 if the options are wrong."""
    app = App(analytics_reporting=False)
    try:
        options = read_options(app.node.try_get_context)
    except SettingsError as error:
        print(
            "\n".join(["wrong options of the deployment:", *(f"  {line}" for line in error.problems)]), file=sys.stderr
        )
        return 1
    ClickstreamStack(
        app,
        options.stack,
        options=options,
        description="Clickstream Analytics Platform",
        termination_protection=True,  # a click in the console must not delete the orders; `clickstream destroy` may
        synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
    )
    check(app)
    app.synth()
    return 0


def check(app: App) -> None:
    """Let a finding of cdk-nag stop the synthesis; the template records the reasons of those that stay."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app, write_suppressions_to_cloud_formation=True))


if __name__ == "__main__":
    sys.exit(main())
