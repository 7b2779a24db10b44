"""The dashboards: a Shiny app with one frame, one module per page, and charts drawn by ECharts.

This package formats answers of `clickstream.metrics`; it computes no figures.
"""
