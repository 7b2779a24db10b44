from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from clickstream.dashboard.charts.health import late_chart
from clickstream.dashboard.charts.output import PALETTE
from clickstream.dashboard.charts.ranking import (
    RankColumn,
    Ranking,
    Row,
    change_mark,
    in_currency,
    ranking_table,
    sort_rows,
)
from clickstream.dashboard.charts.series import OTHER, Buckets, Line, Measure, time_series
from clickstream.dashboard.charts.trend import sparkline, split_trend, trend
from clickstream.metrics.question import Answer, Column

FIRST = datetime(2026, 3, 1)  # noqa: DTZ001 - buckets are in local time


def days(count: int, incomplete: int = 0) -> Buckets:
    starts = [FIRST + timedelta(days=day) for day in range(count)]
    return Buckets(starts, "day", [day < count - incomplete for day in range(count)])


def test_many_buckets_are_drawn_as_a_line_from_zero_with_a_dashed_incomplete_end() -> None:
    chart = time_series(days(10, incomplete=1), [Line("Sessions", list(range(10)))], Measure("Sessions"))
    solid, dashed = chart.option["series"]
    assert chart.option["yAxis"]["min"] == 0
    assert solid["data"] == [*range(9), None]
    assert dashed["data"][:9] == [None] * 8 + [8]
    assert (dashed["data"][9]["value"], dashed["data"][9]["symbol"]) == (9, "circle")
    assert dashed["lineStyle"]["type"] == [3, 4]
    assert chart.tips[9] == ("Tue 10 Mar 2026 (incomplete)", [("Sessions", "9")])
    assert chart.rows[9] == ["Tue 10 Mar 2026 (incomplete)", "9"]
    assert chart.unit == "per day, hollow: incomplete"


def test_the_axis_reaches_below_zero_where_a_value_does() -> None:
    chart = time_series(days(10), [Line("Net revenue", [5] * 9 + [-2])], Measure("Net revenue", "money", "EUR"))
    assert chart.option["yAxis"]["min"] is None


def test_few_buckets_are_drawn_as_bars_with_a_hatched_incomplete_one() -> None:
    chart = time_series(days(3, incomplete=1), [Line("Sessions", [1, 2, 3])], Measure("Sessions"))
    (bars,) = chart.option["series"]
    assert bars["type"] == "bar"
    assert bars["data"][:2] == [1, 2]
    assert "decal" in bars["data"][2]["itemStyle"]
    assert chart.unit == "per day, hatched: incomplete"


def test_the_comparison_period_is_a_thin_dashed_line() -> None:
    previous = Line("1–10 Feb 2026", [5] * 10)
    chart = time_series(days(10), [Line("Sessions", [1] * 10)], Measure("Sessions"), previous)
    assert chart.option["series"][0]["lineStyle"] == {"color": "var(--muted)", "width": 1, "type": [4, 4]}
    assert chart.head == ["Day", "Sessions", "1–10 Feb 2026"]
    assert chart.rows[0] == ["Sun 1 Mar 2026", "1", "5"]
    assert chart.unit == "per day, dashed: 1–10 Feb 2026"


def trend_answer(first: datetime, values: list[int]) -> Answer:
    names = ("bucket_local", "utc_offset_s", "value", "is_complete")
    rows = [(first + timedelta(days=day), 0, value, True) for day, value in enumerate(values)]
    meta = {"options": {"by": "day"}, "from": first.date(), "to": first.date() + timedelta(days=len(values))}
    return Answer("time_series", tuple(Column(name, "text") for name in names), rows, meta)


def test_the_comparison_period_is_not_drawn_before_the_first_day_with_data() -> None:
    earlier = FIRST - timedelta(days=10)
    answers = [trend_answer(FIRST, [1] * 10), trend_answer(earlier, [0] * 6 + [2, 0, 2, 2])]
    chart = trend(answers, Measure("Sessions"), since=date(2026, 2, 25))
    assert chart.option["series"][0]["data"] == [None] * 6 + [2, 0, 2, 2]


def test_a_comparison_without_data_is_noted_in_the_unit() -> None:
    answers = [trend_answer(FIRST, [1] * 10), trend_answer(FIRST - timedelta(days=10), [0] * 10)]
    assert trend(answers, Measure("Sessions")).unit == "per day, no earlier data"


def test_buckets_have_ranges_of_days() -> None:
    assert days(1).ranges() == [("2026-03-01", "2026-03-02")]
    assert Buckets([FIRST], "week", [True]).ranges() == [("2026-03-01", "2026-03-08")]
    assert Buckets([FIRST.replace(month=12)], "month", [True]).ranges() == [("2026-12-01", "2027-01-01")]


def test_a_series_of_zeros_is_a_note_instead_of_a_line() -> None:
    assert time_series(days(10), [Line("Sessions", [0] * 10)], Measure("Sessions")).note == "No sessions in these days."


def answer_by_split(values: dict[str, int]) -> Answer:
    names = ("bucket_local", "utc_offset_s", "split", "value", "is_complete")
    rows = [(FIRST + timedelta(days=day), None, name, n, True) for day in range(10) for name, n in values.items()]
    return Answer("time_series", tuple(Column(name, "text") for name in names), rows, {"options": {"by": "day"}})


def test_days_on_which_nothing_was_late_are_a_note() -> None:
    meta = {
        "options": {"by": "day"},
        "start": datetime(2026, 3, 1, tzinfo=UTC),
        "end": datetime(2026, 3, 4, tzinfo=UTC),
    }
    assert late_chart(Answer("health_late", (Column("hour", "ts"),), [], meta)).note == "No late events in these days."


def test_a_value_has_the_same_colour_on_every_chart() -> None:
    order = ["trousers", "sale", "skirts", "blouses"]
    whole = split_trend(answer_by_split(dict.fromkeys(order, 1)), "Views", order)
    alone = split_trend(answer_by_split({"skirts": 1, "sale": 2}), "Views", order)
    colours = {series["name"]: series["itemStyle"]["color"] for series in whole.option["series"]}
    assert colours == dict(zip(order, PALETTE[:4], strict=True))
    assert all(series["itemStyle"]["color"] == colours[series["name"]] for series in alone.option["series"])


def test_other_is_grey_and_last_and_hidden_if_it_would_flatten_the_rest() -> None:
    chart = split_trend(answer_by_split({"(other)": 900, "A1": 20, "B1": 10}), "Views", ["A1", "B1"])
    assert chart.option["legend"]["data"] == ["A1", "B1", "(other)"]
    assert chart.option["legend"]["selected"] == {"A1": True, "B1": True, "(other)": False}
    assert chart.option["series"][-1]["itemStyle"]["color"] == OTHER


def test_values_without_a_rank_do_not_share_a_colour() -> None:
    chart = split_trend(answer_by_split({"x": 1, "y": 1, "z": 1}), "Views", [])
    assert len({series["itemStyle"]["color"] for series in chart.option["series"]}) == 3


def test_a_sparkline_starts_at_zero_and_is_empty_without_values() -> None:
    assert sparkline([1]) == sparkline([0, 0, 0]) == ""
    assert 'points="0.0,26.0 60.0,14.0 120.0,2.0"' in sparkline([0, 1, 2])
    assert 'stroke-dasharray="2 3"' in sparkline([0, 1, 2], is_last_complete=False)


def test_rows_are_sorted_largest_first_and_none_last() -> None:
    rows: list[Row] = [{"n": None, "id": 1}, {"n": 2, "id": 2}, {"n": 5, "id": 3}, {"n": 2, "id": 4}]
    assert [row["id"] for row in sort_rows(rows, "n")] == [3, 2, 4, 1]


def test_a_ranking_has_bars_and_exact_values_and_no_changes_from_zero() -> None:
    columns = (RankColumn("views", "Views"), RankColumn("views", "Change", is_change=True))
    ranking = Ranking("Product", lambda row: row["value"], columns, bar="views")
    rows = [
        {"value": "A<1>", "views": 20_000, "views_previous": 0},
        {"value": "B", "views": 5_000, "views_previous": 0},
    ]
    html = str(ranking_table(rows, ranking))
    assert "A&lt;1&gt;" in html
    assert 'style="width:25.0%"' in html
    assert 'title="20,000"' in html
    assert "Change" not in html


def test_a_change_has_arrow_sign_and_both_values() -> None:
    worse = str(change_mark(90, 100))
    assert "↓" in worse
    assert "−10.0" in worse
    assert 'title="90 now, 100 before"' in worse


@pytest.mark.parametrize(("before", "hover"), [(0, "90 now, 0 before"), (None, "90 now, no earlier data")])
def test_a_change_from_zero_is_a_dash_with_an_explanation(before: int | None, hover: str) -> None:
    assert str(change_mark(90, before)) == f'<span class="change" title="{hover}">–</span>'


def test_a_wide_column_of_zeros_is_hidden_unless_the_table_is_sorted_by_it() -> None:
    columns = (RankColumn("views", "Views"), RankColumn("cart_adds", "Cart adds", is_wide=True))
    ranking = Ranking("Product", lambda row: row["value"], columns, bar="views")
    rows = [{"value": "A", "views": 2, "cart_adds": 0}]
    assert "Cart adds" not in str(ranking_table(rows, ranking))
    assert "Cart adds" in str(ranking_table(rows, ranking, "cart_adds"))


def test_only_counts_are_limited_to_whole_ticks() -> None:
    count = time_series(days(3), [Line("Sessions", [1, 2, 1])], Measure("Sessions"))
    share = time_series(days(3), [Line("Bounce rate", [0.1, 0.2, 0.3])], Measure("Bounce rate", "percent"))
    assert count.option["yAxis"]["minInterval"] == 1
    assert share.option["yAxis"]["minInterval"] == 0


def test_a_single_bucket_of_several_series_is_grouped_bars() -> None:
    chart = time_series(days(1), [Line("A", [1]), Line("B", [2])], Measure("Views"))
    assert [series["type"] for series in chart.option["series"]] == ["bar", "bar"]


def test_the_points_of_short_lines_are_marked() -> None:
    chart = time_series(days(4), [Line("A", [1] * 4), Line("B", [2] * 4)], Measure("Views"))
    assert all(series["type"] == "line" and series["showSymbol"] for series in chart.option["series"])


def test_amounts_in_a_chart_have_their_currency_and_are_exact() -> None:
    first = trend_answer(FIRST, [0] * 10)
    rows = [(*row[:2], Decimal("12.3450"), row[3]) for row in first.rows]
    answer = replace(first, rows=rows, meta={**first.meta, "currency": "KWD"})
    chart = trend([answer], Measure("Revenue", "money"))
    assert chart.unit == "KWD per day"
    assert chart.tips[0][1] == [("Revenue", "12.345 KWD")]
    assert chart.rows[0] == ["Sun 1 Mar 2026", "12.345 KWD"]
    assert chart.option["series"][0]["data"][0] == 12.345


def test_amounts_in_a_ranking_have_the_decimal_places_of_their_currency() -> None:
    columns = in_currency((RankColumn("revenue", "Revenue", "money"),), "JPY")
    ranking = Ranking("Product", lambda row: row["value"], columns, bar="revenue")
    html = str(ranking_table([{"value": "A", "revenue": Decimal("660.0000")}], ranking))
    assert '<td title="660 JPY" class="number">660</td>' in html


def test_a_csv_download_has_plain_exact_values() -> None:
    lines = [Line("Revenue", [Decimal("1234.5000"), None]), Line("Jan 2026", [0, Decimal("0.3333")])]
    chart = time_series(days(2), lines, Measure("Revenue", "money", "EUR"))
    assert chart.csv == "Day,Revenue (EUR),Jan 2026 (EUR)\r\n2026-03-01,1234.50,0.00\r\n2026-03-02,,0.3333\r\n"


def test_a_csv_download_has_the_hours_of_hourly_buckets_and_rates_as_fractions() -> None:
    chart = time_series(
        Buckets([FIRST], "hour", [True]), [Line("Bounce rate", [0.25])], Measure("Bounce rate", "percent")
    )
    assert chart.csv == "Hour,Bounce rate\r\n2026-03-01T00:00:00,0.25\r\n"


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-5 % off", "'-5 % off"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ('=HYPERLINK("https://evil.example")', '"\'=HYPERLINK(""https://evil.example"")"'),
        ("a=b", "a=b"),
        ("a,b", '"a,b"'),
    ],
)
def test_names_in_a_csv_download_are_never_formulas(name: str, cell: str) -> None:
    chart = time_series(days(1), [Line(name, [-1])], Measure("Views"))
    assert chart.csv == f"Day,{cell}\r\n2026-03-01,-1\r\n"
