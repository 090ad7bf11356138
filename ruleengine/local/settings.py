"""What a config repo says to the local control plane: a small file in the state folder.

Whoever opens the repo writes it (``ruleengine.yaml``, ``local:``); the server looks at it
whenever it plans a container, so a change counts at once.
"""

import contextlib
from pathlib import Path
from typing import Final

from ruleengine.formats import json_text
from ruleengine.formats.private_files import write_private
from ruleengine.local.runtime.images import Images
from ruleengine.model.configuration import MOST_PODS, LocalSettings

FILE: Final = "settings.json"


class SettingsFile:
    """The settings of one state folder."""

    def __init__(self, state: Path) -> None:
        self._path = state / FILE
        self._known: tuple[bytes, Images, int] = (b"", Images(), MOST_PODS)

    def write(self, local: LocalSettings) -> None:
        """Write what a config repo says; what is there already is left alone."""
        stated = {"images": local.images, "maxPods": local.most_pods}
        content = json_text.dump_bytes(stated, ordered=True)
        with contextlib.suppress(FileNotFoundError):
            if self._path.read_bytes() == content:
                return
        write_private(self._path, content)

    def images(self) -> Images:
        """Return the table of images as it is now."""
        return self._look()[1]

    def most_pods(self) -> int:
        """Return how many pods may run as processes at a time, as it is now."""
        return self._look()[2]

    def _look(self) -> tuple[bytes, Images, int]:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            content = b""
        if content != self._known[0]:
            found = json_text.loads(content) if content else {}
            most = found.get("maxPods", MOST_PODS)
            self._known = (content, Images(found.get("images", {})), most)
        return self._known
