"""Reads a delimited file row by row, plain or packed with gzip, however large.

In: a path and its FileFormat. Out: `Row`s, and `SkippedRow`s for lines that cannot be read; blank lines
count as nothing. A file that cannot be read on (missing, damaged archive, no header) is a SourceError.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clickstream.errors import SourceError
from clickstream.sources.mapping import FileFormat

_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Row:
    """A row. position: among the rows of the file, from 1. line: where it begins in the file, from 1."""

    position: int
    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row that gave no event, and why."""

    position: int
    line: int
    reason: str


class DelimitedFile:
    """An open file. `header` holds its column names; `fraction` says how much of it was read, 0 to 1."""

    def __init__(self, path: Path, file_format: FileFormat) -> None:
        self.name = path.name.removesuffix(".gz")
        self._path = path
        self._encoding = file_format.encoding
        try:
            self._size_bytes = path.stat().st_size
            self._raw = path.open("rb")
        except OSError as error:
            raise SourceError(f"opening {path}", error.strerror or str(error), "check the path") from error
        self._text = self._open_text()
        self._reader = csv.reader(self._text, delimiter=file_format.delimiter)
        self.header = self._read_header()

    def __enter__(self) -> DelimitedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._text.close()
        self._raw.close()  # GzipFile leaves open what it was given

    @property
    def fraction(self) -> float:
        return self._raw.tell() / self._size_bytes if self._size_bytes else 1.0

    def rows(self) -> Iterator[Row | SkippedRow]:
        """The rows after the header, in order."""
        position = 0
        while True:
            line = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                position += 1
                yield SkippedRow(position, line, str(error))
                continue
            except (OSError, EOFError, zlib.error, UnicodeError) as error:
                raise self._damaged(line, error) from error
            if cells:
                position += 1
                yield self._judged(Row(position, line, cells))

    def _open_text(self) -> io.TextIOWrapper:
        is_packed = self._raw.read(2) == _GZIP_MAGIC
        self._raw.seek(0)
        binary = gzip.GzipFile(fileobj=self._raw) if is_packed else self._raw
        # A byte that is no text must cost its row, not the file: it comes through as a surrogate, see _judged.
        encoding = "utf-8-sig" if codecs.lookup(self._encoding).name == "utf-8" else self._encoding
        return io.TextIOWrapper(binary, encoding, errors="surrogateescape", newline="")

    def _read_header(self) -> list[str]:
        try:
            header = [name.strip() for name in next(self._reader, [])]
        except (OSError, EOFError, zlib.error, UnicodeError, csv.Error) as error:
            self.__exit__()
            raise self._damaged(1, error) from error
        if not header:
            self.__exit__()
            raise SourceError(f"reading {self._path}", "it has no header line", "line 1 must name the columns")
        return header

    def _judged(self, row: Row) -> Row | SkippedRow:
        text = "".join(row.cells)
        if text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text):
            return row
        return SkippedRow(row.position, row.line, f"a cell is not {self._encoding} text")

    def _damaged(self, line: int, error: Exception) -> SourceError:
        return SourceError(
            f"reading {self._path}", f"the file is damaged at line {line}: {error}", "get it anew, then import again"
        )
