"""Segments: rules that select visitors, usable as a filter of every metric."""
