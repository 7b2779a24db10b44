"""The rules of channels, one by one; source, medium and referrer; the shipped list."""

from __future__ import annotations

import tomllib
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
    tables = tomllib.loads(text)
    services, apps, ads = (tables.pop(name) for name in ("services", "apps", "ads"))
    for lists in (tables, services):
        assert all(entries == sorted(set(entries)) for entries in lists.values())
        assert len({entry for entries in lists.values() for entry in entries}) == sum(map(len, lists.values()))
    assert all(list(names) == sorted(names) for names in (apps, ads))
    assert sum(map(len, tables.values())) > 500
    assert SourceList(text).version == text.split()[2]


def test_apps_and_ads_belong_to_listed_sources() -> None:
    tables = tomllib.loads((files("clickstream.etl.enrich") / "sources.toml").read_text("utf-8"))
    names = {*tables["apps"].values(), *tables["ads"].values()}
    assert {name for name in names if shipped_sources().class_of(name) is None} == set()


CLASSES = [
    ("google.com", "search"),
    ("google.co.uk", "search"),
    ("images.google.de", "search"),
    ("scholar.google.com", "search"),
    ("cse.google.com", "search"),
    ("search.yahoo.com", "search"),
    ("fr.search.yahoo.com", "search"),
    ("images.search.yahoo.com", "search"),
    ("uk.yahoo.com", "search"),
    ("cn.bing.com", "search"),
    ("m.baidu.com", "search"),
    ("m.search.naver.com", "search"),
    ("go.mail.ru", "search"),
    ("html.duckduckgo.com", "search"),
    ("google", "search"),
    ("gemini.google.com", "ai"),
    ("copilot.microsoft.com", "ai"),
    ("mail.google.com", "email"),
    ("mail.yahoo.com", "email"),
    ("mail.yandex.com.tr", "email"),
    ("poczta.wp.pl", "email"),
    ("shopping.google.de", "shopping"),
    ("market.yandex.ru", "shopping"),
    ("cafe.naver.com", "social"),
    ("alice.tumblr.com", "social"),
    ("accounts.google.com", "sign_in"),
    ("accounts.google.de", "sign_in"),
    ("login.yahoo.com", "sign_in"),
    ("nid.naver.com", "sign_in"),
    ("passport.yandex.ru", "sign_in"),
    ("pay.google.com", "payment"),
    ("docs.google.com", None),
    ("drive.google.com", None),
    ("classroom.google.com", None),
    ("maps.google.com", None),
    ("news.google.com", None),
    ("search.google.com", None),
    ("sites.google.com", None),
    ("finance.yahoo.com", None),
    ("baike.baidu.com", None),
    ("blog.naver.com", None),
    ("disk.yandex.ru", None),
    ("help.duckduckgo.com", None),
    ("blog.ecosia.org", None),
    ("aws.amazon.com", None),
    ("docs.aws.amazon.com", None),
    ("developers.facebook.com", None),
    ("x.google", None),
]


@pytest.mark.parametrize(("host", "kind"), CLASSES, ids=lambda value: value or "none")
def test_class_of_a_host(host: str, kind: str | None) -> None:
    assert shipped_sources().class_of(host) == kind


PASSED_THROUGH = [
    "accounts.google.com",
    "login.microsoftonline.com",
    "login.live.com",
    "appleid.apple.com",
    "shop.auth.eu-west-1.amazoncognito.com",
    "tenant.eu.auth0.com",
    "tenant.okta.com",
    "tenant.b2clogin.com",
    "accounts.youtube.com",
    "id.vk.com",
    "kauth.kakao.com",
    "api.x.com",
    "login.yahoo.com",
    "oauth.yandex.ru",
    "signin.ebay.com",
    "signin.aws.amazon.com",
    "eu.account.amazon.com",
    "checkout.shopify.com",
    "pay.shopify.com",
    "checkout.stripe.com",
    "www.paypal.com",
    "pay.amazon.com",
    "pay.google.com",
    "checkout.klarna.com",
    "secure.payu.com",
    "acs.arcot.com",
    "www.saferpay.com",
]


@pytest.mark.parametrize("host", PASSED_THROUGH)
def test_sign_in_and_payment_hosts_do_not_count_as_referrers(host: str) -> None:
    assert channel_of("", f"https://{host}/back?x=1") == ("(direct)", "(none)", None, "direct", None)
    campaign = channel_of("?utm_source=news&utm_medium=email", f"https://{host}/")
    assert campaign == ("news", "email", None, "email", None), "a campaign still counts"


REFERRALS = [
    "docs.google.com",
    "drive.google.com",
    "classroom.google.com",
    "news.google.com",
    "finance.yahoo.com",
    "stripe.example",
    "notauth0.com",
    "cognito.example",
    "microsoft.com",
]


@pytest.mark.parametrize("host", REFERRALS)
def test_other_services_and_similar_hosts_are_referrals(host: str) -> None:
    assert channel_of("", f"https://{host}/x") == (host, "referral", None, "referral", host)


APPS = [
    ("android-app://com.google.android.gm/", ("gmail", "referral", None, "email", "com.google.android.gm")),
    (
        "android-app://com.google.android.googlequicksearchbox/https/www.google.com",
        ("google", "organic", None, "organic_search", "com.google.android.googlequicksearchbox"),
    ),
    ("android-app://com.facebook.katana", ("facebook", "social", None, "organic_social", "com.facebook.katana")),
    ("android-app://com.shop.Reader/x", ("com.shop.reader", "referral", None, "referral", "com.shop.reader")),
    ("ios-app://544007664/youtube/watch", ("youtube", "referral", None, "organic_video", "id544007664")),
    ("ios-app://999999999", ("id999999999", "referral", None, "referral", "id999999999")),
    ("ios-app://com.shop.reader", ("com.shop.reader", "referral", None, "referral", "com.shop.reader")),
]


@pytest.mark.parametrize(("referrer", "expected"), APPS)
def test_app_is_named_as_the_source(referrer: str, expected: tuple[str | None, ...]) -> None:
    assert channel_of("", referrer) == expected


NOT_REFERRERS = [
    "chrome-extension://aapocclcgogkmnckokdopfmhonfmgoek/x.html",
    "moz-extension://2c127fa4/",
    "safari-web-extension://A/",
    "chrome://newtab/",
    "edge://newtab/",
    "about:blank",
    "about:srcdoc",
    "file:///home/u/page.html",
    "data:text/html,x",
    "blob:https://a.example/1",
    "capacitor://localhost",
    "http://localhost/",
    "http://localhost:3000/x",
    "https://app.localhost/",
    "http://127.0.0.1:8000/",
    "http://127.8.9.10/",
    "http://[::1]:5173/",
    "http://0.0.0.0:8000/",
    "localhost:3000/x",
    "null",
]


@pytest.mark.parametrize("referrer", NOT_REFERRERS)
def test_extensions_loopback_hosts_and_local_pages_are_not_referrers(referrer: str) -> None:
    assert channel_of("", referrer) == ("(direct)", "(none)", None, "direct", None)


PLACEHOLDERS = [
    "{{campaign.name}}",
    "%7B%7Bcampaign.name%7D%7D",
    "{campaignid}",
    "${campaign}",
    "__CAMPAIGN_NAME__",
    "%25%25ADID%25%25",
    "*|CAMPAIGN|*",
    "[[campaign]]",
    "{{a}}_{{b}}",
    "null",
    "NULL",
    "undefined",
    "None",
    "nan",
    "nil",
    "(not+set)",
    "[object+Object]",
    "%5Bobject%20Object%5D",
]


@pytest.mark.parametrize("value", PLACEHOLDERS)
def test_placeholder_is_not_a_campaign_value(value: str) -> None:
    assert channel_of(f"?utm_source={value}&utm_medium={value}&utm_campaign={value}") == channel_of()
    assert channel_of(f"?gclid={value}") == channel_of()
    assert channel_of(sent=f"utm_source={value}&utm_campaign={value}") == channel_of()
    assert channel_of(f"?utm_source={value}&utm_source=news&utm_medium=email")[:2] == ("news", "email")


@pytest.mark.parametrize("value", ["nullify", "none-of-us", "sale {{x}}", "a_b", "__", "{", "nil-by-mouth", "0"])
def test_value_that_only_resembles_a_placeholder_counts(value: str) -> None:
    assert channel_of(f"?utm_campaign={value}&utm_source=x")[2] == value


ADS = [
    ("adwords", "google", "paid_search"),
    ("AdWords", "google", "paid_search"),
    ("googleads", "google", "paid_search"),
    ("google_ads", "google", "paid_search"),
    ("google-ads", "google", "paid_search"),
    ("Google%20Ads", "google", "paid_search"),
    ("bing_ads", "bing", "paid_search"),
    ("facebook_ads", "facebook", "paid_social"),
    ("tiktok-ads", "tiktok", "paid_video"),
]


@pytest.mark.parametrize(("named", "source", "channel"), ADS)
def test_advertising_product_counts_as_its_source(named: str, source: str, channel: str) -> None:
    assert channel_of(f"?utm_source={named}") == (source, "cpc", None, channel, None)
    assert channel_of(f"?utm_source={named}&utm_medium=display")[:2] == (source, "display")


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
