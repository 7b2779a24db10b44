"""Commands that work on AWS: deploy, connect, cost, destroy."""
