"""Where the `clickstream` command begins, installed or as `python -m clickstream`.

Reading in the program takes a good part of a second: Ctrl-C in it ends like any later one, with 130 and no traceback.
What comes after that is guarded by `local/terminal.py`.
"""

import os
import sys


def main() -> None:
    """Run the command line."""
    try:
        from clickstream.cli import main as run  # noqa: PLC0415 - what it takes is guarded here
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.stderr.flush()
        os._exit(130)
    run()


if __name__ == "__main__":
    main()
