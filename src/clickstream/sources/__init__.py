"""Events that do not come from a live client: files, the sample, a simulated shop. All are posted to the collector."""
