"""The entry point of the `clickstream` command, installed or as `python -m clickstream`.

Importing the program takes part of a second: Ctrl-C during that time ends it as later ones do, with 130 and without a
traceback. Everything after the import is guarded by `cli/terminal.py`.
"""

import os
import sys


def main() -> None:
    """Run the command line."""
    try:
        from clickstream.cli.app import main as run  # noqa: PLC0415 - the import is guarded
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.stderr.flush()
        os._exit(130)
    run()


if __name__ == "__main__":
    main()
