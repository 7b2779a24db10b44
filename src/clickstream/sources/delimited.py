"""Reads the rows of a delimited file, however large, and keeps a broken quote from swallowing the rows after it.

In: a TextFile and its FileFormat. Out: the header, then `Row`s, and `SkippedRow`s for lines that are not a row. A cell
in quotes may contain delimiters, doubled quotes and line breaks; text may follow its closing quote (`"a" b` is `a b`).
These are problems of one line, after which reading continues with the next line: a quote that is never closed, a quoted
cell that contains what looks like a whole row, text with another quote after a closing quote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from clickstream.errors import SourceError
from clickstream.sources.mapping import FileFormat
from clickstream.sources.text_file import MAX_LINE_CHARACTERS, TextFile, is_readable

MAX_CELL_LINES = 100
_EXCEL_DELIMITER = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """A row. position: among the rows of the file, from 1. line: the line of the file where it begins, from 1."""

    position: int
    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row without an event, and the reason. rows: how many rows it stands for, if it is a whole order."""

    position: int
    line: int
    reason: str
    rows: int = 1


class _QuoteError(ValueError):
    """A quote of the record is wrong."""


class _OpenQuoteError(_QuoteError):
    """The record ends within quotes: it may continue in the next line. start: where the open cell begins."""

    def __init__(self, start: int) -> None:
        super().__init__("a quote is never closed")
        self.start = start


class DelimitedReader:
    """Reads one file. header: its column names.

    is_row: whether cells look like a whole row, judged by those from a column on; a mapping can tell.
    """

    def __init__(self, file: TextFile, file_format: FileFormat) -> None:
        self._file, self._format = file, file_format
        self._delimiter = file_format.delimiter
        self._lines = file.lines()
        self._again: list[tuple[int, str]] = []  # lines that a broken record gave back, the next one last
        self.is_row: Callable[[list[str], int], bool] = lambda _cells, _column: False
        self.header = self._read_header()

    def rows(self) -> Iterator[Row | SkippedRow]:
        """Yield the rows after the header, in order. Blank lines and comments are ignored."""
        position = 0
        while (record := self._next_line()) is not None:
            number, text = record
            if self._is_ignored(text):
                continue
            position += 1
            try:
                yield Row(position, number, self._read_cells(text))
            except ValueError as error:
                yield SkippedRow(position, number, str(error))

    def _read_header(self) -> list[str]:
        for _ in range(self._format.skip):
            self._next_line()
        while (record := self._next_line()) is not None:
            number, text = record
            if (declared := _EXCEL_DELIMITER.fullmatch(text)) and number == 1:
                self._delimiter = declared[1]
            elif not self._is_ignored(text):
                return self._header_of(number, text)
        raise SourceError(f"reading {self._file.path}", "the file has no header line", "line 1 must name the columns")

    def _header_of(self, number: int, text: str) -> list[str]:
        try:
            cells = self._read_cells(text, is_header=True)
        except ValueError as error:
            why = f"line {number}, the header: {error}"
            raise SourceError(f"reading {self._file.path}", why, "correct the file, then import again") from error
        return [name.strip() for name in cells]

    def _next_line(self) -> tuple[int, str] | None:
        if self._again:
            return self._again.pop()
        text = next(self._lines, None)
        return None if text is None else (self._file.line, text)

    def _is_ignored(self, text: str) -> bool:
        comment = self._format.comment
        return not text.strip("\r\n") or (comment != "" and text.startswith(comment))

    def _read_cells(self, text: str, *, is_header: bool = False) -> list[str]:
        """Return the cells of the record that begins with this line. Raises ValueError when it is not a record."""
        if len(text) >= MAX_LINE_CHARACTERS:
            raise ValueError(f"the line is longer than {MAX_LINE_CHARACTERS:,} characters")
        if not is_readable(text):
            raise ValueError(f"a cell is not {self._format.encoding} text")
        if '"' not in text:
            return text.rstrip("\r\n").split(self._delimiter)
        taken: list[tuple[int, str]] = []
        try:
            while True:
                try:
                    cells = split_record(text, self._delimiter)
                    break
                except _OpenQuoteError as open_quote:
                    text += self._continuation(text, open_quote.start, taken)
            if taken and not is_header and len(cells) != len(self.header):
                raise _QuoteError(f"a quoted cell covers {len(taken) + 1} lines, with {len(cells)} cells in all")
        except ValueError:
            self._again += reversed(taken)
            raise
        return cells

    def _continuation(self, text: str, start: int, taken: list[tuple[int, str]]) -> str:
        """Return the next line of the cell that is open at `start`, unless the cell should have ended before it."""
        open_cell = text[start:]
        column = len(split_record(text[: start - 1], self._delimiter)) if start else 0
        if not taken and self._delimiter in open_cell and self._is_whole_row(text.rstrip("\r\n"), column):
            raise _QuoteError(f"a quote is not closed in its row: {_start_of(open_cell)}")
        record = self._next_line()
        if record is None or len(taken) >= MAX_CELL_LINES:
            raise _QuoteError(f"a quote is never closed: {_start_of(open_cell)}")
        taken.append(record)
        if self._is_whole_row(record[1][: _end_of_quotes(record[1])].rstrip("\r\n")):
            raise _QuoteError(f"a quoted cell contains what looks like a whole row: {_start_of(open_cell)}")
        if not is_readable(record[1]):
            raise ValueError(f"a cell is not {self._format.encoding} text")
        return record[1]

    def _is_whole_row(self, text: str, column: int = 0) -> bool:
        cells = text.split(self._delimiter)
        return len(cells) > 1 and self.is_row(cells, column)


def split_record(text: str, delimiter: str) -> list[str]:
    """Split a record into its cells. Raises _OpenQuoteError when it ends within quotes."""
    cells: list[str] = []
    at = 0
    while True:
        start = at
        if text.startswith('"', at):
            end = _closing_quote(text, at)
            after, at = _until(text, delimiter, end + 1)
            if '"' in after:
                raise _QuoteError(f"a quote follows a closing quote: {_start_of(text[start:])}")
            cells.append(text[start + 1 : end].replace('""', '"') + after)
        else:
            cell, at = _until(text, delimiter, at)
            cells.append(cell)
        if at > len(text):
            return cells


def _closing_quote(text: str, start: int) -> int:
    at = text.find('"', start + 1)
    while at >= 0 and text.startswith('""', at):
        at = text.find('"', at + 2)
    if at < 0:
        raise _OpenQuoteError(start)
    return at


def _end_of_quotes(line: str) -> int:
    """Return where the quotes end in a line that begins within them."""
    try:
        return _closing_quote(line, -1)
    except _OpenQuoteError:
        return len(line)


def _until(text: str, delimiter: str, start: int) -> tuple[str, int]:
    """Return the text up to the next delimiter, and the position after it."""
    end = text.find(delimiter, start)
    end = len(text) if end < 0 else end
    return text[start:end].rstrip("\r\n"), end + 1


def _start_of(text: str) -> str:
    return repr(text.partition("\n")[0][:40].rstrip())
