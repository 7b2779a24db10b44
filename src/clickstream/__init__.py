"""Self-hosted clickstream analytics: collector, raw store, ETL, warehouse, metrics, dashboards."""

__version__ = "0.1.0"
