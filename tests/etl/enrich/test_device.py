"""Browser, system and kind of device of real user agents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream.etl.enrich.device import put_device
from tests.etl.enrich.agents import AGENTS, Agent


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)
def test_real_user_agents_have_device_browser_and_system(agent: Agent) -> None:
    assert put_device(agent.text) == agent.device


@given(st.text(max_size=300))
def test_any_text_has_a_device(text: str) -> None:
    assert put_device(text).device_type in {"desktop", "mobile", "tablet", "tv", "console", "wearable", "other"}
