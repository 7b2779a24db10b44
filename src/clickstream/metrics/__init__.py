"""Metrics: each answers one question with one `.py` and one `.sql` file. `catalog.ask` computes any of them."""
