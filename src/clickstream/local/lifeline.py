"""Ends a child process when its parent exits, even by SIGKILL.

The parent has the only write end of a pipe and never writes to it. Each child has the read end; the environment
variable LIFELINE_FD contains its descriptor. When the parent exits, the kernel closes the write end and the
children read the end of the pipe. Without the variable (a command that a user started) nothing is watched.

    python -m clickstream.local.lifeline MODULE ARGUMENT…     runs a module that ends with its parent
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
GRACE_S = 2.0  # parts must not outlive a crash for long; work that is cut short loses nothing


def end_this_process() -> None:
    """Send SIGTERM to this process; exit at once if it still runs after GRACE_S."""
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)


def watch(on_close: Callable[[], None] = end_this_process) -> bool:
    """Call `on_close` on a new thread when the parent exits. Return False if no parent is to be watched."""
    number = os.environ.pop(VARIABLE, None)
    if number is None:
        return False
    descriptor = int(number)
    os.set_inheritable(descriptor, False)  # children of this process do not inherit it
    threading.Thread(target=_wait, args=(descriptor, on_close), name="lifeline", daemon=True).start()
    return True


def _wait(descriptor: int, on_close: Callable[[], None]) -> None:
    os.read(descriptor, 1)  # no process writes to it: this returns when the write end is closed
    on_close()


if __name__ == "__main__":
    watch()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
