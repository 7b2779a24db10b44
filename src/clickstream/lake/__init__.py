"""A lake: the tables of a warehouse and of its mart as Parquet files by day, in a folder that many programs can read.

`write_lake` (writer.py) writes one, `LakeWarehouse` and `LakeMart` (reader.py) answer from one with DuckDB.
docs/guide/scale.md describes the files.
"""
