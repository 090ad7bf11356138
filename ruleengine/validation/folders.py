"""Top-level folders whose names are nearly those of the four: nothing in them is read."""

from collections.abc import Callable, Collection, Iterator

from ruleengine.model.documents import FOLDERS
from ruleengine.model.findings import Finding, Place, Severity

_SUFFIXES = (".yaml", ".yml", ".json")
_CLOSE = 0.8
"""How alike (0 to 1) two names are that somebody may have meant to be the same."""


def misspelt_folders(
    next_path: Callable[[str], str | None],
    below: Callable[[str], Collection[str]],
    known: Collection[str],
) -> Iterator[Finding]:
    """Yield a warning for every folder with documents whose name is nearly one of the four.

    ``next_path`` returns the first path from a text on, ``below`` the paths in a folder;
    ``known`` are the folders whose documents are read. Only the first path of each folder
    is looked up, so that a large repo costs no more than a small one.
    """
    path = next_path("")
    while path is not None:
        folder, slash, _ = path.partition("/")
        if slash and folder not in known and (meant := _meant(folder)):
            files = [one for one in below(folder) if one.endswith(_SUFFIXES)]
            if files:
                yield _finding(folder, meant, min(files))
        # "0" follows "/": the first path after everything in the folder.
        path = next_path(f"{folder}0" if slash else f"{path}\0")


def _meant(folder: str) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(folder.lower(), FOLDERS, n=1, cutoff=_CLOSE)), "")


def _finding(folder: str, meant: str, path: str) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        code="repository-folder-misspelt",
        message=f"the folder {folder}/ is none of the four: nothing in it is read",
        remedy=f"did you mean {meant}/? Otherwise give the folder a name less alike",
        place=Place(path),
    )
