"""The deployment, step by step. Each step looks at AWS for what is there, so that a second run continues the first one.

Credentials and tools are checked first. The stack comes with both instances, which report that they are ready before
CloudFormation ends. If the stack existed, its instances fetch the new bundle afterwards. Assets and shop come last,
because they need addresses that the stack made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from clickstream.cloud import names
from clickstream.cloud.account import Account, aws_errors
from clickstream.cloud.deploy import assets, shop
from clickstream.cloud.deploy.settings import DeployConfig, environment
from clickstream.cloud.deploy.shop import Publication
from clickstream.cloud.deploy.toolchain import Report, build_packages, cdk, require_checkout
from clickstream.cloud.instances import DATABASES, find_instance, is_online, run_on
from clickstream.cloud.stack import Stack, failures, find_stack, output, wait_while_busy
from clickstream.errors import CloudError
from clickstream.progress import Progress, no_progress

BOOTSTRAP = "CDKToolkit"
UPDATE = "/usr/local/sbin/clickstream-update"
"""On an instance: fetches the bundle that SSM names, verifies it, and runs its bootstrap."""
_BROKEN = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "CREATE_FAILED")
_URLS = ("ShopUrl", "CollectorUrl", "AssetsUrl", "SignInUrl")
_ONLINE_TRIES = 60


@dataclass(frozen=True, slots=True)
class Deployed:
    """The addresses of the platform, how many assets were uploaded, and whether the shop is served."""

    urls: Mapping[str, str]
    uploaded: int
    shop: Publication | None


class Deployment:
    """Deploys one stack."""

    def __init__(
        self, account: Account, config: DeployConfig, report: Report, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self._account = account
        self._config = config
        self._report = report
        self._wait = wait
        self._env = environment(account)

    def run(self, progress: Progress = no_progress) -> Deployed:
        """Run all steps. Raises CloudError with the step that failed; another run then continues there."""
        require_checkout()
        existed = self.check_stack() is not None
        self.bootstrap()
        self._report("building the packages of the functions and the instances")
        build_packages(self._report)
        self.deploy_stack()
        stack = self._stack()
        if existed:
            self.update_instances()
        with aws_errors("uploading the assets"):
            uploaded = assets.upload(self._account, output(stack, "AssetsBucket"), progress)
        self._report(f"uploaded {uploaded} assets")
        published = self.publish_shop(stack) if self._config.with_shop else None
        return Deployed({name: output(stack, name) for name in _URLS}, uploaded, published)

    def check_stack(self) -> Stack | None:
        """Return the stack if it exists. Raises CloudError if it is in a state that no deployment can change."""
        name = self._config.stack
        with aws_errors(f"looking for the stack {name}"):
            found = wait_while_busy(self._account, name, self._wait, lambda *_: self._report("the stack is changing"))
        if found is not None and found.status in _BROKEN:
            why = f"it is {found.status}: {found.reason}"
            raise CloudError(f"deploying the stack {name}", why, "run clickstream destroy, then deploy again")
        return found

    def bootstrap(self) -> None:
        """Prepare the account for the CDK, once: a bucket and roles that all its stacks share."""
        with aws_errors("looking for the CDK's bootstrap"):
            if find_stack(self._account, BOOTSTRAP) is not None:
                return
        self._report("preparing the account for the CDK (once for each account and region)")
        target = f"aws://{self._account.id}/{self._account.region}"
        cdk("bootstrapping the CDK", ["bootstrap", target], self._report, self._env)

    def deploy_stack(self) -> None:
        """Create or update the stack. Raises CloudError with the resources that failed."""
        started = datetime.now(UTC)
        name = self._config.stack
        tags = ["--tags", f"{names.TAG}={names.TAG_VALUE}"]
        arguments = ["deploy", name, "--require-approval", "never", "--progress", "events", *tags]
        try:
            cdk(f"deploying the stack {name}", [*arguments, *self._config.context()], self._report, self._env)
        except CloudError as error:
            with aws_errors("reading why the stack failed"):
                found = find_stack(self._account, name)
                lines = failures(self._account, found.id, started) if found else []
            if not lines:
                raise
            advice = "correct the first of these causes, then run clickstream deploy again"
            if found is not None and found.status in _BROKEN:
                advice = "correct the first of these causes, run clickstream destroy, then clickstream deploy"
            raise CloudError(error.doing, "; ".join(lines), advice) from error

    def update_instances(self) -> None:
        """Let both instances fetch the bundle and run its bootstrap again. It changes only what differs."""
        with aws_errors("updating the instances"):
            for name in DATABASES:
                instance = find_instance(self._account, name, self._config.stack)
                if instance is None:
                    continue
                self._report(f"updating {name}")
                for _ in range(_ONLINE_TRIES):
                    if is_online(self._account, instance):
                        break
                    self._wait(5)
                else:
                    why = f"{instance.id} is {instance.state}, and its agent does not answer"
                    raise CloudError(f"updating {name}", why, "start the instance, then run clickstream deploy again")
                run_on(self._account, instance, UPDATE, self._wait)

    def publish_shop(self, stack: Stack) -> Publication:
        """Build the shop with the environment of its branch, and publish it."""
        app = output(stack, "ShopAppId")
        with aws_errors("publishing the shop"):
            self._report("building the shop")
            bundle = shop.build(shop.branch_environment(self._account, app), self._report)
            self._report("publishing the shop")
            return shop.publish(self._account, app, output(stack, "ShopUrl"), shop.packed(bundle), self._wait)

    def _stack(self) -> Stack:
        found = find_stack(self._account, self._config.stack)
        if found is None:
            why = "it does not exist after the deployment"
            raise CloudError(f"reading the stack {self._config.stack}", why, "run clickstream deploy again")
        return found
