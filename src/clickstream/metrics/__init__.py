"""Metrics: one question, one `.py` and one `.sql`. `catalog.ask` answers them all."""
