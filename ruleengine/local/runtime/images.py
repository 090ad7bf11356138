"""What an image would start: a table, because the local node pulls no images.

The built-in table is ``images.yaml`` beside this file; a team's own entries, from
``ruleengine.yaml``, go before it. The fields of an entry are those of Argo Workflows' own
table of images (``entrypoint`` and ``cmd``), ``env``, and ``family``: the distribution that the
image says to be, which becomes its ``/etc/os-release``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Final

from ruleengine.model.names import ENGINE_IMAGE
from ruleengine.model.values import Object

_TABLE: Final = Path(__file__).with_name("images.yaml")
_FAMILIES: Final = {"alpine": "Alpine Linux", "debian": "Debian GNU/Linux", "ubuntu": "Ubuntu"}
_DEFAULTS: Final = ("docker.io/library/", "docker.io/", "index.docker.io/library/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What an image brings; ``engine`` says that its containers run this very package."""

    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    engine: bool = False
    os_release: str = ""
    """What its ``/etc/os-release`` says; empty where that is unknown."""

    def arguments(self, command: Sequence[str], args: Sequence[str]) -> tuple[str, ...]:
        """Return what a container starts that states ``command`` and ``args``.

        As Kubernetes has it: a stated command replaces both parts of the image.
        """
        if command:
            return (*command, *args)
        return (*self.entrypoint, *(args or self.cmd))


class Images:
    """Finds the entry of an image. ``own`` are a team's entries, which go first."""

    def __init__(self, own: Mapping[str, Object] | None = None) -> None:
        self._own = own or {}

    def find(self, reference: str) -> Image:
        """Return the entry of an image reference, an empty one where there is none."""
        name = image_name(reference)
        engine = name.rpartition("/")[2] == ENGINE_IMAGE
        for key, entry in chain(self._own.items(), _built_in().items()):
            if fnmatchcase(name, image_name(key)):
                return Image(
                    entrypoint=_texts(entry.get("entrypoint")),
                    cmd=_texts(entry.get("cmd")),
                    env={name: str(text) for name, text in (entry.get("env") or {}).items()},
                    engine=engine,
                    os_release=_os_release(reference, str(entry.get("family") or "")),
                )
        return Image(engine=engine)


def image_name(reference: str) -> str:
    """Return the name in an image reference: no tag, no digest, no default registry."""
    name = reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    name = head + slash + last.partition(":")[0]
    for prefix in _DEFAULTS:
        name = name.removeprefix(prefix)
    return name


def _os_release(reference: str, family: str) -> str:
    """Return the ``os-release`` of an image; a tag may name another family.

    A version is the family's own only where the image is called like it.
    """
    tag = reference.partition("@")[0].rpartition("/")[2].partition(":")[2]
    found = "alpine" if "alpine" in tag else family
    if found not in _FAMILIES:
        return ""
    version = re.match(r"[0-9]+(\.[0-9]+)*", tag if image_name(reference) == found else "")
    lines = {"NAME": f'"{_FAMILIES[found]}"', "ID": found}
    if version:
        lines["VERSION_ID"] = f'"{version[0]}"'
    lines["PRETTY_NAME"] = f'"{" ".join((_FAMILIES[found], *([version[0]] if version else [])))}"'
    return "".join(f"{name}={text}\n" for name, text in lines.items())


def _texts(value: Sequence[object] | None) -> tuple[str, ...]:
    return tuple(str(one) for one in value or ())


@cache
def _built_in() -> Mapping[str, Object]:
    from ruleengine.formats import yaml_reader  # late: most steps say what they run

    (document,) = yaml_reader.read(_TABLE.read_bytes(), _TABLE.name).documents
    table: Mapping[str, Object] = document.value
    return table
