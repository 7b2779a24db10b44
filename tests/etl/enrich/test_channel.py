"""The rules of channels, one by one; source, medium and referrer; the shipped list."""

from __future__ import annotations

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream.etl.enrich.channel import channel_reader
from clickstream.etl.enrich.page import page_reader, referrer_reader
from clickstream.etl.enrich.sources import SourceList, shipped_sources, suffixes
from clickstream.settings import read_settings

put_channel = channel_reader(shipped_sources(), ["pay.own.example", "WWW.sister.example"])
read_page = page_reader()
read_referrer = referrer_reader()
CHANNELS = (
    "direct paid_shopping paid_search paid_social paid_video display paid_other organic_shopping organic_social "
    "organic_video ai_assistant organic_search email affiliates referral audio sms push unassigned"
)


def channel_of(query: str = "", referrer: str = "", sent: str = "") -> tuple[str | None, ...]:
    page = read_page(f"https://www.shop.example/p/1{query}")
    return tuple(put_channel(page.host, page.campaign, read_referrer(referrer)[1], sent))


ROWS = [
    ("", "", "direct"),
    ("?utm_source=direct&utm_medium=none", "https://other.example/", "direct"),
    ("?utm_source=(direct)&utm_medium=(not set)", "", "direct"),
    ("?utm_source=news&utm_medium=cpc&utm_campaign=Shopping-Mai", "", "paid_shopping"),
    ("?utm_source=idealo.de&utm_medium=ppc", "", "paid_shopping"),
    ("?utm_source=google&utm_medium=cpc", "", "paid_search"),
    ("?gclid=x", "", "paid_search"),
    ("?msclkid=x", "https://www.bing.com/", "paid_search"),
    ("?utm_source=facebook&utm_medium=paidsocial", "", "paid_social"),
    ("?twclid=x", "", "paid_social"),
    ("?li_fat_id=x", "", "paid_social"),
    ("?ttclid=x", "", "paid_video"),
    ("?utm_source=youtube&utm_medium=cpv", "", "paid_video"),
    ("?utm_source=partner&utm_medium=banner", "", "display"),
    ("?dclid=x", "", "display"),
    ("?utm_source=partner&utm_medium=cpm", "", "display"),
    ("?utm_source=google&utm_medium=cpm", "", "paid_search"),
    ("?utm_source=partner&utm_medium=retargeting", "", "paid_other"),
    ("", "https://www.etsy.com/listing/1", "organic_shopping"),
    ("?utm_source=news&utm_medium=x&utm_campaign=shopping", "", "organic_shopping"),
    ("", "https://l.instagram.com/?u=x", "organic_social"),
    ("?fbclid=x", "", "organic_social"),
    ("?utm_source=x&utm_medium=sm", "", "organic_social"),
    ("", "https://www.youtube.com/watch?v=1", "organic_video"),
    ("?utm_source=x&utm_medium=video-ad", "", "organic_video"),
    ("", "https://chatgpt.com/", "ai_assistant"),
    ("", "https://gemini.google.com/app", "ai_assistant"),
    ("?utm_source=chatgpt.com", "", "ai_assistant"),
    ("", "https://www.google.co.uk/", "organic_search"),
    ("", "https://duckduckgo.com/", "organic_search"),
    ("?utm_source=x&utm_medium=organic", "", "organic_search"),
    ("", "https://mail.google.com/mail/u/0/", "email"),
    ("", "android-app://com.google.android.gm/", "email"),
    ("?utm_source=newsletter", "", "email"),
    ("?utm_source=x&utm_medium=E-Mail", "", "email"),
    ("?utm_source=x&utm_medium=affiliates", "", "affiliates"),
    ("", "https://blog.example/post", "referral"),
    ("?utm_source=x&utm_medium=link", "", "referral"),
    ("?utm_source=x&utm_medium=audio", "", "audio"),
    ("?utm_source=sms&utm_medium=x", "", "sms"),
    ("?utm_source=x&utm_medium=webpush", "", "push"),
    ("?utm_source=x&utm_medium=in-app-notification", "", "push"),
    ("?utm_source=news", "", "unassigned"),
    ("?utm_source=x&utm_medium=y", "https://www.google.com/", "unassigned"),
]


@pytest.mark.parametrize(("query", "referrer", "channel"), ROWS, ids=lambda value: value or "-")
def test_first_matching_rule_decides_the_channel(query: str, referrer: str, channel: str) -> None:
    assert channel_of(query, referrer)[3] == channel


SENT = "utm_source=News&utm_medium=email&utm_campaign=a%20%26%20b%2B&utm_term=x"


@pytest.mark.parametrize(
    ("query", "referrer", "sent", "expected"),
    [
        pytest.param("", "https://shop.example/", SENT, ("news", "email", "a & b+", "email", None), id="landing"),
        pytest.param(
            "", "https://www.google.com/", SENT, ("news", "email", "a & b+", "email", "google.com"), id="first"
        ),
        pytest.param(
            "?utm_source=x", "", SENT, ("x", "(none)", None, "unassigned", None), id="that of the page URL wins"
        ),
        pytest.param(
            "?gclid=1", "", SENT, ("google", "cpc", None, "paid_search", None), id="a click id in the page URL wins"
        ),
        pytest.param(
            "?utm_source=%20", "", SENT, ("news", "email", "a & b+", "email", None), id="blank counts as none"
        ),
        pytest.param(
            "", "", "utm_source=ann%40mail.example", ("removed", "(none)", None, "unassigned", None), id="an address"
        ),
        pytest.param("", "", "utm_id=7", ("(direct)", "(none)", None, "direct", None), id="no campaign"),
    ],
)
def test_campaign_in_the_event_counts_if_the_page_url_has_none(
    query: str, referrer: str, sent: str, expected: tuple[str | None, ...]
) -> None:
    assert channel_of(query, referrer, sent) == expected


SOURCES = [
    pytest.param("", "", ("(direct)", "(none)", None, "direct", None), id="nothing"),
    pytest.param(
        "?utm_source=%20Google%20&utm_medium=CPC&utm_campaign=Fr%C3%BChling+26",
        "https://www.google.de/",
        ("google", "cpc", "frühling 26", "paid_search", "google.de"),
        id="decoded, trimmed, lower case",
    ),
    pytest.param(
        "", "https://www.google.com/", ("google.com", "organic", None, "organic_search", "google.com"), id="search"
    ),
    pytest.param("", "https://t.co/x", ("t.co", "social", None, "organic_social", "t.co"), id="social"),
    pytest.param(
        "", "https://blog.example/", ("blog.example", "referral", None, "referral", "blog.example"), id="referral"
    ),
    pytest.param("?gclid=x", "", ("google", "cpc", None, "paid_search", None), id="click id"),
    pytest.param("?dclid=x", "", ("google", "display", None, "display", None), id="display click"),
    pytest.param(
        "?fbclid=x",
        "https://l.facebook.com/",
        ("facebook", "social", None, "organic_social", "l.facebook.com"),
        id="fbclid",
    ),
    pytest.param(
        "?gclid=x&utm_source=mail", "", ("mail", "cpc", None, "paid_other", None), id="utm_source wins over a click id"
    ),
    pytest.param(
        "?utm_medium=cpc",
        "https://blog.example/",
        ("blog.example", "cpc", None, "paid_other", "blog.example"),
        id="medium alone",
    ),
    pytest.param("?utm_campaign=x", "", ("(direct)", "(none)", "x", "direct", None), id="campaign alone"),
    pytest.param("?utm_source=%00&utm_medium=a%00b", "", ("\ufffd", "a\ufffdb", None, "unassigned", None), id="NUL"),
    pytest.param("?utm_source=%20%20", "", ("(direct)", "(none)", None, "direct", None), id="blanks count as none"),
    pytest.param("?utm_source=%FF%FE", "", ("\ufffd\ufffd", "(none)", None, "unassigned", None), id="not UTF-8"),
    pytest.param(
        "", "https://shop.example/cart", ("(direct)", "(none)", None, "direct", None), id="own host without www"
    ),
    pytest.param("", "https://www.shop.example/", ("(direct)", "(none)", None, "direct", None), id="own host"),
    pytest.param(
        "",
        "https://secure.sister.example/",
        ("(direct)", "(none)", None, "direct", None),
        id="subdomain of an own host",
    ),
    pytest.param(
        "", "https://checkout.stripe.com/pay", ("(direct)", "(none)", None, "direct", None), id="payment host"
    ),
    pytest.param(
        "",
        "https://notshop.example/",
        ("notshop.example", "referral", None, "referral", "notshop.example"),
        id="host with the same ending",
    ),
    pytest.param(
        "",
        "https://google.evil.example/",
        ("google.evil.example", "referral", None, "referral", "google.evil.example"),
        id="host with the same beginning",
    ),
]


@pytest.mark.parametrize(("query", "referrer", "expected"), SOURCES)
def test_source_medium_campaign_and_referrer_domain(
    query: str, referrer: str, expected: tuple[str | None, ...]
) -> None:
    assert channel_of(query, referrer) == expected


@given(st.text(), st.text(), st.text())
def test_any_text_has_a_channel(page_url: str, query: str, referrer: str) -> None:
    page = read_page(f"{page_url}?utm_source={query}")
    found = put_channel(page.host, page.campaign, read_referrer(referrer)[1])
    assert found.channel in CHANNELS.split()
    assert found.source == found.source.strip().lower() != ""
    assert "\0" not in "".join(value or "" for value in found[:3])


def test_shipped_list_is_sorted_and_has_no_duplicates() -> None:
    text = (files("clickstream.etl.enrich") / "sources.toml").read_text("utf-8")
    listed = [line.split('"')[1::2] for line in text.split("[\n")[1:] for line in [line.split("]")[0]]]
    assert all(entries == sorted(set(entries)) for entries in listed)
    assert len({entry for entries in listed for entry in entries}) == sum(map(len, listed))
    assert sum(map(len, listed)) > 500
    assert SourceList(text).version == text.split()[2]


def test_longest_matching_entry_wins() -> None:
    listed = shipped_sources()
    assert [listed.class_of(name) for name in ("gemini.google.com", "maps.google.com", "google", "x.google")] == [
        "ai",
        "search",
        "search",
        None,
    ]


def test_suffixes_have_at_least_two_labels() -> None:
    assert list(suffixes("a.b.co")) == ["a.b.co", "b.co"]
    assert list(suffixes("google")) == ["google"]
    assert len(list(suffixes("a." * 100_000))) < 200


OWN_PAGES = [
    pytest.param("https://bücher.example/", "https://xn--bcher-kva.example/", id="page and referrer in two spellings"),
    pytest.param("https://shop.example/", "https://xn--bcher-kva.example/", id="own host, Punycode"),
    pytest.param("https://shop.example/", "https://sister.example./", id="own host from a URL"),
    pytest.param("https://shop.example/", "https://partner.example:8080/", id="own host with a port"),
    pytest.param("https://shop.example/", "https://a.wild.example/", id="subdomain of a wildcard"),
    pytest.param("https://shop.example/", "https://wild.example/", id="host of a wildcard"),
]


@pytest.mark.parametrize(("page", "referrer"), OWN_PAGES)
def test_own_host_is_not_a_referrer_in_any_spelling(page: str, referrer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "CLICKSTREAM_OWN_HOSTS", "bücher.example,https://sister.example/,Partner.Example:8080,*.wild.example"
    )
    put_own = channel_reader(shipped_sources(), read_settings().own_hosts)
    found = put_own(read_page(page).host, "", read_referrer(referrer)[1])
    assert (found.channel, found.referrer_domain) == ("direct", None)


def test_foreign_host_in_another_script_has_one_spelling() -> None:
    assert {channel_of(referrer=f"https://{host}/")[4] for host in ("Straße.example", "xn--strae-oqa.example")} == {
        "xn--strae-oqa.example"
    }
