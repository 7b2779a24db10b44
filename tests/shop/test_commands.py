"""The commands on the shop: the same answer with and without an owner, exit codes, and messages without passwords."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.platform import Platform
from tests.ports import free_port
from tests.shop.orders import Shop


@pytest.fixture
def platform(tmp_path: Path, shop: Shop) -> Iterator[Platform]:
    opened = Platform(tmp_path / "data", {"CLICKSTREAM_WEB_DB_URL": shop.url})
    opened.settings["CLICKSTREAM_COLLECTOR_URL"] = opened.collector_url
    yield opened
    opened.close()


def test_orders_are_sent_checked_and_refunded_with_and_without_an_owner(platform: Platform, shop: Shop) -> None:
    shop.rows("update inventory set quantity = 100")
    yesterday = datetime.now(UTC) - timedelta(days=1)
    sent, refunded = (shop.number(shop.order(at=yesterday)) for _ in range(2))
    platform.start_collector()
    assert platform.json("shop", "refund", refunded, "--amount", "5", "--reason", "late")["left"] == "25.00"
    assert platform.json("shop", "send") == {"sent": 3, "rejected": 0}
    platform.run("etl", "run")
    missing = shop.number(shop.order(at=yesterday - timedelta(days=1)))
    found = platform.json("orders", "check", expect=1)
    assert (found["totals"]["rate"], found["problem_count"]) == (2 / 3, 1)
    assert [(each["kind"], each["order"]) for each in found["problems"]] == [("missing", missing)]
    assert found["refunds"]["captured"] == 1
    assert platform.json("orders", "check", "--min-rate", "0.6") == found
    since = platform.json("orders", "check", "--since", f"{yesterday:%Y-%m-%d}")
    assert [group["counts"]["orders"] for group in since["days"]] == [2]
    text = platform.run("orders", "check", expect=1)
    assert text.startswith("66.7% of 3 orders were captured, 0.0% by the browser; expected at least 95.0%")
    assert f"missing: {missing}," in text
    assert sent not in text
    platform.start_owner()
    assert platform.json("orders", "check", expect=1) == found


def test_mistakes_are_explained(platform: Platform, shop: Shop) -> None:
    number = shop.number(shop.order())
    for arguments, code, words in (
        (("shop", "refund", "CS-1"), 1, "the shop has no order with this number"),
        (("shop", "refund", number, "--amount", "1000"), 1, f"order {number} has 30.00 EUR left to refund, not 1000"),
        (("shop", "refund", number, "--amount", "-1"), 2, "expected an amount such as 19.90"),
        (("shop", "refund", number, "--amount", "NaN"), 2, "expected an amount such as 19.90"),
        (("orders", "check", "--min-rate", "2"), 2, "--min-rate"),
        (("shop", "send"), 1, "nothing is listening there"),
    ):
        found, _, errors = platform.run_here(*arguments)
        assert (found, words in " ".join(errors.replace("│", " ").split())) == (code, True), errors


def test_database_that_does_not_respond_or_is_not_migrated_is_named_without_its_password(
    platform: Platform, shop: Shop
) -> None:
    platform.settings["CLICKSTREAM_WEB_DB_URL"] = f"postgresql://me:secret-word@127.0.0.1:{free_port()}/web"
    for command in (("orders", "check"), ("shop", "migrate"), ("shop", "refund", "CS-1")):
        code, out, errors = platform.run_here(*command)
        assert code == 1
        assert "the shop's database 127.0.0.1/web" in errors
        assert "secret-word" not in out + errors
    platform.settings["CLICKSTREAM_WEB_DB_URL"] = shop.url
    shop.rows("drop table orders cascade")
    code, _, errors = platform.run_here("orders", "check")
    assert code == 1
    assert "clickstream shop migrate" in errors
    del platform.settings["CLICKSTREAM_WEB_DB_URL"]
    code, _, errors = platform.run_here("orders", "check")
    assert code == 1
    assert "set CLICKSTREAM_WEB_DB_URL, or start the shop" in errors


def test_doctor_shows_the_shop_and_what_waits_in_its_outbox(platform: Platform, shop: Shop) -> None:
    shop.order()
    shop.rows("update outbox set created_at = now() - interval '1 hour'")
    found = platform.json("doctor", expect=1)
    (part,) = [each for each in found["parts"] if each["name"] == "shop's database"]
    assert (part["state"], part["note"]) == ("healthy", "events that wait in the outbox: 1")
    assert "the outbox is not sent" in [problem["what"] for problem in found["problems"]]
    shop.rows("update outbox set last_error = 'invalid_name: too long'")
    problems = platform.json("doctor", expect=1)["problems"]
    assert [each["why"] for each in problems if each["what"] == "events of the shop are rejected"] == [
        "events of the outbox that the collector rejected: 1, such as: invalid_name: too long"
    ]
    platform.settings["CLICKSTREAM_WEB_DB_URL"] = f"postgresql://me@127.0.0.1:{free_port()}/web"
    problems = platform.json("doctor", expect=1)["problems"]
    assert "the shop's database cannot be read" in [each["what"] for each in problems]
