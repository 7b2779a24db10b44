"""The population of the simulation: households with people and devices, and bots.

In: the seed and a household's number. Out: always the same Household. A household is made again whenever it is
needed, so that the population does not have to fit into memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from uuid import UUID

from clickstream.sources.simulate.story import Device

_CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{} Safari/537.36"
_IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
_ANDROID = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{} Mobile Safari/537.36"
)
_IPAD = (
    "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/16.6 Mobile/15E148 Safari/604.1"
)
_MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Safari/605.1.15"
)
_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
_EDGE = _CHROME.format("126.0.0.0") + " Edg/126.0.0.0"
BROWSERS = (
    *((_CHROME.format(f"{version}.0.0.0"), "desktop") for version in (124, 125, 126)),
    *((_ANDROID.format(f"{version}.0.0.0"), "mobile") for version in (125, 126)),
    *((_IPHONE, "mobile"), (_IPHONE, "mobile"), (_IPAD, "tablet"), (_MAC, "desktop")),
    *((_FIREFOX, "desktop"), (_EDGE, "desktop")),
)
SERVER_AGENT = "shop-backend/1.4"
DECLARED_BOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
)
HEADLESS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36"
)
BOT_KINDS = ("declared", "headless", "rate")
_COUNTRIES = ("DE", "DE", "DE", "AT", "CH", "US", "US", "GB", "FR", "NL", "SE", None)
# Clock errors of seconds to years, which the load corrects by `sentAt`.
_SKEWS_S = (-45, 90, -3_600, 5_400, -86_400 * 400, 86_400 * 30)


@dataclass(frozen=True, slots=True)
class Household:
    """People who share devices. users: their accounts (None: no account). rate: visits a day after the first one."""

    number: int
    devices: tuple[Device, ...]
    users: tuple[str | None, ...]
    first_day: int
    rate: float
    bot: str = ""


def uuid_text(chance: Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))


def people_count(visitors: int) -> tuple[int, int]:
    """Return the number of households of people, and the number of bots that follow them."""
    return visitors, max(len(BOT_KINDS), visitors // 40)


def make_household(seed: str, number: int, visitors: int, days: int) -> Household:
    chance = Random(f"{seed}/household/{number}")  # noqa: S311 - chance must repeat, not be secret
    if number >= visitors:
        return _bot(chance, number, days, BOT_KINDS[(number - visitors) % len(BOT_KINDS)])
    kind = chance.random()
    user = f"u-{number}" if kind < 0.55 else None
    users: tuple[str | None, ...] = (user,)
    device_count = 1
    if kind < 0.2:
        device_count = chance.choice((2, 2, 3))
    elif kind < 0.35:
        users = (user, f"u-{number}-b", None)  # one device for the family
    country = chance.choice(_COUNTRIES)
    devices = tuple(_device(chance, country) for _ in range(device_count))
    rate = chance.choice((0.01, 0.02, 0.05, 0.1, 0.3))
    return Household(number, devices, users, chance.randrange(days), rate)


def _device(chance: Random, country: str | None) -> Device:
    agent, kind = chance.choice(BROWSERS)

    def odd(share: float) -> bool:
        return chance.random() < share

    is_exact = odd(0.1)
    return Device(
        client=None if odd(0.02) else f"c-{uuid_text(chance)}",
        user_agent=agent,
        type=kind,
        country=country,
        precision=1 if is_exact else 1_000,
        skew_s=chance.choice(_SKEWS_S) if odd(0.08) else chance.choice((-2, 2)) if odd(0.04) else 0,
        form="iso" if is_exact else chance.choice(("iso", "iso", "iso", "epoch", "offset", "bare")),
        id_form="none" if odd(0.03) else "text" if odd(0.04) else "uuid",
        has_session_ids=not odd(0.08),
        has_sent_at=not odd(0.05),
        sends_first_visit=not odd(0.1),
        was_known=odd(0.1),
        batch=chance.choice((10, 15, 25)),
    )


def _bot(chance: Random, number: int, days: int, kind: str) -> Household:
    agent = {"declared": chance.choice(DECLARED_BOTS), "headless": HEADLESS}.get(kind, BROWSERS[0][0])
    device = Device(f"bot-{uuid_text(chance)}", agent, "bot", chance.choice(("US", "NL")), batch=25)
    return Household(number, (device,), (None,), chance.randrange(days), 0.05, kind)
