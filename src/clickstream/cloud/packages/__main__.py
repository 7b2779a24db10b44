"""`python -m clickstream.cloud.packages OUT`: build what is uploaded to AWS."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from clickstream.cloud.packages.builder import build
from clickstream.cloud.packages.target import Target
from clickstream.errors import ClickstreamError


def main() -> None:
    """Build, with the progress on stderr. Exits with 1 when the build failed."""
    default = Target()
    parser = argparse.ArgumentParser(
        prog="python -m clickstream.cloud.packages", description="Build what is uploaded to AWS."
    )
    parser.add_argument("out", nargs="?", type=Path, default=Path("build/cloud"), help="folder (default: %(default)s)")
    parser.add_argument("--python", default=default.python, help="version of Python (default: %(default)s)")
    parser.add_argument("--arch", default=default.arch, choices=("aarch64", "x86_64"), help="default: %(default)s")
    options = parser.parse_args()
    try:
        build(options.out, Target(options.python, options.arch))
    except ClickstreamError as error:
        sys.exit("\n".join(filter(None, (f"error: {error}", error.advice))))


main()
