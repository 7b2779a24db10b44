"""`clickstream simulate`: shop traffic whose true numbers are known, sent to a real collector.

In: a seed, how many visitors, which days (`run.SimulationConfig`). Out: events over HTTP, and the truth
about them (`run.Outcome`).
One direction: timeline (who comes when) -> browse (what they do) -> disorder (how it arrives) -> send, and beside it
truth/ (what it adds up to). The truth is taken from the story, never from what was stored or computed by a metric.
"""
