"""The platform on one machine: `clickstream up`, the process that owns the warehouse, and how others ask it."""
