"""What the browser tracker costs a page: the bytes that travel, as `make setup` built it.

tracker.gzip_bytes        clickstream.js, as the collector sends it
tracker.extra_gzip_bytes  clickstream.extra.js, the optional second file
tracker.limit_bytes       what the build allows clickstream.js
"""

from __future__ import annotations

import re
from pathlib import Path

from _measure import Bench, bench
from clickstream.collect.tracker import FOLDER, TrackerScripts

BUILD = Path(__file__).parent.parent / "tracker" / "build.mjs"


def main() -> None:
    with bench(__doc__ or "") as run:
        limit = re.search(r"MAX_GZIP_BYTES = ([\d_]+)", BUILD.read_text("utf-8"))
        if limit is None or not (FOLDER / "clickstream.js").exists():
            raise SystemExit("the tracker was not built: make setup")
        run.put("tracker.limit_bytes", int(limit[1].replace("_", "")), "bytes")
        put_size(run, "tracker.gzip_bytes", "/clickstream.js", of="tracker.limit_bytes")
        put_size(run, "tracker.extra_gzip_bytes", "/clickstream.extra.js")


def put_size(run: Bench, name: str, path: str, of: str | None = None) -> None:
    response = TrackerScripts().respond(path, {b"accept-encoding": b"gzip"})
    if response is None:
        raise SystemExit(f"{path} was not built: make setup")
    run.put(name, len(response.body), "bytes", of)


if __name__ == "__main__":
    main()
