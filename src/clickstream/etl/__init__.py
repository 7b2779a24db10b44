"""Raw objects -> warehouse: discover, parse, load, sessionize, and the ledger that verifies it."""
