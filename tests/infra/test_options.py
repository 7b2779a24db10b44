"""The options of a deployment are checked before anything is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clickstream.errors import SettingsError
from infra.options import FOLDERS, Options, read_options


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    for name in FOLDERS:
        (tmp_path / name).mkdir()
    return tmp_path


def read(packages: Path, **context: Any) -> Options:
    return read_options({"packages": str(packages), **context}.get)


def test_defaults_hold_for_what_the_context_leaves_out(packages: Path) -> None:
    assert read(packages) == Options(packages.resolve())


def test_values_of_the_command_line_and_of_a_file_are_read(packages: Path) -> None:
    from_line = read(
        packages,
        shopOrigins="https://shop.example, https://www.shop.example",
        databaseCidrs="203.0.113.0/24",
        ec2messages="false",
        nearRealTime="on",
        budgetUsd="70",
        alarmEmail="alarms@shop.example",
    )
    from_file = read(
        packages,
        shopOrigins=["https://shop.example", "https://www.shop.example"],
        databaseCidrs=["203.0.113.0/24"],
        ec2messages=False,
        nearRealTime=True,
        budgetUsd=70,
        alarmEmail="alarms@shop.example",
    )
    assert from_line == from_file
    assert from_line.shop_origins == ("https://shop.example", "https://www.shop.example")
    assert from_line.is_near_real_time
    assert not from_line.has_ec2messages


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shopOrigins", "shop.example"),
        ("databaseCidrs", "203.0.113.9/24"),
        ("databaseCidrs", " "),
        ("ec2messages", "perhaps"),
        ("budgetUsd", "0"),
        ("budgetUsd", "a lot"),
        ("alarmEmail", "nowhere"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name(name: str, value: str, packages: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        read(packages, **{name: value})
    assert [problem.partition(":")[0] for problem in refused.value.problems] == [name]


def test_all_wrong_values_are_listed(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, nearRealTime="2", budgetUsd="-1")
    found = "\n".join(refused.value.problems)
    assert "lacks ingest, etl, instance: build it with python -m clickstream.cloud.packages" in found
    assert "nearRealTime" in found
    assert "budgetUsd" in found
