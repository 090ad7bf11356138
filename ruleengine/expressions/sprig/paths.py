"""Functions of paths with slashes. They look at texts only, never at files."""

import posixpath
from typing import Final

from ruleengine.expressions.go_functions import Function, Kind

_PATH: Final = (Kind.STRING,)


def base(path: str) -> str:
    """Return the last element of a path; ``.`` for an empty one."""
    if not path:
        return "."
    return posixpath.basename(path.rstrip("/")) or "/"


def clean(path: str) -> str:
    """Return the shortest path that means the same."""
    short = posixpath.normpath(path)
    return short[1:] if short.startswith("//") else short


def directory(path: str) -> str:
    """Return all but the last element of a path."""
    return clean(path[: path.rfind("/") + 1])


def extension(path: str) -> str:
    """Return the ending of a path from its last dot on."""
    name = path[path.rfind("/") + 1 :]
    return name[name.rfind(".") :] if "." in name else ""


def _is_absolute(path: str) -> bool:
    return path.startswith("/")


FUNCTIONS: Final = (
    Function("base", base, _PATH),
    Function("dir", directory, _PATH),
    Function("clean", clean, _PATH),
    Function("ext", extension, _PATH),
    Function("isAbs", _is_absolute, _PATH),
    Function("osBase", base, _PATH),
    Function("osDir", directory, _PATH),
    Function("osClean", clean, _PATH),
    Function("osExt", extension, _PATH),
    Function("osIsAbs", _is_absolute, _PATH),
)
