"""User agent -> how likely it is a bot, with the reasons.

The score is that of the strongest sign, 0 to 100; from BOT_SCORE on, the event counts as a bot's. Such events are kept,
and users choose whether to see them. Rates (a hundred pages a minute) are judged on whole sessions, elsewhere.
Reference: the list of crawlerdetect, and our own signs below; docs/guide/enrichment.md lists the reasons.

The list belongs to crawlerdetect, but ua-parser searches it: it tries a pattern only if the letters that the pattern
needs are there, and takes 3 µs where one large Python expression takes 500. A flood of made-up user agents must not
delay a load. A test verifies that the answers are those of crawlerdetect.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import ua_parser_rs
from crawlerdetect import providers  # type: ignore[import-untyped]

BOT_SCORE = 50
SCORES = {
    "declared_crawler": 100,
    "ai_crawler": 100,
    "headless": 90,
    "automation": 90,
    "injection": 90,
    "http_library": 80,
    "no_user_agent": 60,
    "short_user_agent": 60,
    "old_browser": 60,
}
_SIGNS = (
    (
        "ai_crawler",
        re.compile(
            r"\b(?:gptbot|chatgpt-user|oai-searchbot|claudebot|claude-(?:user|searchbot|web)|anthropic-ai|perplexitybot|"
            r"perplexity-user|ccbot|bytespider|meta-external(?:agent|fetcher)|google-cloudvertexbot|amazonbot|cohere-ai|"
            r"cohere-training-data-crawler|mistralai-user|duckassistbot|youbot|diffbot|timpibot|ai2bot|imagesiftbot|"
            r"deepseekbot|bedrockbot|pangubot)\b"
        ),
    ),
    ("headless", re.compile(r"headless|phantomjs|slimerjs|htmlunit|splash/|zombie\.js|\bjsdom\b")),
    (
        "automation",
        re.compile(r"selenium|webdriver|puppeteer|playwright|cypress|nightmare|testcafe"),
    ),
    ("injection", re.compile(r"<script|\$\{jndi:|union(?: |\+|%20)+select|'\s*or\s+['\d]|\.\./\.\./|\{\{|<\?php")),
    (
        "http_library",
        re.compile(
            r"^(?:python|curl|wget|go-http-client|okhttp|java/|apache-httpclient|axios|node|undici|got[ (/]|php|guzzle|"
            r"ruby|faraday|libwww|lwp|dart/|reqwest|hyper/|ureq|postmanruntime|insomnia|httpie|restsharp|winhttp|"
            r"rest-client|typhoeus|http\.rb|scrapy|aiohttp|httpx|urllib|java-http-client|jakarta|unirest|superagent|"
            r"deno/|bun/)"
            r"|python-(?:requests|urllib|httpx)|aiohttp/|guzzlehttp|libcurl"
        ),
    ),
)
_NO_PRODUCT = re.compile(r"\W*|mozilla/\d(?:\.\d+)*\W*")
_MIN_CHARACTERS = 8
_VERSION = re.compile(r"(msie |chrome/|firefox/|version/)(\d{1,4})")
_OLDEST = {"msie ": 11, "chrome/": 40, "firefox/": 40, "version/": 8}
"""Older versions (2015 and before) cannot run today's tracker: a client that claims to be one is not a browser."""
_LOOKS_AROUND = "(?"
"""Patterns with it cannot be searched by ua-parser; the few there are run in Python."""


class BotScore(NamedTuple):
    """bot_reasons: words joined by commas, the strongest first; None if there are none."""

    bot_score: int
    bot_reasons: str | None
    is_bot: bool


def put_bot_score(user_agent: str) -> BotScore:
    """Judge a user agent; '' means that none was sent."""
    reasons = sorted(_reasons(user_agent), key=lambda reason: -SCORES[reason])
    score = max((SCORES[reason] for reason in reasons), default=0)
    return BotScore(score, ",".join(reasons) or None, score >= BOT_SCORE)


def _reasons(user_agent: str) -> list[str]:
    text = user_agent.strip().lower()
    if not text:
        return ["no_user_agent"]
    reasons = [reason for reason, sign in _SIGNS if sign.search(text)]
    if len(text) < _MIN_CHARACTERS or _NO_PRODUCT.fullmatch(text):
        reasons.append("short_user_agent")
    if _is_old(text):
        reasons.append("old_browser")
    # The list includes HTTP libraries and headless browsers: an agent with a more exact reason is not called a crawler.
    if not reasons and is_crawler(user_agent):
        reasons.append("declared_crawler")
    return reasons


def _is_old(text: str) -> bool:
    versions = {name: int(number) for name, number in _VERSION.findall(text)}
    if "android" in text or "safari" not in text or "chrome/" in versions:
        versions.pop("version/", None)  # only Safari numbers its versions so; Android WebView, Opera and others do not
    return any(version < _OLDEST[name] for name, version in versions.items())


def is_crawler(user_agent: str) -> bool:
    """Return whether crawlerdetect lists this user agent as a crawler."""
    return _crawler_search()(user_agent.strip())


@cache
def _crawler_search() -> Callable[[str], bool]:
    """Return the search. It is built on first use, which takes about half a second."""
    crawlers = providers.crawlers.data
    harmless = re.compile("|".join(providers.exclusions.data), re.IGNORECASE)
    slow = [re.compile(pattern, re.IGNORECASE) for pattern in crawlers if _LOOKS_AROUND in pattern]
    fast = ua_parser_rs.UserAgentExtractor(
        [(f"(?i)({pattern})", None, None, None, None, None) for pattern in crawlers if _LOOKS_AROUND not in pattern]
    )

    def search(user_agent: str) -> bool:
        rest = harmless.sub("", user_agent)
        return bool(rest) and (fast.extract(rest) is not None or any(pattern.search(rest) for pattern in slow))

    return search
