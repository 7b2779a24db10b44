"""Answers as files: CSV and Parquet, and the address at which an answer can be downloaded."""
