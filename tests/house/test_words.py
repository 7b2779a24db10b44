"""Phrases that are hard to understand must not appear in code, tests, docs or messages.

To ban a phrase, add a row to PHRASES: the pattern, and what to write instead. EXCEPTIONS lists correct uses: part of
a line that makes the check skip the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.test_house import ROOT, tracked_files

PHRASES = {
    r"told|tells? (?:it|them|us|you|her|him|of)": "reports, returns, receives, names",
    r"(?:is|are|was|were|be|been) said": "reports, returns, prints",
    r"(?<!there )(?:is|are|was|were) no (?!longer|more than|less than)[a-z]+": "is not a ..., no ... exists",
    r"anew": "again, from scratch",
    r"(?:some|no)body": "another process, the caller, no reader",
    r"who(?:m|so)?ever": "the process that, the caller that",
    r"who asks|asks? (?:nobody|again)": "the caller, requests, queries",
    r"is at it": "is running",
    r"puts? right": "corrects, repairs",
    r"(?:goes|go|went) on (?:with|being)": "continues, resumes",
    r"by (?:itself|themselves)": "automatically, alone",
    r"of (?:its|their) own": "its own ..., a separate ...",
    r"but for": "except",
}
EXCEPTIONS: tuple[str, ...] = ()

CHECKED = ("src", "tests", "docs", "tracker", "shop", "infra", "bench", "contract", "Makefile", ".ci", "pyproject.toml")
SUFFIXES = {".py", ".sql", ".md", ".ts", ".tsx", ".mjs", ".sh", ".toml", ".css", ""}

_PATTERNS = [(re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), instead) for pattern, instead in PHRASES.items()]


def checked_files() -> Iterator[Path]:
    for path in tracked_files():
        name = path.relative_to(ROOT).as_posix()
        is_checked = name.startswith(CHECKED) or ("/" not in name and path.suffix == ".md")
        if is_checked and path.suffix in SUFFIXES and path != Path(__file__):
            yield path


def findings(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line number, 'phrase -> what to write instead'). Names are read as words: `is_no_event` is found."""
    for number, line in enumerate(text.splitlines(), 1):
        if not any(exception in line for exception in EXCEPTIONS):
            for pattern, instead in _PATTERNS:
                for match in pattern.finditer(line.replace("_", " ")):
                    yield number, f'"{match[0]}" -> {instead}'


def test_no_unclear_phrase_is_used() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {finding}"
        for path in checked_files()
        for number, finding in findings(path.read_text("utf-8"))
    ]
    assert not found, f"{len(found)} unclear phrases:\n" + "\n".join(found)


def test_phrases_are_found_in_sentences_and_in_names() -> None:
    text = "The worker is told anew.\ndef test_it_is_no_event(): ...\nThere is no file; it is no longer used."
    assert [number for number, _ in findings(text)] == [1, 1, 2]
