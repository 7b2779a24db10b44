"""Reports: the numbers of a range, on a terminal or as one JSON object."""

from clickstream.report.build import Report, build_report, report_question
from clickstream.report.document import report_json
from clickstream.report.terminal import render_report

__all__ = ["Report", "build_report", "render_report", "report_json", "report_question"]
