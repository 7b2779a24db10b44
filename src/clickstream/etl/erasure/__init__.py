"""Erasure of a person, or of the sample, from raw store and warehouse (`clickstream forget`)."""
