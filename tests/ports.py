"""Loopback ports for servers that a test starts, or on which no server must run.

The kernel may assign a free port that was released to any other process: to the server of another worker or to a
connection. A port from here therefore stays bound, without listening, until this process ends. The kernel assigns it
to no other process, connections to it are refused, and a server can listen on it by number, also after a restart
(both sides set SO_REUSEADDR, as servers do).
"""

from __future__ import annotations

import socket


def free_port() -> int:
    """Return a port on which no program listens, and which no other process receives by chance."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    port: int = holder.getsockname()[1]
    holder.detach()  # the descriptor stays open on purpose
    return port
