"""Ports of loopback for servers that a test starts, or that must not be there.

A port that was found free and let go again may be given to the next process that asks for any: to another worker's
server, or to a connection. So a port from here stays bound, without listening, until this process ends: the kernel
gives it to nobody else, whoever connects is refused, and a server that names it may listen on it, and again after its
death (both sides set SO_REUSEADDR, as servers do).
"""

from __future__ import annotations

import socket


def free_port() -> int:
    """A port that nobody listens on, and that nobody gets who does not name it."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    port: int = holder.getsockname()[1]
    holder.detach()  # its descriptor is left open on purpose
    return port
