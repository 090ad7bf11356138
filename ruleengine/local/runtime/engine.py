"""The programs that containers find besides the host's: a Python, and this package.

Small programs that stand for those of well-known images lie in ``programs/`` beside this
file. Containers of our own image get this very package and what it needs, read-only and under
paths of their own, so that nothing of a checkout or a home folder is seen.
"""

import os
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import ruleengine
from ruleengine.local.runtime.sandbox import bind

_PROGRAMS: Final = Path(__file__).with_name("programs")
_PLACE: Final = "/opt/ruleengine"
PACKAGE_PLACE: Final = f"{_PLACE}/lib"
"""Where a container finds this package."""

INTERPRETER: Final[str] = getattr(sys, "_base_executable", sys.executable)
"""The interpreter that every container finds; that of a virtual environment lies elsewhere."""

_FOLDER: Final = f"{_PLACE}/bin"
_ROOTED: Final = ("/argosay",)
"""Programs that their image has in its root."""

_COMMANDS: Final = ("ruleengine.cli.main", "ruleengine.cli.step")
"""The modules by which our containers are started."""

_SEEN: Final = ("/usr", "/bin", "/sbin")
"""Where the host's programs lie that a container sees."""


def provide_programs(root: Path) -> None:
    """Put the programs into the private root of a container."""
    folder = root / _FOLDER.lstrip("/")
    folder.mkdir(parents=True, exist_ok=True)
    for program in _PROGRAMS.iterdir():
        copy = folder / program.name
        shutil.copyfile(program, copy)
        copy.chmod(0o755)
    for name in ("python", "python3"):
        (folder / name).symlink_to(INTERPRETER)
    for path in _ROOTED:
        (root / path.lstrip("/")).symlink_to(f"{_FOLDER}{path}")


def engine_binds() -> list[Mapping[str, Any]]:
    """Return what a container of our own image sees: the package, its data, its libraries."""
    package = Path(ruleengine.__file__).parent
    binds = [bind(package, f"{PACKAGE_PLACE}/ruleengine", read_only=True)]
    for name in ("schemas", "rules"):
        data = package.parent / name
        if not (package / "_data").is_dir() and data.is_dir():
            binds.append(bind(data, f"{PACKAGE_PLACE}/{name}", read_only=True))
    libraries = enumerate(_libraries())
    return [*binds, *(bind(one, f"{_PLACE}/libraries/{n}", read_only=True) for n, one in libraries)]


def warm_loads() -> Mapping[str, Any]:
    """Return what a launcher loads so that our own package only has to be forked."""
    package = Path(ruleengine.__file__).parent
    step = (one.stem for one in (package / "step").glob("*.py") if one.stem != "__init__")
    return {
        "modules": [*_COMMANDS, *(f"ruleengine.step.{name}" for name in sorted(step))],
        "package": [f"{PACKAGE_PLACE}/ruleengine", str(package)],
        "libraries": {f"{_PLACE}/libraries/{n}": one for n, one in enumerate(_libraries())},
    }


def search_paths(prefix: str, *, engine: bool) -> dict[str, str]:
    """Return the variables by which programs and modules are found.

    ``prefix`` is where the container's root lies; empty where it is the root.
    """
    stated = os.environ.get("PATH", os.defpath).split(os.pathsep)
    host = [one for one in stated if prefix or one.startswith(_SEEN)]
    found = {"PATH": os.pathsep.join([f"{prefix}{_FOLDER}", *(host or [os.defpath])])}
    if engine and prefix:
        package = str(Path(ruleengine.__file__).parent.parent)
        found["PYTHONPATH"] = os.pathsep.join([package, *_libraries()])
    elif engine:
        folders = [PACKAGE_PLACE, *(f"{_PLACE}/libraries/{n}" for n in range(len(_libraries())))]
        found["PYTHONPATH"] = os.pathsep.join(folders)
    return found


@cache
def _libraries() -> list[str]:
    return list(dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib")))
