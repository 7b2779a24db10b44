"""User agent -> browser, operating system, kind of device.

ua-parser reads the user agent. A browser has one name on phone and desktop, since the device has its own column (Google
Analytics does the same). A bot has the device that it claims; bots.py judges bots.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import ua_parser

BROWSERS = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Android WebView",
    "Edge Mobile": "Edge",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "IE Mobile": "IE",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari (in-app)",
    "Opera Mobile": "Opera",
}
SYSTEMS = {"Mac OS X": "macOS", "Web0S": "webOS"}

_KINDS = (
    (
        "tv",
        re.compile(
            r"smart-?tv|\btv\b|appletv|googletv|hbbtv|netcast|roku|\bcrkey\b|\baft[a-z]|bravia|viera|webos|tizen.+tv"
        ),
    ),
    ("console", re.compile(r"playstation|\bxbox\b|nintendo")),
    ("wearable", re.compile(r"watch|\bwear ?os\b|glass ")),
    ("tablet", re.compile(r"ipad|tablet|kindle|\bsilk/|playbook|\bsm-[tx]\d|\bgt-p\d|nexus (?:7|9|10)\b|pixel c\b")),
    ("mobile", re.compile(r"mobile|mobi\b|iphone|ipod|phone|blackberry|\bbb10|opera mini|symbian|\bkaios\b")),
    ("tablet", re.compile(r"android")),  # on a phone, Android also says Mobile
    ("desktop", re.compile(r"windows nt|windows 9|macintosh|mac os x|\bcros\b|x11|linux|\bbsd\b")),
)


class Device(NamedTuple):
    device_type: str
    browser: str | None
    os: str | None


def put_device(user_agent: str) -> Device:
    """Return the device, browser and system that a user agent names. device_type is `other` if it names no device."""
    result = ua_parser.parse(user_agent)
    browser = result.user_agent.family if result.user_agent else None
    system = result.os.family if result.os else None
    return Device(_kind(user_agent.lower()), BROWSERS.get(browser or "", browser), SYSTEMS.get(system or "", system))


def _kind(user_agent: str) -> str:
    return next((kind for kind, pattern in _KINDS if pattern.search(user_agent)), "other")
