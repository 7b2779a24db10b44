"""The mart: the one store that answers questions, made from the warehouse alone.

In: a warehouse of any engine. Out: a DuckDB file of a few narrow tables with integer keys (sql/schema.sql). It can be
deleted at any time, and is built again. file.py opens it, source.py reads the warehouse, refresh.py updates it.
"""
