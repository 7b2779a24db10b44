"""The machine that a package runs on."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass

GLIBC = (2, 28)
"""Wheels for this version of glibc or an older one run: Amazon Linux 2023 has 2.34."""
OLDEST_GLIBC = (2, 17)


@dataclass(frozen=True, slots=True)
class Target:
    """Linux on `arch` (aarch64 or x86_64) with this version of CPython, such as 3.13."""

    python: str = "3.13"
    arch: str = "aarch64"

    @classmethod
    def here(cls) -> Target:
        """Return the machine and the interpreter that run this."""
        return cls(f"{sys.version_info.major}.{sys.version_info.minor}", platform.machine())

    @property
    def uv_platform(self) -> str:
        return f"{self.arch}-manylinux_{GLIBC[0]}_{GLIBC[1]}"

    @property
    def abi(self) -> str:
        return f"cp{self.python.replace('.', '')}"

    @property
    def wheel_platforms(self) -> list[str]:
        """Return the platform tags of wheels that run there, the newest first."""
        tags = [f"manylinux_{GLIBC[0]}_{minor}_{self.arch}" for minor in range(GLIBC[1], OLDEST_GLIBC[1] - 1, -1)]
        return [*tags, f"manylinux2014_{self.arch}", f"linux_{self.arch}"]

    @property
    def markers(self) -> Mapping[str, str]:
        """Return the values of environment markers (PEP 508) there."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": self.arch,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }
