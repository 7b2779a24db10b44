"""The shop as parts of `clickstream up`: its build, its settings, and its processes."""
