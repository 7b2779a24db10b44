"""The rules shared by all metrics: local time, ranges, filters, which rows count, comparison."""
