"""Builds the shop for Amplify Hosting, and publishes the build.

AWS documents that Amplify takes server-rendered apps from a Git repository only. A build by hand is tried, and judged
by what the shop's address answers afterwards, not by the state of the job: a static upload "succeeds" too. If the
address does not answer as the shop, the remaining steps are returned, and everything else is in place for them.
"""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from clickstream.cloud import names
from clickstream.cloud.account import Account, reason_of
from clickstream.cloud.deploy.toolchain import Report, run_tool
from clickstream.errors import CloudError
from clickstream.shop.node import SOURCES, find_node

BUNDLE = SOURCES / ".amplify-hosting"
_FLAGS = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
MARK = b"clickstream.js"
"""Every page of the shop loads the tracker."""
_JOB_S = 900
_ANSWER_TRIES = 12


@dataclass(frozen=True, slots=True)
class Publication:
    """Whether the shop is served. why: what Amplify answered. remaining: what to do by hand, step by step."""

    is_served: bool
    why: str = ""
    remaining: tuple[str, ...] = ()


def build(environment: Mapping[str, str], report: Report) -> Path:
    """Build the shop with the environment of its server; return the folder of the bundle."""
    node = find_node()
    env = {**environment, "PATH": node.path, "NODE_USE_SYSTEM_CA": "1", "NEXT_TELEMETRY_DISABLED": "1"}
    for arguments in (["ci", *_FLAGS], ["run", "build"], ["run", "amplify"]):
        run_tool("building the shop", [*node.npm, *arguments], report, env, SOURCES)
    return BUNDLE


def branch_environment(account: Account, app: str) -> dict[str, str]:
    """Return the environment that the stack gave the shop's branch. It contains no secrets."""
    branch = account.client("amplify").get_branch(appId=app, branchName=names.SHOP_BRANCH)["branch"]
    return dict(branch.get("environmentVariables") or {})


def packed(folder: Path) -> bytes:
    """Return a bundle as an archive with the manifest at its top, the same bytes for the same files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix())
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())
    return data.getvalue()


def publish(
    account: Account, app: str, url: str, bundle: bytes, wait: Callable[[float], None] = time.sleep
) -> Publication:
    """Upload a bundle and start it; return whether the shop then answers at its address."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - only the commands on AWS have it

    amplify = account.client("amplify")
    try:
        made = amplify.create_deployment(appId=app, branchName=names.SHOP_BRANCH)
        _put(made["zipUploadUrl"], bundle)
        amplify.start_deployment(appId=app, branchName=names.SHOP_BRANCH, jobId=made["jobId"])
    except ClientError as error:
        return _refused(account, app, reason_of(error))
    why = _job_problem(amplify, app, made["jobId"], wait) or _address_problem(url, wait)
    return _refused(account, app, why) if why else Publication(True)


def _put(url: str, bundle: bytes) -> None:
    """Send the bundle to the address that Amplify gave for it."""
    try:
        answer = urllib3.request(
            "PUT", url, body=bundle, headers={"Content-Type": "application/zip"}, timeout=300, retries=3
        )
    except urllib3.exceptions.HTTPError as error:
        raise CloudError("uploading the shop", type(error).__name__, "check the network and run this again") from error
    if answer.status >= 300:
        raise CloudError("uploading the shop", f"Amplify answered {answer.status}", "run this again")


def _job_problem(amplify: Any, app: str, job: str, wait: Callable[[float], None]) -> str:
    """Wait for the end of a deployment; return why it failed, or ""."""
    for _ in range(_JOB_S // 5):
        found = amplify.get_job(appId=app, branchName=names.SHOP_BRANCH, jobId=job)["job"]
        status = found["summary"]["status"]
        if status == "SUCCEED":
            return ""
        if status in ("FAILED", "CANCELLED"):
            reasons = [each.get("statusReason", "") for each in found.get("steps", []) if each["status"] != "SUCCEED"]
            return f"the deployment ended as {status}: {'; '.join(filter(None, reasons)) or 'without a reason'}"
        wait(5)
    return f"the deployment did not end within {_JOB_S // 60} minutes"


def _address_problem(url: str, wait: Callable[[float], None]) -> str:
    """Return why the address does not answer as the shop, or "". A new deployment is served after a moment."""
    why = ""
    for _ in range(_ANSWER_TRIES):
        try:
            answer = urllib3.request("GET", url, timeout=30, retries=False)
            if answer.status == 200 and MARK in answer.data:
                return ""
            why = f"{url} answers {answer.status}, and not with a page of the shop"
        except urllib3.exceptions.HTTPError as error:
            why = f"{url} does not answer: {error}"
        wait(5)
    return why


def _refused(account: Account, app: str, why: str) -> Publication:
    console = f"https://{account.region}.console.aws.amazon.com/amplify/apps/{app}"
    return Publication(
        False,
        why,
        (
            f"push this checkout to a Git repository of yours (branch {names.SHOP_BRANCH})",
            f"open {console} and connect that repository to the branch {names.SHOP_BRANCH}",
            "start the build: amplify.yml builds the shop, and the branch already has its environment",
            f"the bundle that was refused is in {BUNDLE}",
        ),
    )
