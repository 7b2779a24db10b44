"""`clickstream deploy`: its steps against AWS (moto) and Amplify (a server here); the CDK and npm are stand-ins."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clickstream.cloud import names
from clickstream.cloud.account import Account
from clickstream.cloud.deploy import run, shop
from clickstream.cloud.deploy.assets import assets, upload
from clickstream.cloud.deploy.plan import resources, warnings
from clickstream.cloud.deploy.run import Deployment
from clickstream.cloud.deploy.settings import DeployConfig, environment
from clickstream.cloud.deploy.toolchain import run_tool
from clickstream.errors import CloudError
from clickstream.shop.node import SOURCES
from tests.cloud.agents import answer_as_agents
from tests.cloud.amplify import Amplify
from tests.cloud.leftovers import TAGGED, Maker

APP = "dshop"
PAGE = '<script src="https://a.example/clickstream.js">'


def ignore(line: str) -> None:
    del line


def no_wait(seconds: float) -> None:
    del seconds


def template(account: Account, amplify: Amplify) -> str:
    """A stack with the outputs of the real one."""
    outputs = {
        "ShopUrl": f"{amplify.url}/shop",
        "CollectorUrl": "https://api.example",
        "AssetsUrl": "https://assets.example",
        "SignInUrl": "https://sign-in.example",
        "AssetsBucket": f"{names.ASSETS_BUCKET}-{account.id}-{account.region}",
        "ShopAppId": APP,
    }
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": outputs["AssetsBucket"]}}
    values = {name: {"Value": value} for name, value in outputs.items()}
    return json.dumps({"Resources": {"Assets": bucket}, "Outputs": values})


class Tools:
    """Stands in for the CDK, the packages and npm: it makes the stack as `cdk deploy` would, and records the calls."""

    def __init__(self, account: Account, body: str, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[list[str]] = []
        self._cloudformation = account.client("cloudformation")
        self._body = body
        self._bundle = bundle
        monkeypatch.setattr(run, "cdk", self.cdk)
        monkeypatch.setattr(run, "build_packages", ignore)
        monkeypatch.setattr(run, "require_checkout", lambda: None)
        monkeypatch.setattr(shop, "build", self.build)

    def cdk(self, doing: str, arguments: Sequence[str], report: Any, env: dict[str, str]) -> None:
        self.calls.append(list(arguments))
        assert "AWS_SECRET_ACCESS_KEY" in env
        assert env["AWS_SECRET_ACCESS_KEY"] not in " ".join(arguments)
        if arguments[0] == "bootstrap":
            body = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
            self._cloudformation.create_stack(StackName="CDKToolkit", TemplateBody=body)
        elif not self._cloudformation.list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"][1:]:
            self._cloudformation.create_stack(StackName=names.STACK, TemplateBody=self._body)

    def build(self, env: dict[str, str], report: Any) -> Path:
        self.calls.append(["build", *env])
        return self._bundle


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    (folder / "compute" / "default").mkdir(parents=True)
    (folder / "deploy-manifest.json").write_text("{}")
    (folder / "compute" / "default" / "server.js").write_text("")
    return folder


@pytest.fixture
def tools(account: Account, amplify: Amplify, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    amplify.add(APP, names.SHOP, TAGGED)
    amplify.environment = {"SHOP_ORIGIN": "https://main.dshop.amplifyapp.com"}
    amplify.page = PAGE
    return Tools(account, template(account, amplify), bundle, monkeypatch)


@pytest.mark.slow
def test_a_first_deployment_runs_every_step_and_a_second_one_repeats_none(
    account: Account, amplify: Amplify, tools: Tools
) -> None:
    config = DeployConfig(email="you@shop.example", budget_usd=90)
    first = Deployment(account, config, ignore, no_wait).run()
    assert [call[0] for call in tools.calls] == ["bootstrap", "deploy", "build"]
    assert tools.calls[0][1] == f"aws://{account.id}/us-east-1"
    assert "alarmEmail=you@shop.example" in tools.calls[1]
    assert "budgetUsd=90" in tools.calls[1]
    assert f"{names.TAG}={names.TAG_VALUE}" in tools.calls[1]
    assert tools.calls[2] == ["build", "SHOP_ORIGIN"]
    assert first.uploaded > 50
    assert first.shop is not None
    assert first.shop.is_served
    assert first.urls["CollectorUrl"] == "https://api.example"
    assert zipfile.ZipFile(io.BytesIO(amplify.uploads["7"])).namelist() == [
        "compute/default/server.js",
        "deploy-manifest.json",
    ]

    tools.calls.clear()
    maker = Maker(account, amplify, TAGGED, "clickstream")
    instances = {maker.instance(names.WAREHOUSE_INSTANCE), maker.instance(names.WEB_INSTANCE)}
    commands: list[tuple[str, str]] = []
    answer_as_agents(account, *instances, run=lambda instance, command: commands.append((instance, command)))
    second = Deployment(account, config, ignore, no_wait).run()
    assert [call[0] for call in tools.calls] == ["deploy", "build"]
    assert second.uploaded == 0
    assert set(commands) == {(instance, "/usr/local/sbin/clickstream-update") for instance in instances}


@pytest.mark.slow
def test_assets_have_their_types_and_cache_headers(account: Account) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket="assets")
    upload(account, "assets")
    script = s3.head_object(Bucket="assets", Key="clickstream.js")
    assert script["ContentType"].startswith("text/javascript")
    assert script["CacheControl"] == "public, max-age=3600"
    hashes = re.compile(r"clickstream(?:\.extra)?\.[0-9a-f]{16}\.js")
    pinned = [each.key for each in assets() if hashes.fullmatch(each.key)]
    assert len(pinned) == 2
    for key in pinned:
        assert s3.head_object(Bucket="assets", Key=key)["CacheControl"] == "public, max-age=31536000, immutable"
    picture = s3.head_object(Bucket="assets", Key="pictures/hero.svg")
    assert picture["ContentType"] == "image/svg+xml"
    s3.put_object(Bucket="assets", Key="pictures/hero.svg", Body=b"changed")
    assert upload(account, "assets") == 1


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"refusal": "SSR apps need a repository"}, "SSR apps need a repository"),
        ({"status": "FAILED"}, "ended as FAILED: why"),
        ({"page": "Access Denied"}, "not with a page of the shop"),
    ],
    ids=["refused", "failed", "not served"],
)
def test_a_bundle_that_amplify_does_not_take_leaves_exact_steps(
    account: Account, amplify: Amplify, answers: dict[str, str], why: str
) -> None:
    amplify.add(APP, names.SHOP, TAGGED)
    amplify.page = PAGE
    for name, value in answers.items():
        setattr(amplify, name, value)
    done = shop.publish(account, APP, f"{amplify.url}/shop", b"zip", no_wait)
    assert not done.is_served
    assert why in done.why
    assert any(f"us-east-1.console.aws.amazon.com/amplify/apps/{APP}" in step for step in done.remaining)
    assert any("amplify.yml" in step for step in done.remaining)
    assert (SOURCES.parent / "amplify.yml").exists()


def test_the_archive_of_a_bundle_is_the_same_for_the_same_files(bundle: Path) -> None:
    first = shop.packed(bundle)
    (bundle / "deploy-manifest.json").write_text("{}")
    assert shop.packed(bundle) == first


def answer_with_events(account: Account, *events: tuple[str, str, str, datetime]) -> None:
    """Let CloudFormation answer with these events of a stack, the newest first: resource, status, reason, time."""
    listed = [
        {
            "LogicalResourceId": resource,
            "ResourceType": "AWS::EC2::Instance",
            "ResourceStatus": status,
            "ResourceStatusReason": reason,
            "Timestamp": moment,
        }
        for resource, status, reason, moment in events
    ]

    def answer(**_: Any) -> Any:
        return SimpleNamespace(status_code=200), {"StackEvents": listed}

    account.client("cloudformation").meta.events.register("before-call.cloudformation.DescribeStackEvents", answer)


def test_a_stack_that_failed_is_explained_by_its_resources_and_the_cause_comes_first(
    account: Account, amplify: Amplify, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    account.client("cloudformation").create_stack(StackName=names.STACK, TemplateBody=body)
    now, earlier = datetime.now(UTC) + timedelta(minutes=1), datetime(2026, 1, 1, tzinfo=UTC)
    answer_with_events(
        account,
        (names.STACK, "UPDATE_ROLLBACK_COMPLETE", "", now),
        ("Rule", "CREATE_FAILED", "Resource creation cancelled", now),
        ("Ready", "CREATE_FAILED", "the bootstrap failed", now),
        ("Web", "CREATE_FAILED", "no capacity for t4g.micro", now),
        ("Old", "CREATE_FAILED", "of an earlier deployment", earlier),
    )

    def fail(doing: str, arguments: Sequence[str], report: Any, env: Any) -> None:
        raise CloudError(doing, "the CDK failed", "")

    monkeypatch.setattr(run, "cdk", fail)
    with pytest.raises(CloudError) as failed:
        Deployment(account, DeployConfig(), ignore, no_wait).deploy_stack()
    causes = failed.value.why.split("; ")
    assert causes == [
        "Web (AWS::EC2::Instance): no capacity for t4g.micro",
        "Ready (AWS::EC2::Instance): the bootstrap failed",
    ]
    assert "run clickstream deploy again" in failed.value.advice


def test_a_stack_in_a_broken_state_is_not_touched(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    account.client("cloudformation").create_stack(StackName=names.STACK, TemplateBody=body)
    from moto.cloudformation.models import cloudformation_backends

    (stack,) = cloudformation_backends[account.id]["us-east-1"].stacks.values()
    stack.status = "ROLLBACK_COMPLETE"
    with pytest.raises(CloudError, match="ROLLBACK_COMPLETE") as broken:
        Deployment(account, DeployConfig(), ignore, no_wait).check_stack()
    assert "clickstream destroy" in broken.value.advice


def test_a_plan_warns_of_the_open_port_unless_networks_are_given() -> None:
    (port, alarms) = warnings(DeployConfig())
    assert "5432" in port
    assert "certificate" in port
    assert "--email" in alarms
    assert warnings(DeployConfig(database_networks=("203.0.113.0/24",), email="a@b.example", budget_usd=50)) == []


def test_resources_of_a_template_are_counted_by_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from clickstream.cloud.deploy import plan

    monkeypatch.setattr(plan, "SYNTHESIZED", tmp_path)
    with pytest.raises(CloudError, match="template"):
        resources("clickstream")
    kinds = {"A": {"Type": "AWS::SQS::Queue"}, "B": {"Type": "AWS::EC2::VPC"}, "C": {"Type": "AWS::SQS::Queue"}}
    (tmp_path / "clickstream.template.json").write_text(json.dumps({"Resources": kinds}))
    assert resources("clickstream") == {"AWS::EC2::VPC": 1, "AWS::SQS::Queue": 2}


def test_a_tool_that_fails_is_an_error_with_its_last_lines(tmp_path: Path) -> None:
    lines: list[str] = []
    with pytest.raises(CloudError, match="no space left"):
        run_tool("building", ["sh", "-c", "echo one; echo no space left >&2; exit 3"], lines.append, folder=tmp_path)
    assert lines == ["one", "no space left"]
    with pytest.raises(CloudError, match="cannot be started"):
        run_tool("building", [str(tmp_path / "absent")], lines.append, folder=tmp_path)


def test_credentials_reach_tools_through_their_environment(account: Account) -> None:
    values = environment(account)
    assert values["AWS_REGION"] == "us-east-1"
    assert values["AWS_SECRET_ACCESS_KEY"] == account.session.get_credentials().secret_key
