"""The part of the AWS CLI that the scripts of an instance use: parameters are files below ssm/, objects below s3/."""

import json
import os
import sys
from pathlib import Path

MACHINE = Path(os.environ["MACHINE"])


def option(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1]


def file_of(parameter: str) -> Path:
    return MACHINE / "ssm" / parameter.strip("/").replace("/", "~")


def get_parameter() -> None:
    path = file_of(option("--name"))
    if not path.exists():
        sys.exit("An error occurred (ParameterNotFound) when calling the GetParameter operation:")
    found = json.loads(path.read_text())
    if found["Type"] == "SecureString" and "--with-decryption" not in sys.argv:
        sys.exit("a SecureString was read without decryption")
    print(found["Value"])


def put_parameter() -> None:
    request = json.loads(Path(option("--cli-input-json").removeprefix("file://")).read_text())
    assert len(request["Value"]) <= 4096, "a standard parameter has at most 4 KB"
    path = file_of(request["Name"])
    before = json.loads(path.read_text()) if path.exists() else {"Version": 0}
    path.write_text(json.dumps(request | {"Version": before["Version"] + 1}))


def copy() -> None:
    source, target = sys.argv[-2:]
    content = object_of(source).read_bytes() if source.startswith("s3://") else Path(source).read_bytes()
    path = object_of(target) if target.startswith("s3://") else Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def object_of(url: str) -> Path:
    return MACHINE / "s3" / url.removeprefix("s3://")


{"get-parameter": get_parameter, "put-parameter": put_parameter, "cp": copy}[sys.argv[2]]()
