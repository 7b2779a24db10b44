"""The dashboards: a Shiny app of one page frame, a module per page, and charts drawn by ECharts.

Everything here formats answers of `clickstream.metrics`; nothing here counts.
"""
