"""What the index remembers is forgotten with the code that it was made with."""

import re
from pathlib import Path

import ruleengine
from ruleengine.app.code_digests import _ROOMS

_IMPORT = re.compile(r"^\s*(?:from|import) ruleengine\.(\w+)", re.MULTILINE)


def test_every_room_that_makes_facts_is_part_of_the_digest() -> None:
    """Whatever a room of the digest imports is of one, too; those of ``app`` only call them."""
    package = Path(ruleengine.__file__).parent
    rooms = {one for one in _ROOMS if one != "app"}
    used = {
        room
        for name in rooms
        for path in (package / name).rglob("*.py")
        for room in _IMPORT.findall(path.read_text())
    }
    assert used <= rooms
    assert all((package / one).is_dir() for one in _ROOMS)
