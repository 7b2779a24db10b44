"""The collector's side of a connection: what uvicorn's own lacks in limits, and what it does more than once."""
