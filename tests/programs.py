"""Programs that some tests drive, where they are installed."""

import json
import shutil
import subprocess
from functools import cache

import pytest

_OLDEST = 29
"""Older ones ask for OpenAPI 2 in protobuf before every apply, which the server does not write."""


def kubectl() -> str:
    """Return kubectl, or skip the calling test."""
    found = shutil.which("kubectl")
    if found is None or _minor_version(found) < _OLDEST:
        pytest.skip(f"kubectl is not installed, or older than 1.{_OLDEST}")
    return found


@cache
def _minor_version(program: str) -> int:
    command = [program, "version", "--client", "--output=json"]
    done = subprocess.run(command, check=True, capture_output=True)
    return int(json.loads(done.stdout)["clientVersion"]["minor"].rstrip("+"))
