"""The collector's side of a connection: limits that uvicorn lacks, and the fast path around ASGI."""
