"""Ends a child process when its parent is gone, however the parent died.

The parent holds the only write end of a pipe and never writes; each child holds the read end, whose
number stands in LIFELINE_FD. When the parent ends, even by SIGKILL, the kernel closes the pipe and the
children see its end. Without the variable (a command started by hand) nothing is watched.

    python -m clickstream.local.lifeline MODULE ARGUMENT…     runs a module on the lifeline
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Callable

VARIABLE = "LIFELINE_FD"
GRACE_S = 2.0  # a crash must not leave parts behind for long; what is cut short is safe by design


def end_this_process() -> None:
    """Ask this process to finish what it began (SIGTERM); end it outright when it has not after GRACE_S."""
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)


def watch(on_close: Callable[[], None] = end_this_process) -> bool:
    """Call `on_close`, on a thread of its own, when the parent is gone. Returns whether there is one to watch."""
    number = os.environ.pop(VARIABLE, None)
    if number is None:
        return False
    descriptor = int(number)
    os.set_inheritable(descriptor, False)  # children of this process are its own affair
    threading.Thread(target=_wait, args=(descriptor, on_close), name="lifeline", daemon=True).start()
    return True


def _wait(descriptor: int, on_close: Callable[[], None]) -> None:
    os.read(descriptor, 1)  # nobody ever writes: this returns when the last write end is closed
    on_close()


if __name__ == "__main__":
    watch()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
