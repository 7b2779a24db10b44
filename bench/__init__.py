"""Repeatable benchmarks: each file runs alone and prints one JSON object a line."""
