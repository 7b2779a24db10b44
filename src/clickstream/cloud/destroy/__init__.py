"""Removes the platform from an AWS account, and proves that nothing of it is left."""
