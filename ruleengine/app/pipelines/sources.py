"""Finding what a person wants to run: a name or a file of the repo, or what is live."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ruleengine.app.pipelines import finding
from ruleengine.app.pipelines.places import FOLDER, Place
from ruleengine.app.refusing import refuse_errors
from ruleengine.model.documents import Origin
from ruleengine.model.errors import UsageError
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.verbs.submitting import RUNNABLE

_SUFFIXES: Final = (".yaml", ".yml", ".json")


def find_source(place: Place, name: str, source: str = "", *, checked: bool = False) -> Object:
    """Return the document that a person means: of the repo first, then a live one.

    ``source`` is ``KIND/NAME`` as it is live; a file that no repo declares is held to its schema
    alone, unless it is to be ``checked`` like one. Raises ``UsageError`` where there is none, or
    several, ``FailedError`` where it has errors.
    """
    if source:
        kind, _, rest = source.rpartition("/")
        if not kind:
            raise UsageError(f"{source!r} names no kind", "write KIND/NAME after --from")
        return finding.runnable(place, finding.kind_of(kind), rest)
    if not name:
        raise UsageError("nothing is named", "name a pipeline, a file, or --from KIND/NAME")
    runnable = [one for one in place.declared.objects if one[0].get("kind") in RUNNABLE]
    found = _of_file(place, runnable, name, checked=checked) or _of_name(place, runnable, name)
    if len(found) > 1:
        names = ", ".join(named(one) for one in found)
        raise UsageError(f"{name!r} means several: {names}", "name one as KIND/NAME")
    if found:
        return found[0]
    _unreadable(place, name)
    raise _nothing(place, runnable, name)


def _of_file(
    place: Place, runnable: Sequence[tuple[Object, Origin]], name: str, *, checked: bool
) -> list[Object]:
    """Return the documents of a file, whether the repo declares it or not."""
    path = Path(name)
    if path.suffix not in _SUFFIXES:
        return []
    if not _is_file(path):
        if "/" not in name:
            return []
        raise UsageError(f"there is no file {name}", "correct its path, or name a pipeline")
    relative = place.workspace.relative(path)
    if relative is not None and relative.startswith(f"{FOLDER}/"):
        _check(place, relative)
        found = [one for one, origin in runnable if origin.path == relative]
    else:
        found = _read(path, checked=checked)
    if not found:
        raise UsageError(
            f"{name} holds nothing that can be run",
            f"write one of these kinds into it: {', '.join(RUNNABLE)}; short forms count in "
            f"{FOLDER}/ only",
        )
    workflows = [one for one in found if one.get("kind") == "Workflow"]
    return workflows if len(workflows) == 1 else found


def _is_file(path: Path) -> bool:
    """Tell whether there is a file; of a name that is too long for one there is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _read(path: Path, *, checked: bool) -> list[Object]:
    """Return the runnable documents of a file outside the repo.

    Raises ``UsageError`` where it cannot be read, ``FailedError`` where it has errors.
    """
    from ruleengine.app.checking import check_alone, read_outside

    try:
        documents, findings = read_outside(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "check its owner") from error
    refuse_errors(findings)
    if checked:
        refuse_errors(check_alone(path), f"ruleengine pipeline lint {path}")
    return [one.value for one in documents if one.value.get("kind") in RUNNABLE]


def _of_name(place: Place, runnable: Sequence[tuple[Object, Origin]], name: str) -> list[Object]:
    kind, _, rest = name.rpartition("/")
    wanted = finding.kind_of(kind) if kind else ""
    found = [
        (one, origin.path)
        for one, origin in runnable
        if rest in names_of(one) and wanted in ("", one.get("kind"))
    ]
    if found:
        for path in sorted({path for _, path in found}):
            _check(place, path)
        return [one for one, _ in found]
    return [
        finding.well_shaped(live)
        for one in (RUNNABLE[1:] if not wanted else (wanted,))
        if (live := finding.get(place, one, rest)) is not None
    ]


def names_of(document: Object) -> tuple[str, ...]:
    """Return what a document is called; it may have no name, or be of another shape."""
    fields = ("metadata", "name"), ("metadata", "generateName")
    name, generated = (str(lookup(document, *one) or "") for one in fields)
    return tuple(filter(None, (name, generated.rstrip("-"))))


def called(document: Object) -> str:
    """Return the shortest that a document is called by, if it is called anything.

    The name of a workflow that is named when it begins tells of its content.
    """
    return min(names_of(document), key=len, default="")


def named(document: Object) -> str:
    """Return how a document is called where several are meant."""
    return f"{document['kind']}/{called(document)}"


def _unreadable(place: Place, name: str) -> None:
    """Raise ``FailedError`` where the file that would declare a name has errors itself."""
    for suffix in _SUFFIXES:
        path = f"{FOLDER}/{name}{suffix}"
        if _is_file(place.workspace.root / path):
            _check(place, path)


def _nothing(place: Place, runnable: Sequence[tuple[Object, Origin]], name: str) -> UsageError:
    declared = [*filter(None, (called(one) for one, _ in runnable))]
    for kind in RUNNABLE[1:]:
        declared += finding.names_of(finding.objects(place, kind, place.namespace))
    return finding.unknown("pipeline", name, sorted(set(declared)), "")


def _check(place: Place, path: str) -> None:
    """Raise ``FailedError`` where a file, or what it is read with, has errors."""
    from ruleengine.app.checking import check_file

    refuse_errors(check_file(place.checkout, path), f"ruleengine pipeline lint {path}")
