"""The platform on AWS: what the commands deploy, connect, cost and destroy do."""
