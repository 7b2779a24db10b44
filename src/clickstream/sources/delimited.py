"""Reads a delimited file row by row, plain or compressed with gzip, however large.

In: a path and its FileFormat. Out: `Row`s, and `SkippedRow`s for lines that cannot be read; blank lines are ignored.
A file that cannot be read further (missing, damaged, without a header) raises SourceError.
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
    """A row. position: among the rows of the file, from 1. line: the line of the file where it begins, from 1."""

    position: int
    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row without an event, and the reason."""

    position: int
    line: int
    reason: str


class DelimitedFile:
    """An open file. header: its column names."""

    def __init__(self, path: Path, file_format: FileFormat) -> None:
        self.name = path.name.removesuffix(".gz")
        self._path = path
        self._encoding = file_format.encoding
        try:
            self.size_bytes = path.stat().st_size
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
        self._raw.close()  # GzipFile does not close its file

    @property
    def read_bytes(self) -> int:
        """How many of the file's `size_bytes` were read."""
        return self._raw.tell()

    def rows(self) -> Iterator[Row | SkippedRow]:
        """Yield the rows after the header, in order."""
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
        is_compressed = self._raw.read(2) == _GZIP_MAGIC
        self._raw.seek(0)
        binary = gzip.GzipFile(fileobj=self._raw) if is_compressed else self._raw
        # An invalid byte must cost its row only, not the file: it is decoded to a surrogate, see _judged.
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
            raise SourceError(f"reading {self._path}", "the file has no header line", "line 1 must name the columns")
        return header

    def _judged(self, row: Row) -> Row | SkippedRow:
        text = "".join(row.cells)
        if text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text):
            return row
        return SkippedRow(row.position, row.line, f"a cell is not {self._encoding} text")

    def _damaged(self, line: int, error: Exception) -> SourceError:
        return SourceError(
            f"reading {self._path}",
            f"the file is damaged at line {line}: {error}",
            "get the file again, then import again",
        )
