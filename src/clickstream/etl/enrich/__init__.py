"""Enrichment: what an event's own values reveal about its page, referrer, channel, device, bot and country.

enrichment.py lists the enrichers in order. Each is a pure function that runs once for each distinct value; enriched.sql
joins the results to the rows. No event is dropped here and nothing is looked up outside: the same line gives the same
columns, whatever it is loaded with.
"""
