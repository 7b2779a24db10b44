"""The stats API: metrics over HTTP, for scripts, spreadsheets and other dashboards. Guide: docs/guide/stats-api.md."""
