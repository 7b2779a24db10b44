"""Which user agents count as bots, and why."""

from __future__ import annotations

import pytest
from crawlerdetect import CrawlerDetect, providers  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.etl.enrich.bots import BOT_SCORE, SCORES, is_crawler, put_bot_score
from tests.etl.enrich.agents import AGENTS, Agent


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)
def test_real_user_agents_are_scored(agent: Agent) -> None:
    assert put_bot_score(agent.text) == (agent.score, agent.reasons, agent.score >= BOT_SCORE)


@pytest.mark.parametrize("text", ["", "  ", "\t"], ids=["none", "blanks", "tab"])
def test_missing_user_agent_has_its_own_reason(text: str) -> None:
    assert put_bot_score(text) == (60, "no_user_agent", True)


def test_reasons_are_listed_strongest_first() -> None:
    text = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/21.0 Selenium"
    assert put_bot_score(text) == (90, "headless,automation,old_browser", True)


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=1_024))
def test_any_text_is_scored(text: str) -> None:
    judged = put_bot_score(text)
    assert 0 <= judged.bot_score <= 100
    assert judged.is_bot == (judged.bot_score >= BOT_SCORE)
    assert set((judged.bot_reasons or "").split(",")) <= {*SCORES, ""}


NAMES = st.sampled_from(providers.crawlers.data).map(lambda pattern: pattern.replace("\\", "").strip("^$"))
MADE_UP = st.lists(NAMES | st.sampled_from([agent.text for agent in AGENTS]) | st.text(max_size=9), max_size=3)


@settings(max_examples=60, deadline=None)
@given(MADE_UP.map(" ".join))
def test_is_crawler_agrees_with_crawlerdetect(text: str) -> None:
    assert is_crawler(text) == CrawlerDetect(user_agent=text).is_crawler()


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)
def test_is_crawler_agrees_with_crawlerdetect_on_real_user_agents(agent: Agent) -> None:
    assert is_crawler(agent.text) == CrawlerDetect(user_agent=agent.text).is_crawler()


@pytest.mark.parametrize("text", ["YandexBot/3.0", "Yandex", "YandexSearch 1"])
def test_patterns_with_lookaround_are_searched_too(text: str) -> None:
    assert is_crawler(text) == CrawlerDetect(user_agent=text).is_crawler()
