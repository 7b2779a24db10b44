"""Erasure of a person, or of the sample, from the raw store and the warehouse (`clickstream forget`)."""
