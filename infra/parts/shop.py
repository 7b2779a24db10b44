"""The shop on Amplify Hosting: the app, its branch, and the roles of its server.

Neither a repository nor a token is in the template: `clickstream deploy` publishes a build. The app comes first,
because sign-in and API need its domain; the branch comes last, because its environment names them. The environment has
no secrets: the server reads them from SSM, with a role that may read the shop's parameters alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Aws
from aws_cdk import aws_amplify as amplify
from aws_cdk import aws_iam as iam
from constructs import Construct

from clickstream.cloud import names
from infra.parts.log import log_group
from infra.parts.policy import Statement, arn, parameter_arn, role, secure_strings

HEADERS = """\
customHeaders:
  - pattern: '**/*'
    headers:
      - key: Strict-Transport-Security
        value: max-age=63072000; includeSubDomains
      - key: X-Content-Type-Options
        value: nosniff
"""


class Shop(Construct):
    """The app ClickSteam.NextJS. `publish_to` adds the branch."""

    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name)
        secrets = Statement(
            "Secrets",
            ["ssm:GetParameters"],
            [parameter_arn(f"{names.SHOP_PARAMETERS}/*")],
            "The five parameters of the shop's server, and no others.",
        )
        compute = role(self, "ComputeRole", _amplify(), [secrets, secure_strings("Decrypt")])
        streams = arn("logs", "log-group:/aws/amplify/*:log-stream:*")
        writing = Statement(
            "Logs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [streams],
            "The role comes before the app, whose id is the name of the log group.",
        )
        groups = Statement(
            "LogGroups",
            ["logs:DescribeLogGroups"],
            [arn("logs", "log-group:*")],
            "Amplify looks for the log group among all; it reads names only.",
        )
        hosting = role(self, "HostingRole", _amplify(), [writing, groups])
        self.app = amplify.CfnApp(
            self,
            "App",
            name=names.SHOP,
            platform="WEB_COMPUTE",
            compute_role_arn=compute.role_arn,
            iam_service_role=hosting.role_arn,
            custom_headers=HEADERS,
            enable_branch_auto_deletion=False,
        )
        log_group(self, "Log", f"/aws/amplify/{self.app.attr_app_id}")
        self.host = f"{names.SHOP_BRANCH}.{self.app.attr_default_domain}"
        self.origin = f"https://{self.host}"

    def publish_to(self, environment: Mapping[str, str]) -> amplify.CfnBranch:
        """Add the branch that serves the shop, with the environment of its server."""
        return amplify.CfnBranch(
            self,
            "Branch",
            app_id=self.app.attr_app_id,
            branch_name=names.SHOP_BRANCH,
            stage="PRODUCTION",
            framework="Next.js - SSR",
            enable_auto_build=False,
            environment_variables=[
                amplify.CfnBranch.EnvironmentVariableProperty(name=name, value=value)
                for name, value in environment.items()
            ],
        )


def _amplify() -> iam.IPrincipal:
    """Return Amplify, on behalf of apps of this account."""
    return iam.ServicePrincipal(
        "amplify.amazonaws.com",
        conditions={
            "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
            "ArnLike": {"aws:SourceArn": arn("amplify", "apps/*")},
        },
    )
