"""Fixtures: an instance of each role, set up once by the real bootstrap."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.instance.machine import Machine, Role, missing, new_machine


def require(reason: str | None) -> None:
    """Skip a test that lacks something; fail where everything must be installed."""
    if reason is None:
        return
    if os.environ.get("CI") == "true":
        raise AssertionError(f"missing: {reason}")
    pytest.skip(f"missing: {reason}")


def _bootstrapped(role: Role) -> Iterator[Machine]:
    require(missing())
    with new_machine(role) as machine:
        done = machine.script("bootstrap.sh")
        assert done.returncode == 0, done.stdout + done.stderr
        yield machine


@pytest.fixture(scope="session")
def warehouse_instance() -> Iterator[Machine]:
    yield from _bootstrapped("warehouse")


@pytest.fixture(scope="session")
def web_instance() -> Iterator[Machine]:
    yield from _bootstrapped("web")
