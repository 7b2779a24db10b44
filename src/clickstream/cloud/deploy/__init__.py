"""Brings the platform to AWS: tools, packages, stack, instances, assets, shop."""
