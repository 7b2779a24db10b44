"""URLs as the warehouse keeps them: without personal values, and with a path that names a page, not a person.

In: a URL as it was sent; any text. Out: the URL with personal values replaced, its path with ids replaced, and the
parts that `put_channel` needs. The raw store keeps the complete URL. Rules: docs/guide/enrichment.md,
docs/decisions/0008. Every pattern is linear in the length of its text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus

from clickstream.hosts import normal_host

REMOVED = "removed"
PERSONAL_NAMES = frozenset(
    (  # noqa: SIM905 - a list of words reads better as words
        "address addr auth authorization birthdate birthday bearer cardnumber creditcard cvc cvv dob familyname fname "
        "forename fullname givenname iban jsessionid jwt lname login mail mobile msisdn name nickname otp pass "
        "passphrase passport phpsessid pin postcode pwd recipient session sessid sessionid sid ssn street surname tel "
        "telephone user userid username vorname nachname zip zipcode"
    ).split()
)
PERSONAL_PARTS = (  # noqa: SIM905
    "email password passwd phone token secret apikey firstname lastname signature"
).split()
"""A parameter is personal if its name, in small letters and digits only, is one of the names or contains a part."""
CLICK_IDS = ("gclid", "gbraid", "wbraid", "dclid", "msclkid", "ttclid", "twclid", "li_fat_id", "fbclid")
UTM = ("utm_source", "utm_medium", "utm_campaign")
_NEVER_PERSONAL = frozenset((*UTM, *CLICK_IDS, "utm_term", "utm_content", "utm_id"))

_PLACEHOLDERS = frozenset(
    ("undefined", "null", "none", "nan", "nil", "<nil>", "[object object]", "(not set)", "not set", "(none)")
)
_TEMPLATE = re.compile(
    r"\{\{[^{}]*\}\}|\$?\{[^{}]*\}|%%[^%]*%%|__[a-z0-9_]+?__|\[\[[^\[\]]*\]\]|\*\|[^|]*\|\*|<%[^%]*%>|\{%[^%]*%\}",
    re.IGNORECASE,
)
"""Variables that a template should have filled in: {{campaign.name}}, {campaignid}, __CAMPAIGN_NAME__, *|CAMPAIGN|*."""
_ROUTE = re.compile(r"(!?/[^?&#]*)(.*)", re.DOTALL)
_WEB_SCHEMES = frozenset({"", "http:", "https:"})
_APP_SCHEMES = frozenset({"android-app:", "ios-app:"})
_LOOPBACK = re.compile(r"(?:.*\.)?localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1\]", re.DOTALL)

_URL = re.compile(r"(?:([a-zA-Z][a-zA-Z0-9+.-]*:)?//([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_BARE_HOST = re.compile(r"(?:[\w-]{1,63}\.)+[a-zA-Z]{2,63}(?=[/?#:]|$)")
_NOT_PLAIN = re.compile(r"[^0-9a-z]+")
_EMAIL = re.compile(r"[\w.+%'-]{1,64}(?:@|%(?:25){0,3}40)[\w-]{1,63}(?:\.[\w-]{1,63})+")
_AT = re.compile(r"@|%(?:25){0,3}40")
_BETWEEN_PAIRS = re.compile(r"([&;?])")
_SLASHES = re.compile(r"/{2,}")
_PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid|sessionid|sid)=[^/;]*", re.IGNORECASE)

_UUID = re.compile(r"(?<![0-9a-zA-Z])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![0-9a-zA-Z])")
_LONG_NUMBER = re.compile(r"\d{9,}")
_HEX = re.compile(r"(?=.*\d)(?=.*[a-fA-F])[0-9a-fA-F]{12,}")
_TOKEN = re.compile(r"[0-9A-Za-z._~=+-]{16,}")
_SWITCH = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_LETTERS_PER_SWITCH = 4


class Page(NamedTuple):
    """url, path: as the warehouse keeps them. host: in small letters, '' if there is none.

    campaign: the parameters that decide the channel, as `name=value` joined by `&`. A click id is replaced by 1: each
    is unique, and would make almost every landing a distinct value.
    """

    url: str
    path: str
    host: str
    campaign: str


def page_reader(more_names: Collection[str] = ()) -> Callable[[str], Page]:
    """Return the function that reads page URLs; `more_names` are personal parameters besides the shipped ones."""
    names = PERSONAL_NAMES | {_NOT_PLAIN.sub("", name.lower()) for name in more_names}

    def put_page_path(url: str) -> Page:
        scheme, authority, path, query, fragment = _parts(url)
        clean = _without_userinfo(authority)
        kept = scheme + ("" if authority is None else f"//{clean}") + _without_addresses(path, ":email")
        page_path = clean_path(path)
        if query is not None:
            kept += "?" + _without_personal(query, names)
        if fragment is not None:
            route, rest = _split_route(fragment)
            route = _without_addresses(_without_values(route, names), ":email")
            kept += "#" + route + _without_personal(rest, names)
            if route:
                mark, slash, segments = route.partition("/")
                page_path += "#" + mark + clean_path(slash + segments)
        return Page(kept, page_path, host_of(clean), campaign_of(query or ""))

    return put_page_path


def referrer_reader(more_names: Collection[str] = ()) -> Callable[[str], tuple[str, str]]:
    """Return the function that reads referrers. It returns the URL as it is kept, and its host ('' if it has none).

    The host of an app is its id: the package name on Android, `id` and a number on iOS. Loopback hosts, browser
    extensions and other schemes have none.
    """
    put_page_path = page_reader(more_names)

    def put_referrer(url: str) -> tuple[str, str]:
        page = put_page_path(url)
        scheme = _parts(url)[0].lower()
        if scheme in _APP_SCHEMES:
            return page.url, f"id{page.host}" if page.host.isdecimal() else page.host
        if scheme not in _WEB_SCHEMES or _LOOPBACK.fullmatch(page.host):
            return page.url, ""
        bare = None if page.host else _BARE_HOST.match(url)  # "google.com/search" without a scheme
        return page.url, page.host or (host_of(bare[0]) if bare else "")

    return put_referrer


def clean_path(path: str) -> str:
    """Return the path as the name of a page: ids and addresses replaced, repeated and trailing slashes removed."""
    path = _SLASHES.sub("/", _PATH_SESSION.sub("", path))
    if len(path) > 1:
        path = path.removesuffix("/")
    return "/".join(_clean_segment(segment) for segment in path.split("/")) or "/"


def host_of(authority: str) -> str:
    """Return the host of `user@host:port` in its normal form (clickstream/hosts.py), '' if there is none."""
    host = authority.rpartition("@")[2].strip()
    return normal_host(host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0])


def campaign_of(query: str) -> str:
    """Return the parameters of a query that decide the channel, without addresses (see Page.campaign); '' for none."""
    found = {}
    for pair in query.split("&"):
        written, _, value = pair.partition("=")
        name = (unquote(written) if "%" in written else written).lower()
        if (name in UTM or name in CLICK_IDS) and name not in found and _is_filled_in(value):
            if name in UTM:
                found[name] = _without_addresses(value, REMOVED)
            else:
                found[name] = "1"
    return "&".join(f"{name}={value}" for name, value in found.items())


def _is_filled_in(value: str) -> bool:
    """Return whether a parameter has a value: not blank, not a placeholder such as `null`, not an unfilled template."""
    text = (unquote_plus(value) if "%" in value or "+" in value else value).strip()
    if text.lower() in _PLACEHOLDERS:
        return False
    return bool(_TEMPLATE.sub("", text).strip(" -_.,:;|/+")) if _TEMPLATE.search(text) else bool(text)


def _split_route(fragment: str) -> tuple[str, str]:
    """Split a fragment into the route of a single-page application (`/p/42`, `!/p/42`; '' if none) and the rest."""
    match = _ROUTE.match(fragment)
    return (match[1], match[2]) if match else ("", fragment)


def _parts(url: str) -> tuple[str, str | None, str, str | None, str | None]:
    match = _URL.fullmatch(url)
    if match is None:
        return "", None, url, None, None
    scheme, authority, path, query, fragment = match.groups()
    return scheme or "", authority, path or "", query, fragment


def _without_userinfo(authority: str | None) -> str:
    return "" if authority is None else authority.rpartition("@")[2]


def _clean_segment(segment: str) -> str:
    if len(segment) < 6:
        return segment
    if "%" in segment or "@" in segment:
        if _AT.search(segment) and _EMAIL.search(segment):
            return ":email"
        if _is_id(unquote(segment)):
            return ":id"
    elif _is_id(segment):
        return ":id"
    return _UUID.sub(":id", segment) if "-" in segment else segment


def _is_id(text: str) -> bool:
    if _LONG_NUMBER.fullmatch(text) or _HEX.fullmatch(text) or _UUID.fullmatch(text):
        return True
    return bool(_TOKEN.fullmatch(text)) and len(_SWITCH.findall(text)) * _LETTERS_PER_SWITCH >= len(text)


def _without_personal(query: str, names: Collection[str]) -> str:
    if "=" in query:
        query = "".join(_without_value(part, names) for part in _BETWEEN_PAIRS.split(query))
    return _without_addresses(query, REMOVED)


def _without_values(route: str, names: Collection[str]) -> str:
    """Return the route without personal values: some sign-in services redirect to `#/access_token=…`."""
    return ";".join(_without_value(part, names) for part in route.split(";")) if "=" in route else route


def _without_addresses(text: str, word: str) -> str:
    return _EMAIL.sub(word, text) if _AT.search(text) else text


def _without_value(pair: str, names: Collection[str]) -> str:
    written, _, value = pair.partition("=")
    name = unquote_plus(written).lower() if "%" in written or "+" in written else written.lower()
    name = name.rpartition("/")[2]
    if not value or name in _NEVER_PERSONAL:
        return pair
    plain = _NOT_PLAIN.sub("", name)
    if plain in names or any(part in plain for part in PERSONAL_PARTS):
        return f"{written}={REMOVED}"
    return pair
