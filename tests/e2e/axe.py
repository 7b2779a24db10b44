"""Accessibility of the shop's pages, as axe-core judges it.

In: a page that is open in Chromium, and `shop/node_modules` (npm ci). Out: the violations that exclude people, one line
each. axe-core is a development dependency of the shop; it is evaluated in the page, which its Content-Security-Policy
does not prevent.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

_SCRIPT = Path(__file__).parents[2] / "shop" / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ impact, id, help, nodes }) => `${impact} ${id}: ${help} (${nodes.map(({ target }) => target).join(", ")})`);
}"""


@cache
def _script() -> str:
    return _SCRIPT.read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """Return the serious and critical violations of the open page; empty if it is usable for everyone."""
    page.evaluate(_script())
    found: list[str] = page.evaluate(_RUN)
    return found
