"""What happens now: the last 30 minutes."""
