"""What is uploaded to AWS: the contents of both Lambda functions, and the bundle that sets up the instances.

In: a checkout of the project, with lock files in requirements/; wheels from the package index. Out, in one folder:

    ingest/     contents of the collector's function; its handler is clickstream.collect.aws.handler
    etl/        contents of the ETL's function; its handler is clickstream.cloud.etl_handler.handler
    instance/   wheels/, requirements.txt with their hashes, and what infra/instance/ holds (scripts, units, PostgreSQL)

Guarantee: a checkout and a target give the same bytes each time, so that an unchanged function is not deployed again.
Wheels are chosen for the target and never built, so that any machine can build for any other, without Docker.
"""

from clickstream.cloud.packages.builder import build
from clickstream.cloud.packages.target import Target

__all__ = ["Target", "build"]
