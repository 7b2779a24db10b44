"""Files are read row by row: broken quotes cost one line, and other formats are read or named."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream.delivery import Receipt
from clickstream.errors import SourceError
from clickstream.sources.importer import DryRun, ImportResult, import_file
from clickstream.sources.mapping_file import parse_mapping

EVENT = 'eventName = "page_view"\ncreatedAt = "{when}"\nclientId = "{visitor}"\npageTitle = "{title}"\n'
HEADER = "when,visitor,page,title\n"


class Titles(DryRun):
    """A receiver that keeps the titles of the events."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str | None] = []

    def post(self, events: object) -> Receipt:
        assert isinstance(events, list)
        self.found += [json.loads(event).get("pageTitle") for event in events]
        return super().post(events)


def read(path: Path, rest: str = "", event: str = EVENT) -> tuple[ImportResult, list[str | None]]:
    receiver = Titles()
    result = import_file(path, parse_mapping(f"{rest}\n[event]\n{event}", "mine"), receiver)
    return result, receiver.found


def row(number: int, title: str | None = None) -> str:
    return f"2026-03-10T10:{number // 60:02}:{number % 60:02}Z,c-{number},/p/{number},{title or f'title {number}'}\n"


def write(folder: Path, content: str | bytes, name: str = "mine.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_quote_that_never_closes_costs_its_own_row_only(tmp_path: Path) -> None:
    rows = [row(number) for number in range(1, 201)]
    rows[4] = row(5, '"15 inch bag')
    result, titles = read(write(tmp_path, HEADER + "".join(rows)))
    assert (result.accepted, result.skipped) == (199, 1)
    assert list(map(str, result.problems)) == [
        "line 6: a quoted cell contains what looks like a whole row: '\"15 inch bag'"
    ]
    assert titles == [f"title {number}" for number in range(1, 201) if number != 5]


@pytest.mark.parametrize(
    ("broken", "following", "problem"),
    [
        ('a,b,"open', "", "a quoted cell contains what looks like a whole row"),
        ('a,b,"open', '2026-03-10,c,/p,13" wide', "a quoted cell contains what looks like a whole row"),
        ('a,b,"open', '"2026-03-10","c","/p","wide"', "a quote follows a closing quote"),
        ('a,b,"open', '2026-03-10,c,/p,"wide"', "a quoted cell contains what looks like a whole row"),
        ('a,b,"open', "2026-03-10,c,/p,more,and more", "a quoted cell contains what looks like a whole row"),
        ('"a,b,open', '2026-03-10,c,/p,13" wide', "a quoted cell contains what looks like a whole row"),
        ('a,"b,open', '2026-03-10,"c",/p,wide', "a quote follows a closing quote"),
        ('a,b,"Bag 13" wide"', "", "a quote follows a closing quote"),
        ('a,b,"Bag "13" wide"', "", "a quote follows a closing quote"),
    ],
    ids=[
        "a_row",
        "a_row_with_a_stray_quote",
        "a_row_in_quotes",
        "a_row_with_one_quoted_cell",
        "a_row_that_is_too_wide",
        "quote_in_the_second_column",
        "quote_in_a_middle_column",
        "text_and_a_quote_after_a_closing_quote",
        "quotes_within_quotes",
    ],
)
def test_a_broken_quote_is_a_problem_of_its_line_and_the_next_row_is_read(
    tmp_path: Path, broken: str, following: str, problem: str
) -> None:
    text = f"{HEADER}2026-03-10,{broken}\n" + (f"{following}\n" if following else "") + row(7)
    result, titles = read(write(tmp_path, text))
    assert str(result.problems[0]).startswith(f"line 2: {problem}"), result.problems
    assert titles[-1] == "title 7"
    assert result.accepted + result.skipped == text.count("\n") - 1


def test_a_quote_before_the_time_that_is_not_closed_in_its_row_is_a_problem(tmp_path: Path) -> None:
    event = EVENT.replace("{visitor}", "c")
    text = 'title,when\n"15 inch bag,2026-03-10T10:00:05Z\n13" wide,2026-03-10T10:00:06Z\n'
    result, titles = read(write(tmp_path, text), "", event)
    assert (titles, len(result.problems)) == (['13" wide'], 1)
    assert str(result.problems[0]) == "line 2: a quote is not closed in its row: '\"15 inch bag,2026-03-10T10:00:05Z'"


def test_a_quote_that_is_open_at_the_end_of_the_file_gives_its_lines_back(tmp_path: Path) -> None:
    result, titles = read(write(tmp_path, HEADER + '2026-03-10,a,b,"open\nnot a row\n'))
    assert titles == []
    assert list(map(str, result.problems)) == [
        "line 2: a quote is never closed: '\"open'",
        "line 3: expected 4 cells, got 1",
    ]


@pytest.mark.parametrize(
    ("cell", "title"),
    [
        ('"a" b', "a b"),
        ('"12 High Street\nLeeds, Yorkshire\nUK"', "12 High Street\nLeeds, Yorkshire\nUK"),
        ('"12 High Street, Leeds\nUK, a, b, c"', "12 High Street, Leeds\nUK, a, b, c"),
        ('"a ""b"", c"', 'a "b", c'),
        ('13" wide', '13" wide'),
        ('""', None),
        ('"a\r\nb"', "a\r\nb"),
        ('"# not a comment"', "# not a comment"),
    ],
    ids=[
        "text_after_quotes",
        "an_address",
        "delimiters",
        "doubled_quotes",
        "a_quote_in_text",
        "empty",
        "windows_lines",
        "number_sign",
    ],
)
def test_a_cell_is_read(tmp_path: Path, cell: str, title: str | None) -> None:
    result, titles = read(write(tmp_path, HEADER + f"2026-03-10,c,/p,{cell}\n" + row(7)))
    assert (titles, result.problems) == ([title, "title 7"], ())


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r\x85\u2028\u2029")), min_size=1))
def test_any_text_in_quotes_comes_back(titles: list[str]) -> None:
    from clickstream.sources.delimited import split_record

    line = ",".join('"' + title.replace('"', '""') + '"' for title in titles)
    assert split_record(line, ",") == titles


@pytest.mark.parametrize(
    "pack",
    [
        lambda text: text.encode(),
        lambda text: gzip.compress(text.encode()),
        lambda text: bz2.compress(text.encode()),
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: gzip.compress(codecs.BOM_UTF16_LE + text.encode("utf-16-le")),
    ],
    ids=["utf8", "gzip", "bzip2", "bom", "utf16_le", "utf16_be", "crlf", "cr", "gzip_of_utf16"],
)
def test_a_file_is_read_however_it_is_stored(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    result, titles = read(write(tmp_path, pack(HEADER + row(1, "Grün") + row(2))))
    assert (titles, result.problems) == (["Grün", "title 2"], ())


def test_an_overlong_line_costs_its_own_row_only(tmp_path: Path) -> None:
    result, titles = read(write(tmp_path, HEADER + row(1) + row(2, "x" * 2_500_000) + row(3)))
    assert titles == ["title 1", "title 3"]
    assert list(map(str, result.problems)) == ["line 3: the line is longer than 1,000,000 characters"]


def test_a_header_may_have_cells_of_several_lines(tmp_path: Path) -> None:
    event = EVENT.replace("{title}", "{title\\n(short)}")
    result, titles = read(write(tmp_path, 'when,visitor,page,"title\n(short)"\n' + row(1)), "", event)
    assert (titles, result.problems) == (["title 1"], ())


def test_a_header_with_a_broken_quote_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="line 1, the header: a quote is never closed"):
        read(write(tmp_path, 'when,visitor,page,"title\n' + row(1)))


def zipped(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "kind", "advice"),
    [
        (zipped("orders.csv"), "a zip archive with orders.csv", "unpack"),
        (zipped("xl/workbook.xml"), "an Excel workbook (.xlsx)", "save it as CSV"),
        (b"\xd0\xcf\x11\xe0" + bytes(60), "an old Excel workbook", "save it as CSV"),
        (b"PAR1" + bytes(60), "a Parquet file", "export it as CSV"),
        (b"\xfd7zXZ\0" + bytes(60), "compressed with xz", "unxz"),
        (b"<!DOCTYPE html><html>", "a web page", "login"),
        (b'<?xml version="1.0"?><a/>', "an XML file", "export it as CSV"),
        (b'[{"when": 1}]', "a JSON array", "one object per line"),
        ("when,visitor".encode("utf-16-le"), "UTF-16 text without a byte order mark", "utf-16-le"),
    ],
    ids=["zip", "xlsx", "xls", "parquet", "xz", "html", "xml", "json_array", "utf16_without_mark"],
)
def test_a_file_of_another_format_is_named(tmp_path: Path, content: bytes, kind: str, advice: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(write(tmp_path, content))
    assert kind in caught.value.why
    assert advice in caught.value.advice


def test_json_lines_are_read_by_the_names_of_their_members(tmp_path: Path) -> None:
    lines = [
        '{"when": "2026-03-10", "visitor": {"id": 7, "is_new": true}, "title": "Tee \\ud83d", "price": 12.500}',
        "",
        '{"when": "2026-03-11", "visitor": {"id": "b"}, "title": null}',
        '{"when": "2026-03-12"',
        "[1]",
    ]
    event = 'eventName = "page_view"\ncreatedAt = "{when}"\nclientId = "{visitor.id}"\npageTitle = "{title}"\n'
    event += 'product.price = { number = "{price}" }\nisFirstVisit = true\n'
    result, titles = read(write(tmp_path, "\n".join(lines)), "", event)
    assert titles == ["Tee \ufffd", None]
    assert [problem.line for problem in result.problems] == [4, 5]
    assert "is not JSON" in result.problems[0].reason
    assert result.problems[1].reason == "expected a JSON object, got list"


def test_lines_before_the_table_comments_and_total_rows_are_left_out(tmp_path: Path) -> None:
    text = "Report of March\nsecond line\n# made by hand\n" + HEADER.replace(",", ";")
    text += "# a comment\n" + row(1).replace(",", ";") + "Total;;;1\n" + row(2, "test order").replace(",", ";")
    rest = '[file]\ndelimiter = ";"\nskip = 2\ncomment = "#"\n'
    rest += '[where]\nwhen = { not = "Total" }\ntitle = { not = ["", "test*"] }'
    result, titles = read(write(tmp_path, text), rest)
    assert (titles, result.left_out, result.skipped, result.rows) == (["title 1"], 2, 0, 3)


def test_the_delimiter_that_excel_writes_into_the_first_line_is_used(tmp_path: Path) -> None:
    result, titles = read(write(tmp_path, "sep=;\n" + (HEADER + row(1)).replace(",", ";")))
    assert (titles, result.problems) == (["title 1"], ())


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ('visitor = "c-1"', [1]),
        ('visitor = ["c-1", "c-3"]', [1, 3]),
        ('visitor = "c-*"', [1, 2, 3]),
        ('visitor = { not = "c-1" }', [2, 3]),
        ('visitor = { not = ["c-1", "c-2"] }\ntitle = "title*"', [3]),
    ],
    ids=["a_text", "a_list", "a_beginning", "not", "two_conditions"],
)
def test_where_keeps_the_rows_for_which_all_conditions_hold(tmp_path: Path, where: str, kept: list[int]) -> None:
    result, titles = read(write(tmp_path, HEADER + row(1) + row(2) + row(3)), f"[where]\n{where}")
    assert titles == [f"title {number}" for number in kept]
    assert result.left_out == 3 - len(kept)
