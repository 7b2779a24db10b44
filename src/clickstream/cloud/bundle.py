"""The hash by which an instance recognises its bundle: the files that both instances are set up from.

In: the folder of the bundle. Out: a hash of every file's name and content. The parameter `names.BUNDLE` holds
"s3://bucket/key hash"; `clickstream-update` on the instance (infra/instance/user-data.sh) computes the same hash of
what it unpacked, and refuses any other. Modes and times do not count, because an archive may change them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path


def content_hash(folder: Path) -> str:
    """Return the SHA-256 of the list of files as sha256sum prints it, sorted by the bytes of their names."""
    names = sorted(file.relative_to(folder).as_posix().encode() for file in folder.rglob("*") if file.is_file())
    whole = hashlib.sha256()
    for name in names:
        with (folder / name.decode()).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(digest.encode() + b"  ./" + name + b"\n")
    return whole.hexdigest()
