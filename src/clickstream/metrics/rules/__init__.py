"""What holds for every metric: local time, ranges, filters, the rows that count, comparison."""
