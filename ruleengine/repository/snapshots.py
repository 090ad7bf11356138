"""Reads the documents of a tree: which files count, and what is wrong with the others.

The convention (design, section 4): every ``.yaml``, ``.yml`` and ``.json`` file in the four
folders, and in those that a team added, holds documents; ``_defaults.yaml`` does not.
Files elsewhere are read only where they are named.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from ruleengine.formats import yaml_reader
from ruleengine.formats.yaml_reader import Parsed
from ruleengine.model.documents import FOLDERS, Document
from ruleengine.model.findings import Finding, Place, Severity, order_findings
from ruleengine.model.trees import Snapshot, Tree
from ruleengine.repository.entries import unreadable
from ruleengine.repository.trees import blobs

SUFFIXES: Final = (".yaml", ".yml", ".json")
"""The endings of files that hold documents."""

DEFAULTS_FILE: Final = "_defaults.yaml"
"""The file of a folder that is merged under its short forms and is no document."""

_BESIDE: Final = (".md", "/.gitkeep", "/.gitignore", "/.gitattributes", "/.editorconfig")

Parse = Callable[[str, str, Callable[[], bytes]], Parsed]
"""Returns what a file holds, given its path, its blob id, and a function that reads it."""


def read(
    tree: Tree,
    paths: Iterable[str] | None = None,
    *,
    folders: Sequence[str] = FOLDERS,
    parse: Parse | None = None,
) -> Snapshot:
    """Return the documents of a tree, in the order of their paths.

    ``paths`` narrows it to files and folders, which may lie anywhere. ``folders`` are the
    top-level folders of documents, a team's own among them. ``parse`` may answer from a
    cache by blob id.
    """
    files = blobs(tree)
    chosen, findings = _choose(files, paths, folders)
    wanted = None if paths is None else set(chosen)
    findings += [one for one in tree.findings if wanted is None or one.place.path in wanted]
    documents: list[Document] = []
    for path in chosen:
        if path in files:
            found, wrong = read_file(tree, path, files[path], parse)
            documents += found
            findings += wrong
    return Snapshot(
        documents=tuple(documents),
        findings=order_findings(findings),
        revision=tree.revision,
        dirty=tree.dirty,
        files=files,
    )


def read_file(
    tree: Tree, path: str, blob: str, parse: Parse | None = None
) -> tuple[list[Document], list[Finding]]:
    """Return the documents of one file of a tree, and what is wrong with it."""
    load = partial(tree.read, path)
    try:
        parsed = parse(path, blob, load) if parse else yaml_reader.read(load(), path)
    except KeyError:
        return [], [unreadable(path)]
    documents: list[Document] = []
    findings = list(parsed.findings)
    for index, one in enumerate(parsed.documents):
        if isinstance(one.value, dict):
            documents.append(
                Document(
                    path=path,
                    index=index,
                    line=one.line,
                    blob=blob,
                    value=one.value,
                    locator=one.locator,
                )
            )
        else:
            findings.append(_no_mapping(Place(path, *one.locator.key(())), one.value))
    if not parsed.documents and not findings:
        findings.append(_empty(path))
    return documents, findings


def is_document_path(path: str, folders: Sequence[str] = FOLDERS) -> bool:
    """Tell whether a file of this path holds documents by convention."""
    top, _, rest = path.partition("/")
    if top not in folders or not rest or not path.endswith(SUFFIXES):
        return False
    name = rest.rpartition("/")[2]
    return name != DEFAULTS_FILE and not name.startswith(".")


def unread_finding(path: str, folders: Sequence[str] = FOLDERS) -> Finding | None:
    """Return the note that a file in one of the folders is not read, where that may surprise."""
    inside = path.partition("/")[0] in folders and "/" in path
    if not inside or path.endswith((f"/{DEFAULTS_FILE}", *_BESIDE)):
        return None
    if path.endswith(SUFFIXES):
        remedy = "give it a name that begins with another character than `.`, or move it elsewhere"
    else:
        remedy = f"give it one of the endings {', '.join(SUFFIXES)}, or move it elsewhere"
    return Finding(
        severity=Severity.INFO,
        code="file-name-unread",
        message="the file is not read: its name is not that of a document",
        remedy=remedy,
        place=Place(path),
    )


def _choose(
    files: Iterable[str], paths: Iterable[str] | None, folders: Sequence[str]
) -> tuple[list[str], list[Finding]]:
    """Return the paths to read, sorted, and findings for those that are not."""
    chosen: list[str] = []
    findings: list[Finding] = []
    if paths is None:
        candidates = list(files)
    else:
        candidates, findings = _named(list(files), paths)
    for path in candidates:
        if is_document_path(path, folders) or (paths is not None and _is_named_document(path)):
            chosen.append(path)
        elif finding := unread_finding(path, folders):
            findings.append(finding)
    return chosen, findings


def _is_named_document(path: str) -> bool:
    return path.endswith(SUFFIXES) and path.rpartition("/")[2] != DEFAULTS_FILE


def _named(files: list[str], paths: Iterable[str]) -> tuple[list[str], list[Finding]]:
    known = set(files)
    found: set[str] = set()
    findings: list[Finding] = []
    for path in paths:
        plain = path.rstrip("/")
        below = (
            [plain]
            if plain in known
            else [one for one in files if plain in ("", ".") or one.startswith(f"{plain}/")]
        )
        found.update(below)
        if not below:
            findings.append(_missing(path))
    return sorted(found), findings


def _missing(path: str) -> Finding:
    return Finding(
        severity=Severity.ERROR,
        code="file-path-missing",
        message="there is no such file or folder in this tree",
        remedy="correct the path; an ignored file has to be added to Git first",
        place=Place(path),
    )


def _no_mapping(place: Place, value: object) -> Finding:
    kinds = {list: "a list", str: "a text", type(None): "null"}
    return Finding(
        severity=Severity.ERROR,
        code="file-document-invalid",
        message=f"a document must be a mapping, this one is {kinds.get(type(value), 'a value')}",
        remedy="write keys and values at the top level",
        place=place,
    )


def _empty(path: str) -> Finding:
    return Finding(
        severity=Severity.INFO,
        code="file-document-missing",
        message="the file holds no document",
        remedy="write one, or remove the file",
        place=Place(path),
    )
