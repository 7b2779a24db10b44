"""The shop's side of the platform in Python: its database, its outbox, and the check of tracked against real orders."""
