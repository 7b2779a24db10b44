"""Text from outside, made safe to print: events, headers, names of objects, paths.

Anyone who can send an event can choose such text, and a terminal obeys the control characters in it. Everything that
prints passes through here: the command line's consoles (cli/terminal.py) and the owner's log.
"""

from __future__ import annotations

import logging
import re

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LINE_BREAKS = str.maketrans({"\n": "\\n", "\t": "\\t"})


def visible(text: str) -> str:
    r"""Return the text with control characters, bidirectional overrides and lone surrogates escaped, such as `\x1b`.

    Line breaks and tabs are kept.
    """
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def visible_line(text: str) -> str:
    """Return the text as `visible` does, with line breaks and tabs escaped too."""
    return visible(text).translate(_LINE_BREAKS)


class VisibleFormatter(logging.Formatter):
    """Formats log records as text that is safe to print."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))
