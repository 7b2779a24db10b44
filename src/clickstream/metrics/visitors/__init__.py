"""Metrics about single visits and visitors."""
