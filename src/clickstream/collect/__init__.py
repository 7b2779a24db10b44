"""HTTP in, durable raw objects out."""
