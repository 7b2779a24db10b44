"""Whether the data can be trusted: how old, complete and clean it is."""
