"""`clickstream simulate`: traffic of a made-up shop, whose true figures are known, sent to a real collector.

In: a seed, a number of visitors, days (`run.SimulationConfig`). Out: events over HTTP and their truth (`run.Outcome`).
The order: timeline (when visits begin) -> browse (what happens in a visit) -> disorder and wire (how it arrives) ->
send; truth counts beside it. The truth comes from the story, never from stored events or from a metric.
"""
