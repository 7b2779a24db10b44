"""User agent -> how likely no person is behind it, with the reasons.

The score is that of the strongest sign, 0 to 100; from BOT_SCORE on the event counts as a bot's. It is kept either way,
and people choose whether to look at it. Rates (a hundred pages a minute) are judged on whole sessions, not here.
Reference: the list of crawlerdetect, and our own signs below; docs/guide/enrichment.md lists the reasons.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from clickstream.etl.enrich.crawlers import is_crawler

BOT_SCORE = 50
SCORES = {
    "declared_crawler": 100,
    "headless": 90,
    "automation": 90,
    "injection": 90,
    "http_library": 80,
    "no_user_agent": 60,
    "short_user_agent": 60,
    "old_browser": 60,
}
_SIGNS = (
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
_NOTHING_SAID = re.compile(r"\W*|mozilla/\d(?:\.\d+)*\W*")
_MIN_CHARACTERS = 8
_VERSION = re.compile(r"(msie |chrome/|firefox/|version/)(\d{1,4})")
_OLDEST = {"msie ": 11, "chrome/": 40, "firefox/": 40, "version/": 8}
"""Browsers below these (2015 and before) cannot run a tracker of today: who says so is no browser."""


class BotScore(NamedTuple):
    """bot_reasons: words joined by commas, the strongest first; None when there is none."""

    bot_score: int
    bot_reasons: str | None
    is_bot: bool


def put_bot_score(user_agent: str) -> BotScore:
    """Judge a user agent; '' is none at all."""
    reasons = sorted(_reasons(user_agent), key=lambda reason: -SCORES[reason])
    score = max((SCORES[reason] for reason in reasons), default=0)
    return BotScore(score, ",".join(reasons) or None, score >= BOT_SCORE)


def _reasons(user_agent: str) -> list[str]:
    text = user_agent.strip().lower()
    if not text:
        return ["no_user_agent"]
    reasons = [reason for reason, sign in _SIGNS if sign.search(text)]
    if len(text) < _MIN_CHARACTERS or _NOTHING_SAID.fullmatch(text):
        reasons.append("short_user_agent")
    if _is_old(text):
        reasons.append("old_browser")
    # The list holds HTTP libraries and headless browsers too: what is known by a closer word is not called a crawler.
    if not reasons and is_crawler(user_agent):
        reasons.append("declared_crawler")
    return reasons


def _is_old(text: str) -> bool:
    versions = {name: int(number) for name, number in _VERSION.findall(text)}
    if "android" in text or "safari" not in text or "chrome/" in versions:
        versions.pop("version/", None)  # WebViews of Android, Opera and others count otherwise
    return any(version < _OLDEST[name] for name, version in versions.items())
