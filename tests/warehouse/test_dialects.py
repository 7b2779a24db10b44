"""SQL in the dialect of each engine."""

from __future__ import annotations

import pytest

from clickstream.warehouse.dialects import number_parameters, render


@pytest.mark.parametrize(
    ("sql", "duckdb", "postgres"),
    [
        ("a @money", "a decimal(18, 4)", "a numeric"),
        ("a @text not null", "a text not null", 'a text collate "C" not null'),
        ("cast(a as @bytes[])", "cast(a as blob[])", "cast(a as bytea[])"),
        (
            "@micros(f(a, (b))) - @micros(c)",
            "epoch_us(f(a, (b))) - epoch_us(c)",
            "cast(extract(epoch from f(a, (b))) * 1000000 as bigint) - cast(extract(epoch from c) * 1000000 as bigint)",
        ),
        ("create temp table a as select 1", "create temp table a as select 1", None),
    ],
)
def test_macros(sql: str, duckdb: str, postgres: str | None) -> None:
    assert render(sql, "duckdb") == duckdb
    assert render(sql, "postgres") == (postgres or "create temp table a on commit drop as select 1")


def test_an_unknown_macro_is_our_fault() -> None:
    with pytest.raises(KeyError):
        render("@nothing", "postgres")


def test_parameters_are_numbered_outside_of_literals_names_and_comments() -> None:
    sql = "select $b, '$a''$a', \"$a\", $a -- $c\n, $b /* $d */ where x % 2 = $e"
    assert number_parameters(sql) == (
        "select $1, '$a''$a', \"$a\", $2 -- $c\n, $1 /* $d */ where x % 2 = $3",
        ("b", "a", "e"),
    )
