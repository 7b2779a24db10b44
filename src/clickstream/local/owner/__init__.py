"""The process that holds a DuckDB file, and how the others ask it."""
