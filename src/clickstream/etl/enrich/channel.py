"""Campaign parameters and referrer -> source, medium, campaign, channel, referrer domain.

docs/guide/enrichment.md (Channels) lists the rules in this order; the first that matches wins. They follow the default
channel group of Google Analytics 4. In: what page.py found in the page's URL and in the referrer, and the campaign that
the tracker kept from the session's landing page: consent may come on a later page, whose URL has no campaign.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple
from urllib.parse import unquote_plus

from clickstream.etl.enrich.page import CLICK_IDS, campaign_of
from clickstream.etl.enrich.sources import SourceList, suffixes
from clickstream.hosts import normal_host

DIRECT = "(direct)"
NONE = "(none)"
_SOURCE_OF_CLICK_ID = dict(
    zip(CLICK_IDS, ("google",) * 4 + ("bing", "tiktok", "twitter", "linkedin", "facebook"), strict=True)
)
_DIRECT_SOURCES = frozenset({"direct", DIRECT})
_DIRECT_MEDIUMS = frozenset({NONE, "none", "not set", "(not set)"})
_DISPLAY = frozenset({"display", "banner", "expandable", "interstitial", "cpm"})
_SOCIAL = frozenset({"social", "social-network", "social-media", "sm"})
_EMAIL = frozenset({"email", "e-mail", "e_mail", "newsletter"})
_AFFILIATE = frozenset({"affiliate", "affiliates"})
_REFERRAL = frozenset({"referral", "app", "link"})
_PAID_OF_CLASS = {"search": "paid_search", "social": "paid_social", "video": "paid_video"}


class Channel(NamedTuple):
    """Where an event came from. campaign, referrer_domain: None if there is none."""

    source: str
    medium: str
    campaign: str | None
    channel: str
    referrer_domain: str | None


def channel_reader(listed: SourceList, own_hosts: Collection[str] = ()) -> Callable[..., Channel]:
    """Return the function that finds a channel; `own_hosts` and their subdomains do not count as referrers.

    Its arguments: page_host, campaign (of the page's URL), referrer_host, and sent_campaign: the campaign in the event
    itself, as a query (`utm_source=news&utm_medium=email`). It counts where the URL has no campaign and no click id.
    """
    own = frozenset(without_www(normal_host(host)) for host in own_hosts)

    def put_channel(page_host: str, campaign: str, referrer_host: str, sent_campaign: str = "") -> Channel:
        given = _parameters(campaign) or _parameters(campaign_of(sent_campaign))
        domain = without_www(referrer_host)
        is_own = domain == without_www(page_host) or not own.isdisjoint(suffixes(domain))
        referrer = "" if is_own or listed.is_passed_through(domain) else domain
        referrer_source = listed.app_name(referrer)
        click_id = next((name for name in CLICK_IDS if name in given), "")
        named = given.get("utm_source", "")
        ad_source = listed.ad_source(named)
        source = ad_source or named or _SOURCE_OF_CLICK_ID.get(click_id) or referrer_source or DIRECT
        kind = listed.class_of(source)
        default_medium = "cpc" if ad_source else _medium(click_id, kind, is_referrer=source == referrer_source)
        medium = given.get("utm_medium") or default_medium
        name = given.get("utm_campaign", "")
        is_direct = not (given or referrer) or (source in _DIRECT_SOURCES and medium in _DIRECT_MEDIUMS)
        channel = "direct" if is_direct else _paid(medium, kind, name) or _unpaid(source, medium, kind, name)
        return Channel(source, medium, name or None, channel, referrer or None)

    return put_channel


def without_www(host: str) -> str:
    return host.removeprefix("www.")


def _parameters(campaign: str) -> dict[str, str]:
    """Return the values, decoded; blank ones are left out."""
    pairs = (pair.partition("=") for pair in campaign.split("&") if pair)
    decoded = ((name, unquote_plus(value).replace("\0", "\ufffd").strip().lower()) for name, _, value in pairs)
    return {name: value for name, value in decoded if value}


def _medium(click_id: str, kind: str | None, *, is_referrer: bool) -> str:
    if click_id and click_id != "fbclid":  # links in ordinary posts have an fbclid too
        return "display" if click_id == "dclid" else "cpc"
    if kind == "search":
        return "organic"
    if kind == "social":
        return "social"
    return "referral" if is_referrer else NONE


def _paid(medium: str, kind: str | None, campaign: str) -> str | None:
    is_paid = "cp" in medium or medium in ("ppc", "retargeting") or medium.startswith("paid")
    if is_paid and (kind == "shopping" or "shopping" in campaign):
        return "paid_shopping"
    if is_paid and kind in _PAID_OF_CLASS:
        return _PAID_OF_CLASS[kind]
    if medium in _DISPLAY:
        return "display"
    return "paid_other" if is_paid else None


def _unpaid(source: str, medium: str, kind: str | None, campaign: str) -> str:
    rules = (
        ("organic_shopping", kind == "shopping" or "shopping" in campaign),
        ("organic_social", kind == "social" or medium in _SOCIAL),
        ("organic_video", kind == "video" or "video" in medium),
        ("ai_assistant", kind == "ai"),
        ("organic_search", kind == "search" or medium == "organic"),
        ("email", kind == "email" or source in _EMAIL or medium in _EMAIL),
        ("affiliates", medium in _AFFILIATE),
        ("referral", medium in _REFERRAL),
        ("audio", medium == "audio"),
        ("sms", "sms" in (source, medium)),
        ("push", medium.endswith("push") or "mobile" in medium or "notification" in medium),
    )
    return next((channel for channel, holds in rules if holds), "unassigned")
