"""SQL in the dialect of each engine."""

from __future__ import annotations

import pytest

from clickstream.warehouse.dialects import fill, number_parameters, render


def micros_on_postgres(time: str) -> str:
    return (
        f"case when {time} >= timestamptz '2000-01-01 00:00:00+00' and {time} < timestamptz '2100-01-01 00:00:00+00' "
        f"then cast(date_part('epoch', {time}) * 1000000 as bigint) "
        f"else cast(extract(epoch from {time}) * 1000000 as bigint) end"
    )


@pytest.mark.parametrize(
    ("sql", "duckdb", "postgres"),
    [
        ("a @money", "a decimal(18, 4)", "a numeric"),
        ("a @text not null", "a text not null", 'a text collate "C" not null'),
        ("cast(a as @bytes[])", "cast(a as blob[])", "cast(a as bytea[])"),
        (
            "@micros(f(a, (b))) - @micros(c)",
            "epoch_us(f(a, (b))) - epoch_us(c)",
            f"{micros_on_postgres('f(a, (b))')} - {micros_on_postgres('c')}",
        ),
        ("where @is_order(e.event_name)", "where e.event_name in ('checkout_complete', 'order_confirmed')", None),
        (
            "order by @event_order(e)",
            "order by e.event_timestamp, e.received_at nulls last, e.raw_object nulls last, e.raw_line nulls last, "
            "e.event_id",
            None,
        ),
        ("'@money' -- @nothing", "'@money' -- @nothing", None),
        (
            "create temp table a as select 1",
            "create temp table a as select 1",
            "create temp table a on commit drop as select 1",
        ),
    ],
)
def test_macros_become_the_sql_of_each_engine(sql: str, duckdb: str, postgres: str | None) -> None:
    assert render(sql, "duckdb") == duckdb
    assert render(sql, "postgres") == (postgres or duckdb)


def test_an_unknown_macro_is_an_error() -> None:
    with pytest.raises(KeyError):
        render("@nothing", "postgres")


def test_a_macro_whose_parenthesis_is_never_closed_is_an_error() -> None:
    with pytest.raises(ValueError, match="never closed"):
        render("@micros(f(a)", "duckdb")


def test_slots_take_sql_and_leave_other_braces_alone() -> None:
    assert fill("select {columns} from t where a = {'b': {c}}", columns="a, b", c="1") == (
        "select a, b from t where a = {'b': 1}"
    )


def test_a_slot_without_a_text_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill("select {columns}", table="t")


def test_parameters_are_numbered_outside_of_literals_names_and_comments() -> None:
    sql = "select $b, '$a''$a', \"$a\", $a -- $c\n, $b /* $d */ where x % 2 = $e"
    assert number_parameters(sql) == (
        "select $1, '$a''$a', \"$a\", $2 -- $c\n, $1 /* $d */ where x % 2 = $3",
        ("b", "a", "e"),
    )
