"""What bots do: they read the shop page after page. One kind says so, one shows it, one is only too fast."""

from __future__ import annotations

from random import Random

from clickstream.sources.simulate.calendar import SECOND
from clickstream.sources.simulate.people import Household, uuid_text
from clickstream.sources.simulate.shop import PRODUCTS
from clickstream.sources.simulate.story import DIRECT, Session, StoryEvent, Visit


def crawl(chance: Random, bot: Household, at: int) -> Visit:
    """One run of a bot: a session of plain page views, one after another."""
    session = Session(bot.devices[0], f"s-{uuid_text(chance)}", DIRECT, bot=bot.bot)
    pages = chance.randrange(120, 180) if bot.bot == "rate" else chance.randrange(10, 50)
    pause = SECOND // 10 if bot.bot == "rate" else 6 * SECOND
    for page in range(pages):
        product = PRODUCTS[page % len(PRODUCTS)]
        session.events.append(StoryEvent("page_view", at, product.path, is_page_view=True))
        at += pause
    return Visit(bot.number, [session])
