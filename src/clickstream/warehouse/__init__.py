"""The warehouse: one adapter per engine, the schema, and the few places where SQL dialects differ."""
