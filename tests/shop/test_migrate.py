"""The shop's schema and catalogue: applied once, in order, by any number of processes."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from clickstream.errors import ShopError
from clickstream.shop.migrate import migrate, migrations, read_catalogue
from tests.shop.orders import CATALOGUE, Shop, catalogue, product

NAMES = [migration.name for migration in migrations()]


def test_migrating_twice_applies_each_file_once_and_changes_no_product(empty_url: str) -> None:
    first, second = migrate(empty_url, CATALOGUE), migrate(empty_url, CATALOGUE)
    assert (first.applied, first.products) == (NAMES, 3)
    assert (second.applied, second.products) == ([], 0)
    with Shop(empty_url) as shop:
        recorded = shop.rows("select version, name, hash from schema_migrations order by version")
    assert recorded == [(migration.version, migration.name, migration.hash) for migration in migrations()]


def test_processes_that_migrate_at_the_same_time_take_turns(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda _: migrate(empty_url, CATALOGUE), range(4)))
    assert sorted(len(each.applied) for each in done) == [0, 0, 0, len(NAMES)]


def test_file_that_changed_after_it_was_applied_is_an_error(shop: Shop) -> None:
    shop.rows("update schema_migrations set hash = 'other' where version = 1")
    with pytest.raises(ShopError, match=f"{NAMES[0]} changed after it was applied"):
        migrate(shop.url, CATALOGUE)


def test_known_product_is_updated_and_keeps_the_stock_of_the_shop(shop: Shop) -> None:
    shop.rows("update inventory set quantity = 2 where product_id = 'alpha'")
    changed = catalogue(product("alpha", "9.00", stock=50, discount_price="8.00"), product("delta", stock=7))
    assert migrate(shop.url, changed).products == 2
    assert [str(cell) for cell in shop.rows("select price, discount_price from products where id = 'alpha'")[0]] == [
        "9.00",
        "8.00",
    ]
    assert (shop.stock("alpha"), shop.stock("delta")) == (2, 7)
    created = shop.value("select created_at from products where id = 'delta'")
    assert created == datetime(2026, 9, 1, tzinfo=UTC)


def test_failed_migration_changes_nothing(empty_url: str) -> None:
    with pytest.raises(ShopError, match="violates check constraint"):
        migrate(empty_url, catalogue(product("alpha", "-1.00")))
    with Shop(empty_url) as shop:
        assert shop.value("select count(*) from pg_tables where schemaname = 'public'") == 0


def test_catalogue_of_the_package_has_products_in_every_category_and_some_that_are_sold_out(empty_url: str) -> None:
    read = json.loads(read_catalogue())
    assert migrate(empty_url).products == len(read["products"]) >= 60
    with Shop(empty_url) as shop:
        by_category = shop.rows("select category_id, count(*) from products group by 1")
        assert {name for name, _ in by_category} == {
            "laptops", "monitors", "keyboards", "mice", "headphones", "accessories",
        }  # fmt: skip
        assert shop.value("select count(*) from inventory where quantity = 0") >= 1
        assert shop.value("select count(*) from products where discount_price is not null") >= 1
