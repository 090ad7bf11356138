"""Sorts the entries of any Git tree into files and findings: links are never followed."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final

from ruleengine.model.documents import CONFIGURATION_FILE, FOLDERS, SETUP_FOLDERS
from ruleengine.model.findings import Finding, Place, Severity

FILE_MODES: Final = frozenset({"100644", "100755", "100664"})
STATE_FOLDER: Final = ".ruleengine"
"""Keeps the index and the local control plane, beside the files of a config repo.

Git ignores it by a file in it. Where Git looks while the folder is made, it sees that file
before what it says: so what is untracked in there is left out by its name, too.
"""
_LINK: Final = "120000"
_SUBMODULE: Final = "160000"

UNMERGED: Final = "unmerged"
"""Stands for the mode of a path that a merge left in several versions."""

UNREADABLE: Final = "unreadable"
"""Stands for the mode of a path that is there and cannot be read."""


def sort_entries(
    entries: Iterable[tuple[str, str, str]],
) -> tuple[dict[str, str], list[Finding]]:
    """Return blob ids by path, and findings for what is no regular file.

    An entry is mode (octal, as Git prints it), blob id and path.
    """
    files: dict[str, str] = {}
    findings: list[Finding] = []
    for mode, blob, path in entries:
        wrong = entry_finding(mode, path)
        if wrong is None:
            files[path] = blob
        else:
            findings.append(wrong)
    return files, list(dict.fromkeys(findings))


def entry_finding(mode: str, path: str) -> Finding | None:
    """Return what is wrong with an entry, or ``None`` for a regular file."""
    if mode in FILE_MODES:
        return None if path.isascii() and ".." not in path else _path_finding(path)
    if mode == _LINK:
        return repository_finding(
            "repository-link-unread",
            "a symbolic link is not followed, so nothing is read here",
            "put the file itself in place of the link",
            path,
        )
    if mode == _SUBMODULE:
        return repository_finding(
            "repository-submodule-unread",
            "another Git repository stands here; its files are not read",
            "name that repository as a source, or commit its files here",
            path,
        )
    if mode == UNMERGED:
        return Finding(
            severity=Severity.ERROR,
            code="repository-file-unmerged",
            message="the file has a merge conflict",
            remedy="resolve the conflict and `git add` the file",
            place=Place(path),
        )
    if mode == UNREADABLE:
        return unreadable(path)
    return repository_finding(
        "repository-file-unread",
        f"the entry has the mode {mode}, which is no regular file",
        "put a regular file in its place",
        path,
    )


def mistaken(paths: Iterable[str]) -> Iterator[Finding]:
    """Yield which regular files stand for a folder of the convention, or in that of a file."""
    settings: list[str] = []
    for path in paths:
        top, slash, _ = path.partition("/")
        if not slash and top in (*FOLDERS, *SETUP_FOLDERS):
            yield Finding(
                severity=Severity.WARNING,
                code="repository-folder-mistaken",
                message=f"{top} is a file: the folder {top}/ is expected here, and nothing is read",
                remedy="make it a folder, or give the file another name",
                place=Place(path),
            )
        elif slash and top == CONFIGURATION_FILE:
            settings.append(path)
    if settings:
        yield Finding(
            severity=Severity.ERROR,
            code="configuration-file-mistaken",
            message=f"{CONFIGURATION_FILE} is a folder, so there are no settings",
            remedy="put a file in its place, or give the folder another name",
            place=Place(min(settings)),
        )


def repository_finding(code: str, message: str, remedy: str, path: str) -> Finding:
    """Return a finding about a path: doubtful inside the four folders, a note elsewhere."""
    top = path.split("/", 1)[0]
    severity = Severity.WARNING if top in FOLDERS else Severity.INFO
    place = Place(path.encode("utf-8", "replace").decode())
    return Finding(severity=severity, code=code, message=message, remedy=remedy, place=place)


def unreadable(path: str) -> Finding:
    """Return that a file cannot be read: it may have gone away since the files were listed."""
    return Finding(
        severity=Severity.ERROR,
        code="repository-file-unreadable",
        message="the file cannot be read",
        remedy="check its owner and permissions, and that it is still there",
        place=Place(path),
    )


def _path_finding(path: str) -> Finding | None:
    if any(part in ("..", ".") for part in PurePosixPath(path).parts):
        return repository_finding(
            "repository-path-outside",
            "the path leaves the repo, so the file is not read",
            "rename the file",
            path,
        )
    try:
        path.encode()
    except UnicodeEncodeError:
        return repository_finding(
            "repository-path-invalid",
            "the path is no UTF-8, so the file is not read",
            "rename the file",
            path,
        )
    return None
