"""Text from a command line or a URL becomes a Question, or is rejected with a code."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from clickstream.errors import QuestionError
from clickstream.metrics.parse import Texts, question_from_text
from clickstream.metrics.question import Question

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ROME = ZoneInfo("Europe/Rome")


def read(metric: str = "time_series", **texts: str | list[str]) -> Question:
    return question_from_text(metric, {name.rstrip("_"): text for name, text in texts.items()}, NOW, ROME)


def test_no_parameters_mean_the_defaults() -> None:
    assert read() == Question(as_of=NOW, tz=ROME)


def test_every_parameter_is_read() -> None:
    texts: Texts = {
        "from": "2026-03-01",
        "to": "2026-04-01",
        "tz": "Asia/Kathmandu",
        "as_of": "2026-03-15T10:00:00+01:00",
        "compare": "year",
        "limit": "7",
        "offset": "14",
        "country": "DE, !US",
        "page_path": r"/a\,b*,/c",
        "event": [r"a\,b", "c, d"],
        "metric": "visitors",
        "split": "brand",
    }
    assert question_from_text("time_series", texts, NOW, ROME) == Question(
        as_of=datetime(2026, 3, 15, 9, tzinfo=UTC),
        tz=ZoneInfo("Asia/Kathmandu"),
        from_date=date(2026, 3, 1),
        to_date=date(2026, 4, 1),
        compare="year",
        filters={"country": ("DE", "!US"), "page_path": (r"/a\,b*", "/c"), "event": (r"a\,b", "c", "d")},
        options={"metric": "visitors", "split": "brand"},
        limit=7,
        offset=14,
    )


@pytest.mark.parametrize(
    ("metric", "texts", "code"),
    [
        ("nothing", {}, "unknown_metric"),
        ("overview", {"split": "country"}, "unknown_parameter"),
        ("overview", {"colour": "red"}, "unknown_parameter"),
        ("overview", {"segment": "buyers"}, "invalid_filter"),
        ("overview", {"country": "DE,,US"}, "invalid_filter"),
        ("overview", {"from": "01.03.2026"}, "invalid_range"),
        ("overview", {"as_of": "noon"}, "invalid_range"),
        ("overview", {"tz": "Mars/Olympus"}, "invalid_zone"),
        ("overview", {"compare": "week"}, "invalid_option"),
        ("overview", {"limit": "many"}, "invalid_limit"),
        ("overview", {"limit": "²"}, "invalid_limit"),
        ("overview", {"from": ["2026-03-01", "2026-03-02"]}, "invalid_option"),
    ],
)
def test_invalid_text_is_rejected_with_a_code(metric: str, texts: Texts, code: str) -> None:
    with pytest.raises(QuestionError) as caught:
        question_from_text(metric, texts, NOW, ROME)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("metric", "texts", "advice"),
    [
        ("overveiw", {}, "did you mean overview?"),
        ("time-series", {}, "did you mean time_series?"),
        ("overview", {"contry": "DE"}, "did you mean country?"),
        ("time_series", {"Splits": "country"}, "did you mean split?"),
        ("overview", {"form": "2026-03-01"}, "did you mean from?"),
    ],
    ids=["metric", "hyphen", "filter", "option", "parameter"],
)
def test_a_misspelt_name_is_corrected_in_one_line(metric: str, texts: Texts, advice: str) -> None:
    with pytest.raises(QuestionError) as caught:
        question_from_text(metric, texts, NOW, ROME)
    assert caught.value.advice == advice


def test_a_name_like_no_other_is_answered_with_all_names() -> None:
    with pytest.raises(QuestionError) as caught:
        question_from_text("overview", {"colour": "red"}, NOW, ROME)
    assert caught.value.advice.startswith("use one of from, to, tz")
