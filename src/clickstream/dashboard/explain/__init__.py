"""Explain: the panel that shows how a number is computed, and the links that open it."""
