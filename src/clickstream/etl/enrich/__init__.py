"""What can be told of an event from its own values: device, bot, channel, page, country, order.

An ordered list of named steps (steps.py), each a pure function on values, run once for each distinct value
(lookup.py) and joined back to the rows by events.sql. Nothing is dropped here, and nothing is looked up outside:
the same line gives the same columns whatever its company.
"""
