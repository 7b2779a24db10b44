"""Events that are not live: files, the sample. Everything here posts to the collector, like any client."""
