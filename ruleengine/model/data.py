"""Where the package's own data lies: ``schemas``, ``rules`` and ``sample-repo``.

The wheel carries them beside the code; in a checkout they stand at the top level.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def data_folder(name: str) -> Path:
    """Return the folder ``name`` (``schemas``, ``rules`` or ``sample-repo``).

    Raises ``FileNotFoundError`` where neither the wheel nor a checkout has it.
    """
    for folder in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"the package's folder {name!r} is missing: reinstall ruleengine")
