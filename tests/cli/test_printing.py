"""How commands speak of themselves."""

import os
import sys
from pathlib import Path

import pytest

from ruleengine.cli.printing import called_by


@pytest.mark.parametrize(
    ("script", "called"),
    [
        ("tool.py", "tool.py"),
        (str(Path("bin/tool").resolve()), "bin/tool"),
        ("/lib/ruleengine/__main__.py", f"{os.path.relpath(sys.executable)} -m ruleengine"),
    ],
)
def test_a_command_to_go_on_with_can_be_pasted(script: str, called: str) -> None:
    """Also where a program was run as a package of its interpreter."""
    assert called_by(script, sys.executable) == called
