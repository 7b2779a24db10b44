"""The limits of open files and connections of a collector's process."""

from __future__ import annotations

import subprocess
import sys

import pytest

from clickstream.collect.server import MAX_CONNECTIONS

SCRIPT = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
from clickstream.collect.server import raise_file_limit
print(raise_file_limit(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "files"),
    [
        pytest.param(256, 256, 204, 256, id="the limit cannot be raised"),
        pytest.param(256, 1000, 800, 1000, id="raised to the hard limit"),
        pytest.param(256, 2 * MAX_CONNECTIONS + 10, MAX_CONNECTIONS, 2 * MAX_CONNECTIONS, id="enough"),
    ],
)
def test_file_limit_is_raised_and_connections_leave_files_to_the_store(
    soft: int, hard: int, connections: int, files: int
) -> None:
    command = [sys.executable, "-c", SCRIPT, str(soft), str(hard)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(connections), str(files)]
