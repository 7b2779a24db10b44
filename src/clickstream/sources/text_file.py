"""Opens a file to import as text, whatever it is compressed with; or names what it is, where it is not text.

In: a path and the encoding of its mapping. Out: a `TextFile`: lines of text, and how much of the file was read. gzip
and bzip2 are decompressed while they are read; UTF-8 and UTF-16 are recognised by their byte order mark. An invalid
byte costs its line only: it is decoded to a surrogate (`is_readable`). All other problems raise SourceError.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from clickstream.errors import SourceError

MAX_LINE_CHARACTERS = 1_000_000
_GZIP, _BZIP2, _ZIP = b"\x1f\x8b", b"BZh", b"PK\x03\x04"
_HEAD_BYTES = 512
_NOT_TEXT = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", "save it as CSV, then import that"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "unpack it, then import the file in it"),
    (b"Rar!", "a RAR archive", "unpack it, then import the file in it"),
    (b"\xfd7zXZ", "compressed with xz", "decompress it: unxz FILE"),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard", "decompress it: unzstd FILE"),
    (b"PAR1", "a Parquet file", "export it as CSV, then import that"),
    (b"%PDF", "a PDF", "get the data as CSV"),
    (b"SQLite format 3", "a SQLite database", "export a table as CSV, then import that"),
)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DAMAGED = (OSError, EOFError, zlib.error, UnicodeError)


class TextFile:
    """An open text file. name: without the ending of its compression. size_bytes: of the file as it is stored.

    is_json: its first character is a brace, so that it has JSON lines.
    """

    def __init__(self, path: Path, encoding: str) -> None:
        self.path = path
        self.name = path.name.removesuffix(".gz").removesuffix(".bz2")
        self.line = 0
        try:
            self.size_bytes = path.stat().st_size
            self._file = path.open("rb")
        except OSError as error:
            raise SourceError(f"opening {path}", error.strerror or str(error), "check the path") from error
        try:
            self._text = self._open(encoding)
        except SourceError:
            self._file.close()
            raise

    def __enter__(self) -> TextFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._text.close()
        self._file.close()  # GzipFile does not close its file

    @property
    def read_bytes(self) -> int:
        """How many of the file's `size_bytes` were read."""
        return self._file.tell()

    def lines(self) -> Iterator[str]:
        """Yield the lines with their ends; `line` is the number of the last one, from 1. An overlong line is cut."""
        while text := self._read_line():
            self.line += 1
            rest = text
            while len(rest) == MAX_LINE_CHARACTERS and not rest.endswith("\n"):
                rest = self._read_line()
            yield text

    def _read_line(self) -> str:
        try:
            return self._text.readline(MAX_LINE_CHARACTERS)
        except _DAMAGED as error:
            why = f"the file is damaged after line {self.line}: {error}"
            raise SourceError(f"reading {self.path}", why, "get the file again, then import again") from error

    def _open(self, encoding: str) -> io.TextIOWrapper:
        head = self._head(self._file)
        binary: BinaryIO = self._file
        if head.startswith(_GZIP):
            binary = gzip.GzipFile(fileobj=self._file)  # type: ignore[assignment]
        elif head.startswith(_BZIP2):
            binary = bz2.BZ2File(self._file)  # type: ignore[assignment]
        if binary is not self._file:
            head = self._head(binary)
        self._refuse_other_formats(head)
        marked = next((name for mark, name in _MARKS if head.startswith(mark)), encoding)
        if (
            marked == encoding
            and b"\0" in head[:4]
            and not codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
        ):
            raise self._refusal("UTF-16 text without a byte order mark", 'set encoding = "utf-16-le" in [file]')
        self.is_json = head.decode(marked, "ignore").lstrip().startswith("{")
        errors = "surrogatepass" if codecs.lookup(marked).name.startswith("utf-16") else "surrogateescape"
        return io.TextIOWrapper(binary, marked, errors=errors, newline="")

    def _head(self, binary: BinaryIO) -> bytes:
        try:
            head = binary.read(_HEAD_BYTES)
            binary.seek(0)
        except _DAMAGED as error:
            why = f"the file is damaged after line 0: {error}"
            raise SourceError(f"reading {self.path}", why, "get the file again, then import again") from error
        return head

    def _refuse_other_formats(self, head: bytes) -> None:
        if head.startswith(_ZIP):
            raise self._refusal(*self._kind_of_zip())
        for start, kind, advice in _NOT_TEXT:
            if head.startswith(start):
                raise self._refusal(kind, advice)
        text = head.lstrip().lower()
        if text.startswith((b"<!doctype html", b"<html")):
            raise self._refusal("a web page", "the download may have needed a login: get the file again")
        if text.startswith(b"<?xml"):
            raise self._refusal("an XML file", "export it as CSV, then import that")
        if text.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"["):
            raise self._refusal("a JSON array", "write one object per line: jq -c '.[]' FILE > FILE.jsonl")

    def _kind_of_zip(self) -> tuple[str, str]:
        try:
            names = zipfile.ZipFile(self.path).namelist()
        except (zipfile.BadZipFile, OSError):
            names = []
        if any(name.startswith("xl/") for name in names):
            return "an Excel workbook (.xlsx)", "save it as CSV (UTF-8), then import that"
        listed = f" with {', '.join(names[:3])}{' and more' if len(names) > 3 else ''}" if names else ""
        return f"a zip archive{listed}", "unpack it, then import the file in it"

    def _refusal(self, kind: str, advice: str) -> SourceError:
        return SourceError(f"reading {self.path}", f"expected delimited text or JSON lines, got {kind}", advice)


def is_readable(text: str) -> bool:
    """Whether every byte of the text could be decoded."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
