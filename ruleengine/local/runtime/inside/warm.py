"""Our own package, loaded before a container needs it, so that its processes only fork.

The launcher loads it from where it lies on the host, but under the path that containers find it
at: what a module knows of its own place then stays true after the fork.
"""

import contextlib
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import types
from collections.abc import Sequence
from typing import Any, Final

_PACKAGE: Final = "ruleengine"
_ENTRY: Final = ("ruleengine.cli.main", "main")
_loaded: list[str] = []


class _Loader(importlib.machinery.SourceFileLoader):
    """Reads a module from the host while it does not lie yet where it says to lie."""

    def __init__(self, name: str, path: str, inside: str, host: str) -> None:
        super().__init__(name, path)
        self._places = inside, host

    def get_data(self, path: str) -> bytes:
        """Return the bytes of a file. Raises ``OSError``."""
        return super().get_data(_present(path, *self._places))

    def path_stats(self, path: str) -> dict[str, Any]:
        """Return time and size of a file. Raises ``OSError``."""
        return dict(super().path_stats(_present(path, *self._places)))


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of the package at ``inside``, which is ``host`` for now."""

    def __init__(self, inside: str, host: str) -> None:
        self._places = inside, host

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: types.ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """Return how a module of the package is loaded, nothing for others."""
        del path, target
        first, _, rest = fullname.partition(".")
        if first != _PACKAGE:
            return None
        base = "/".join((self._places[0], *rest.split("."))).rstrip("/")
        for file, folders in ((f"{base}/__init__.py", [base]), (f"{base}.py", None)):
            if os.path.isfile(_present(file, *self._places)):  # noqa: PTH113 - cheap imports
                loader = _Loader(fullname, file, *self._places)
                return importlib.util.spec_from_file_location(
                    fullname, file, loader=loader, submodule_search_locations=folders
                )
        return None


def _present(path: str, inside: str, host: str) -> str:
    """Return where a file of the package lies at the moment."""
    if path.startswith(inside) and not os.path.exists(path):  # noqa: PTH110
        return host + path.removeprefix(inside)
    return path


def load(modules: Sequence[str], package: tuple[str, str], libraries: dict[str, str]) -> None:
    """Load modules. ``package`` is where it lies inside and on the host, so are ``libraries``.

    What cannot be loaded now is started as a program of its own later.
    """
    sys.dont_write_bytecode = True
    sys.meta_path.insert(0, _Finder(*package))
    sys.path.extend(libraries.values())
    try:
        for name in modules:
            importlib.import_module(name)
    except ImportError:
        return
    for module in list(sys.modules.values()):
        places = getattr(module, "__path__", None)
        for inside, host in libraries.items():
            if isinstance(places, list):
                places += [
                    inside + one.removeprefix(host) for one in places if one.startswith(host)
                ]
    sys.path.extend(libraries)
    _loaded.extend(modules)
    gc.collect()
    gc.freeze()


def is_loaded() -> bool:
    """Tell whether :func:`run` has anything to run."""
    return bool(_loaded)


def run(
    arguments: Sequence[str], environment: dict[str, str], folder: str, streams: Sequence[int]
) -> int:
    """Fork a process that runs the package's command line; return its pid."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setpgid(0, 0)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv[:] = arguments
        importlib.invalidate_caches()
        code = _call()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _call() -> int:
    """Run the command line; return its exit code as the interpreter would."""
    module, name = _ENTRY
    try:
        getattr(sys.modules[module], name)()
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        sys.stderr.write(f"{ended.code}\n")
        return 1
    return 0
