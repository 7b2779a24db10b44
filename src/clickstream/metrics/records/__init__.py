"""Metrics that read the warehouse instead of the mart: single rows, clocks, and what became of each line."""

from clickstream.metrics.records.scope import HourlyLedger, LedgerHour, Records, RecordScope

__all__ = ["HourlyLedger", "LedgerHour", "RecordScope", "Records"]
