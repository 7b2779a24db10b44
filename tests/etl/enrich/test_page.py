"""URLs lose personal values, and their paths name pages."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clickstream.etl.enrich.page import page_reader, referrer_reader

read = page_reader()
read_referrer = referrer_reader()

PATHS = [
    pytest.param("https://shop.example/", "/", id="home"),
    pytest.param("https://shop.example", "/", id="no path"),
    pytest.param("https://shop.example?a=1", "/", id="only a query"),
    pytest.param("https://shop.example/p/1", "/p/1", id="short number stays"),
    pytest.param("https://shop.example/p/12345678", "/p/12345678", id="product number stays"),
    pytest.param("https://shop.example/news/20260310", "/news/20260310", id="date stays"),
    pytest.param("https://shop.example/p/apple-macbook-pro-14-m3-2023", "/p/apple-macbook-pro-14-m3-2023", id="slug"),
    pytest.param("https://shop.example/p/MacBook-Pro-14-M3-2023-Silver", "/p/MacBook-Pro-14-M3-2023-Silver", id="Slug"),
    pytest.param("https://shop.example/p/thinkpadx1carbongen12", "/p/thinkpadx1carbongen12", id="slug in one word"),
    pytest.param("https://shop.example/Blog/Über-uns", "/Blog/Über-uns", id="case and script stay"),
    pytest.param("https://shop.example/caf%C3%A9-cr%C3%A8me", "/caf%C3%A9-cr%C3%A8me", id="encoding stays"),
    pytest.param("https://shop.example/p/1/", "/p/1", id="slash at the end"),
    pytest.param("https://shop.example//p///1//", "/p/1", id="repeated slashes"),
    pytest.param("https://shop.example/p/1;jsessionid=8F2A9C1B", "/p/1", id="session in the path"),
    pytest.param("/p/1?x=2#y", "/p/1", id="only a path"),
    pytest.param("p/1", "p/1", id="relative path"),
    pytest.param("about:blank", "about:blank", id="not a web page"),
    pytest.param("https://shop.example/u/550e8400-e29b-41d4-a716-446655440000/edit", "/u/:id/edit", id="UUID"),
    pytest.param("https://shop.example/order-550e8400-E29B-41d4-a716-446655440000", "/order-:id", id="UUID in a word"),
    pytest.param("https://shop.example/u/550e8400e29b41d4a716446655440000", "/u/:id", id="UUID without hyphens"),
    pytest.param("https://shop.example/u/507f1f77bcf86cd799439011", "/u/:id", id="hexadecimal"),
    pytest.param("https://shop.example/orders/1234567890", "/orders/:id", id="long number"),
    pytest.param("https://shop.example/r/V1StGXR8_Z5jdHi6B-myT", "/r/:id", id="nano id"),
    pytest.param(
        "https://shop.example/r/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0", "/r/:id", id="JWT"
    ),
    pytest.param("https://shop.example/u/ann@mail.example/cart", "/u/:email/cart", id="e-mail address"),
    pytest.param("https://shop.example/u/ann%40mail.example", "/u/:email", id="encoded address"),
    pytest.param("https://shop.example/u/ann%2540mail.example", "/u/:email", id="address encoded twice"),
    pytest.param("https://shop.example/deadbeef/facade", "/deadbeef/facade", id="words of hexadecimal letters"),
]


ROUTES = [
    pytest.param("https://app.example/#/", "/#/", id="home of the app"),
    pytest.param("https://app.example/#/p/42", "/#/p/42", id="route"),
    pytest.param("https://app.example/#/cart/", "/#/cart", id="trailing slash"),
    pytest.param("https://app.example/#//cart//x", "/#/cart/x", id="repeated slashes"),
    pytest.param("https://app.example/shop/#!/p/42", "/shop#!/p/42", id="hash-bang, below a path"),
    pytest.param("https://app.example/index.html#/p/1", "/index.html#/p/1", id="below a file"),
    pytest.param("https://app.example/#/p/42?color=red", "/#/p/42", id="query of the route"),
    pytest.param("https://app.example/#/p/42&color=red", "/#/p/42", id="ampersand"),
    pytest.param("https://app.example/#/p/42#details", "/#/p/42", id="anchor within the route"),
    pytest.param("https://app.example/?utm_source=x#/p/42", "/#/p/42", id="query before the fragment"),
    pytest.param("/#/cart", "/#/cart", id="only a path"),
    pytest.param("https://app.example/#/orders/1234567890", "/#/orders/:id", id="long number"),
    pytest.param("https://app.example/#/u/550e8400-e29b-41d4-a716-446655440000", "/#/u/:id", id="UUID"),
    pytest.param("https://app.example/#/u/ann@mail.example/x", "/#/u/:email/x", id="e-mail address"),
    pytest.param("https://app.example/#/u/ann%40mail.example", "/#/u/:email", id="encoded address"),
    pytest.param("https://app.example/#/p/1;jsessionid=8F2A9C1B", "/#/p/1", id="session"),
    pytest.param("https://app.example/#/access_token=abc/def&x=1", "/#/access_token=removed", id="token as a route"),
    pytest.param("https://app.example/#/cb/id_token=abc", "/#/cb/id_token=removed", id="token below a route"),
    pytest.param("https://app.example/#/hero;email=x;id=5", "/#/hero;email=removed;id=5", id="matrix parameters"),
    pytest.param("https://app.example/#access_token=abc", "/", id="token, not a route"),
    pytest.param("https://app.example/p/1#top", "/p/1", id="anchor"),
    pytest.param("https://app.example/p/1#", "/p/1", id="empty fragment"),
    pytest.param("https://app.example/p/1#!", "/p/1", id="only hash-bang"),
    pytest.param("https://app.example/p/1#!section", "/p/1", id="hash-bang without a slash"),
    pytest.param("https://app.example/p/1#a/b", "/p/1", id="anchor with a slash"),
    pytest.param("https://app.example/p/1#:~:text=/x", "/p/1", id="text fragment"),
]


@pytest.mark.parametrize(("url", "path"), ROUTES)
def test_hash_route_is_part_of_the_page_path(url: str, path: str) -> None:
    page = read(url)
    assert page.path == path
    assert read(page.url).path == path, "the stored URL gives the same page"
    assert "abc" not in page.url
    assert "ann" not in page.url


@pytest.mark.parametrize(("url", "path"), PATHS)
def test_page_path_names_a_page(url: str, path: str) -> None:
    assert read(url).path == path


URLS = [
    pytest.param("https://shop.example/p/1?utm_source=News&b=%20x+y#Top", None, id="without personal values"),
    pytest.param(
        "https://s.example/?email=a%40b.example&x=1", "https://s.example/?email=removed&x=1", id="personal parameter"
    ),
    pytest.param(
        "https://s.example/?E-Mail=x&user%5Bphone%5D=1",
        "https://s.example/?E-Mail=removed&user%5Bphone%5D=removed",
        id="other spellings",
    ),
    pytest.param(
        "https://s.example/?q=ann@mail.example&z=2",
        "https://s.example/?q=removed&z=2",
        id="e-mail address in any parameter",
    ),
    pytest.param("https://s.example/?a=1;token=abc;b=2", "https://s.example/?a=1;token=removed;b=2", id="semicolons"),
    pytest.param(
        "https://s.example/?token=a=b=c&x=1", "https://s.example/?token=removed&x=1", id="equals signs in a value"
    ),
    pytest.param(
        "https://s.example/cb#access_token=abc&state=1",
        "https://s.example/cb#access_token=removed&state=1",
        id="fragment",
    ),
    pytest.param(
        "https://s.example/#/cb?session=abc", "https://s.example/#/cb?session=removed", id="query in a fragment"
    ),
    pytest.param("https://ann:secret@s.example/p", "https://s.example/p", id="user and password"),
    pytest.param("https://s.example/u/ann@mail.example?x", "https://s.example/u/:email?x", id="address in the path"),
    pytest.param("mailto:ann@mail.example", "mailto::email", id="mailto"),
    pytest.param("https://s.example/?name=&token=", None, id="empty values stay"),
    pytest.param(
        "https://s.example/?product_name=x&filename=y&author=z&key=k", None, id="similar names that are not personal"
    ),
    pytest.param(
        "https://s.example/?gclid=Cj0KCQ@x.yz",
        "https://s.example/?gclid=removed",
        id="address as a click id",
    ),
]


@pytest.mark.parametrize(("url", "kept"), URLS)
def test_personal_values_are_removed_and_the_rest_is_unchanged(url: str, kept: str | None) -> None:
    assert read(url).url == (url if kept is None else kept)
    assert read_referrer(url)[0] == (url if kept is None else kept)


def test_settings_can_add_personal_parameters() -> None:
    assert (
        page_reader(["Kunden_Nr"])("https://s.example/?kundenNr=17&x=1").url
        == "https://s.example/?kundenNr=removed&x=1"
    )


CAMPAIGNS = [
    pytest.param("/?x=1&utm_source=a&utm_content=b", "utm_source=a", id="only campaign parameters"),
    pytest.param("/?UTM_Source=A&utm%5Fmedium=B", "utm_source=A&utm_medium=B", id="case and encoding of names"),
    pytest.param("/?utm_source=&utm_source=b&utm_source=c", "utm_source=b", id="the first value that is not empty"),
    pytest.param("/?gclid=Cj0KCQiA&fbclid=", "gclid=1", id="click ids without their value"),
    pytest.param("/?utm_source=ann@mail.example", "utm_source=removed", id="address removed"),
    pytest.param("/#utm_source=a", "", id="not from the fragment"),
]


@pytest.mark.parametrize(("url", "campaign"), CAMPAIGNS)
def test_campaign_parameters_are_extracted(url: str, campaign: str) -> None:
    assert read(url).campaign == campaign


HOSTS = [
    pytest.param("https://WWW.Google.com:443/search?q=x", "www.google.com", id="case and port"),
    pytest.param("//google.com./x", "google.com", id="no scheme, trailing dot"),
    pytest.param("google.com/search", "google.com", id="only a host"),
    pytest.param("android-app://com.google.android.gm/", "com.google.android.gm", id="Android app"),
    pytest.param("ios-app://544007664/x", "id544007664", id="iOS app"),
    pytest.param("moz-extension://2c127fa4/x", "", id="extension"),
    pytest.param("http://localhost:3000/", "", id="loopback"),
    pytest.param("https://[2001:db8::1]:8080/x", "[2001:db8::1]", id="IPv6"),
    pytest.param("http://user:pw@evil.example/", "evil.example", id="user and password"),
    pytest.param("https://Bücher.example/", "xn--bcher-kva.example", id="other script"),
    pytest.param("https://b%C3%BCcher.example/", "xn--bcher-kva.example", id="other script, encoded"),
    pytest.param("https://a..b.example/", "a..b.example", id="not a valid host"),
    pytest.param("about:blank", "", id="about"),
    pytest.param("null", "", id="a word"),
    pytest.param("/cart", "", id="a path"),
]


@pytest.mark.parametrize(("url", "host"), HOSTS)
def test_host_of_a_referrer(url: str, host: str) -> None:
    assert read_referrer(url)[1] == host


PATTERNS = ["a", "%25", "&a=", "a@", "/", "?", "a."]
BASE_LENGTH = 5_000


@given(st.text() | st.from_regex(r"https?://[^/?#]*/[^?#]*\?[^#]*(#.*)?") | st.from_regex(r"https://a\.b/x?#!?/.*"))
@example("http://[")
@example("//@:?=#")
def test_any_text_is_accepted(url: str) -> None:
    page = read(url)
    assert page.path
    assert "\n" not in page.campaign or "\n" in url
    assert read(page.url).path == page.path, "the stored URL gives the same page"
    assert read_referrer(url)[0] == page.url


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("prefix", ["", "https://shop.example/", "https://shop.example/?", "/?a=", "/#/"])
def test_time_grows_linearly_with_the_length_of_a_url(pattern: str, prefix: str) -> None:
    """Eight times the text takes about eight times as long; with a quadratic pattern it would be 64 times."""
    short, long = (prefix + pattern * (length // len(pattern)) for length in (BASE_LENGTH, 8 * BASE_LENGTH))
    assert cpu_seconds(long) < 24 * max(cpu_seconds(short), 0.000_5)


def cpu_seconds(url: str) -> float:
    """The CPU time of one reading, the best of three."""
    seconds = []
    for _ in range(3):
        start = time.process_time()
        read(url)
        read_referrer(url)
        seconds.append(time.process_time() - start)
    return min(seconds)
