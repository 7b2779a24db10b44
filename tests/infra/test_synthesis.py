"""The synthesis is a gate: it fails on a finding of cdk-nag and on wrong options."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.test_house import ROOT
from tests.infra.conftest import Synthesis, cdk
from tests.infra.template import Template

pytestmark = pytest.mark.slow

UNSAFE = """
from aws_cdk import App, Stack, aws_s3
from infra.app import check

app = App(analytics_reporting=False)
aws_s3.Bucket(Stack(app, "unsafe"), "Bucket")
check(app)
app.synth()
"""


def test_findings_that_stay_are_recorded_with_their_reason(template: Template) -> None:
    suppressed = [
        finding
        for resource in template.resources
        for finding in resource.definition.get("Metadata", {}).get("cdk_nag", {}).get("rules_to_suppress", [])
        if finding["id"].startswith("AwsSolutions")
    ]
    found = {each["id"].partition("[")[0].removeprefix("AwsSolutions-") for each in suppressed}
    kept = {"APIG4", "CFR1", "CFR2", "CFR3", "CFR4", "COG2", "COG8", "EC23", "EC28", "EC29", "IAM5", "L1"}
    assert found == kept
    assert all(len(each["reason"]) > 20 for each in suppressed)
    assert [each["violations"] for each in template.report["pluginReports"] if each["violations"]] == []


def test_a_database_that_is_closed_to_networks_has_no_finding_to_accept(variant: Template) -> None:
    assert "AwsSolutions-EC23" not in variant.file.read_text("utf-8")


def test_a_finding_stops_the_synthesis(synthesize: Synthesis, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", UNSAFE], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode != 0
    assert "AwsSolutions-S1" in result.stdout + result.stderr


def test_wrong_options_are_listed_without_a_traceback(synthesize: Synthesis, packages: Path) -> None:
    result = cdk("synth", "--quiet", packages=packages, options=("budgetUsd=none", "nearRealTime=soon"))
    assert result.returncode == 1
    assert "budgetUsd: expected whole US dollars, got 'none'" in result.stderr
    assert "nearRealTime: expected true or false, got 'soon'" in result.stderr
    assert "Traceback" not in result.stderr
