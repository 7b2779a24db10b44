"""The true answers of every metric, added up from the story while it is told.

In: visits as they pass. Out: answers as `clickstream metric NAME --json` gives their rows, each with the question
that it answers, and plain facts about the tables. A new metric's truth is a file of its own here, and a line or two in
`answers.py`. Nothing in here imports the load or a metric, or reads what is stored.
"""
