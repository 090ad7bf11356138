"""Top-level folders of documents that nothing reads, because of a slip of the pen or by design.

A folder is claimed where documents of it are read (the four, and those of a team's rules),
where it tells how others are read, or where an environment points into it.
"""

from collections.abc import Callable, Collection, Iterator

from ruleengine.model.documents import CONFIGURATION_FILE, FOLDERS, SETUP_FOLDERS
from ruleengine.model.findings import Finding, Place, Severity

_SUFFIXES = (".yaml", ".yml", ".json")
_YAML = (".yaml", ".yml")
_OTHERS = frozenset({*SETUP_FOLDERS, "tests", CONFIGURATION_FILE})
"""Names of the convention that stand for no folder of documents."""

_CLOSE = 0.8
"""How alike (0 to 1) two names are that somebody may have meant to be the same."""


def unread_folders(
    next_path: Callable[[str], str | None],
    below: Callable[[str], Collection[str]],
    is_pointed_at: Callable[[str], bool],
    known: Collection[str],
) -> Iterator[Finding]:
    """Yield a finding for every folder with documents that nobody reads.

    It is a warning where the name is nearly one of the four, and an info otherwise.
    ``next_path`` returns the first path from a text on, ``below`` the paths in a folder,
    ``is_pointed_at`` whether a document names the folder or a path in it; ``known`` are the
    folders whose documents are read. Only the first path of each folder is looked up, so that
    a large repo costs no more than a small one.
    """
    path = next_path("")
    while path is not None:
        folder, slash, _ = path.partition("/")
        claimed = folder in known or folder in _OTHERS or folder.startswith(".")
        if slash and not claimed and not is_pointed_at(folder):
            yield from _unread(folder, below(folder))
        # "0" follows "/": the first path after everything in the folder.
        path = next_path(f"{folder}0" if slash else f"{path}\0")


def _unread(folder: str, paths: Collection[str]) -> Iterator[Finding]:
    meant = _meant(folder)
    # JSON in a folder of any other name is nearly always something else.
    files = [one for one in paths if one.endswith(_SUFFIXES if meant else _YAML)]
    if files and meant:
        yield Finding(
            severity=Severity.WARNING,
            code="repository-folder-misspelt",
            message=f"the folder {folder}/ is none of the four: nothing in it is read",
            remedy=f"did you mean {meant}/? Otherwise give the folder a name less alike",
            place=Place(min(files)),
        )
    elif files:
        yield Finding(
            severity=Severity.INFO,
            code="repository-folder-unclaimed",
            message=f"nothing at this revision reads the folder {folder}/: no rule is about it, "
            "and no environment points at it",
            remedy=f"add a rule with `match: {{folder: {folder}}}`, name it as the source of an "
            "environment, or waive this finding",
            place=Place(min(files)),
        )


def _meant(folder: str) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(folder.lower(), FOLDERS, n=1, cutoff=_CLOSE)), "")
