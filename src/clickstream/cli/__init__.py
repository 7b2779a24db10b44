"""The `clickstream` command: reads settings, runs one part of the platform, prints the result."""
