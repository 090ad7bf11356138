"""What a config repo says to the local control plane: a small file in the state folder.

Whoever opens the repo writes it (``ruleengine.yaml``, ``local:``); the server looks at it
whenever it plans a container, so a change counts at once.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ruleengine.formats import json_text
from ruleengine.formats.private_files import write_private
from ruleengine.local.runtime.images import Images
from ruleengine.model.values import Object

FILE: Final = "settings.json"


class SettingsFile:
    """The settings of one state folder."""

    def __init__(self, state: Path) -> None:
        self._path = state / FILE
        self._known: tuple[bytes, Images] = (b"", Images())

    def write_images(self, images: Mapping[str, Object]) -> None:
        """Write the table of images of a config repo; an equal one is left alone."""
        content = json_text.dump_bytes({"images": dict(images)}, ordered=True)
        with contextlib.suppress(FileNotFoundError):
            if self._path.read_bytes() == content:
                return
        write_private(self._path, content)

    def images(self) -> Images:
        """Return the table of images as it is now."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            content = b""
        if content != self._known[0]:
            self._known = (content, Images(json_text.loads(content)["images"]))
        return self._known[1]
