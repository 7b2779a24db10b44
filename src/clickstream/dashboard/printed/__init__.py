"""The report as one HTML page, for mail or a printer: `clickstream report --html FILE`."""
