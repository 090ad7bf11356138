"""Pointers between documents: does the other end exist, and does it take what it is given?

A pointer is looked up by kind, namespace and name; :func:`resolve` gets what was found
and says what is wrong. It never looks anything up itself, so that the index can ask for
exactly the pointers that a change touches.
"""

import posixpath
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from glob import escape
from itertools import zip_longest

from ruleengine.model.findings import Finding, Place, Related, Severity
from ruleengine.model.references import Definition, Reference

PATH = "Path"
"""The kind of a pointer whose other end is a file or folder of the same tree."""

TEMPLATE = "Template"
"""The kind of a template inside a workflow."""

OUTPUTS = {"parameters": "output parameters", "artifacts": "output artifacts"}
"""Aspects of what a template declares as outputs, which tags of those who call it read."""

_MOST_NEAR = 8
"""How many near names are looked at for one whose parts are near as well."""

_TAG = re.compile(r"\{\{.*?\}\}", re.DOTALL)

_READ = frozenset(OUTPUTS.values())


def normal_path(path: str) -> str:
    """Return a path of the tree as Git spells it; that of the root is an empty text.

    >>> normal_path("./apps//web/")
    'apps/web'
    """
    normal = posixpath.normpath(path or ".")
    return "" if normal == "." else normal


def is_declared(name: str, names: Collection[str]) -> bool:
    """Tell whether a name is one of those that are declared; a tag in one of them may be any text.

    >>> is_declared("log-car", ["log-{{item}}"]), is_declared("car", ["log-{{item}}"])
    (True, False)
    >>> [is_declared(one, ["a{{x}}b{{y}}a"]) for one in ("a-b-a", "aba", "aa", "ab", "a-c-a")]
    [True, True, False, False, False]
    """
    if name in names:
        return True
    globs = ("*".join(map(escape, _TAG.split(one))) for one in names if "{{" in one)
    return any(fnmatchcase(name, one) for one in globs)


def resolve(reference: Reference, definitions: Sequence[Definition]) -> Sequence[Finding]:
    """Return what is wrong with a pointer, given the definitions it is looked up among.

    ``definitions`` are those of the pointer's kind and name in any namespace: a definition
    elsewhere makes a better message than none.
    """
    matching = [one for one in definitions if one.namespace == reference.namespace]
    if not matching:
        return [] if reference.optional else [_dangling(reference, definitions)]
    # Twice declared is a finding of its own; here the first one speaks for all.
    definition = min(matching, key=lambda one: one.place)
    return [
        one for aspect in reference.passes for one in _passed_wrongly(reference, definition, aspect)
    ]


def resolve_path(reference: Reference, *, exists: bool, unread: str = "") -> Sequence[Finding]:
    """Return what is wrong with a pointer at a path of the tree.

    ``unread`` names what is there if nothing is read behind it: a link, another repository.
    """
    if exists and not unread:
        return []
    message = reference.message or f"there is no file or folder {reference.name!r} in this repo"
    if unread:
        message = f"{reference.name!r} is {unread}, which is not followed"
    elif reference.name == ".." or reference.name.startswith(("/", "../")):
        message = f"{reference.name!r} leaves the repo"
    return [
        Finding(
            severity=reference.severity,
            code="reference-path-missing",
            message=message,
            remedy=reference.remedy or "correct the path, or add and commit what it points at",
            place=reference.place,
        )
    ]


def suggestion(name: str, names: Iterable[str]) -> str:
    """Return ``did you mean ...?`` for the nearest of ``names``, or an empty text.

    A part of a document (``<document>/<part>``) has its nearest among the parts of that one,
    if there are any.
    """
    from difflib import get_close_matches

    document, slash, part = name.rpartition("/")
    start = f"{document}{slash}"
    parts = {one.removeprefix(start) for one in names if one.startswith(start)}
    wanted, known = (part, parts) if parts else (name, set(names))

    def is_alike(one: str) -> bool:
        """Tell whether each part is: most of a name may be what all of them share."""
        pairs = zip_longest(wanted.split("/"), one.split("/"), fillvalue="")
        return all(get_close_matches(own, [other]) for own, other in pairs)

    near = get_close_matches(wanted, sorted(known - {wanted}), n=_MOST_NEAR, cutoff=0.7)
    return next((f"did you mean {one!r}?" for one in near if is_alike(one)), "")


def _dangling(reference: Reference, elsewhere: Sequence[Definition]) -> Finding:
    where = f" in namespace {reference.namespace!r}" if reference.namespace else ""
    known = sorted(elsewhere, key=lambda one: one.place)[:3]
    remedy = reference.remedy or "correct the name, or add what it points at"
    if known and not reference.remedy:
        spaces = ", ".join(repr(one.namespace) for one in known)
        remedy = f"it is declared in namespace {spaces}: correct the namespace of one of them"
    missing = f"no {reference.kind} {reference.name!r}{where} is declared in this repo"
    return Finding(
        severity=reference.severity,
        code="reference-target-missing",
        message=reference.message or missing,
        remedy=remedy,
        place=reference.place,
        related=tuple(Related(one.place, f"{one.kind} of that name") for one in known),
    )


def _passed_wrongly(reference: Reference, definition: Definition, aspect: str) -> Sequence[Finding]:
    offers = definition.offers.get(aspect, {})
    passed = dict(reference.passes[aspect])
    if aspect in _READ:
        lacking = ((name, at) for name, at in passed.items() if not is_declared(name, offers))
        return [_read_in_vain(definition, aspect, name, place) for name, place in lacking]
    noun = _singular(aspect)
    here = (Related(definition.place, f"{definition.kind} {definition.name!r} is declared here"),)
    findings = [
        _finding(
            "reference-parameter-unknown",
            f"{definition.kind} {definition.name!r} declares no {noun} {name!r}",
            _remedy_for_unknown(name, noun, offers),
            place,
            here,
            _severity_of_unknown(definition),
        )
        for name, place in passed.items()
        if name not in offers
    ]
    if not reference.partial:
        findings += (
            _finding(
                "reference-parameter-missing",
                f"{definition.kind} {definition.name!r} needs the {noun} {name!r}",
                f"hand {name!r} over, or give it a default where it is declared",
                reference.place,
                here,
            )
            for name, required in offers.items()
            if required and name not in passed
        )
    return findings


def _read_in_vain(definition: Definition, aspect: str, name: str, place: Place) -> Finding:
    """Return that a tag reads an output of a template elsewhere that this does not declare."""
    what, noun = f"{definition.kind} {definition.name!r}", _singular(aspect)
    near = suggestion(name, definition.offers.get(aspect, {}))
    return _finding(
        "reference-tag-unresolved",
        f"nothing stands for this tag: {what} declares no {noun} {name!r}",
        near or f"correct the name, or declare the {noun} there",
        place,
        (Related(definition.place, f"{what} is declared here"),),
    )


def _remedy_for_unknown(name: str, noun: str, offers: Mapping[str, bool]) -> str:
    near = suggestion(name, offers)
    if near:
        return near
    declared = ", ".join(sorted(offers)) or "none"
    return f"declared are: {declared}; remove it or declare the {noun}"


def _severity_of_unknown(definition: Definition) -> Severity:
    """Argo hands superfluous arguments to a template of the same document, which ignores them."""
    return Severity.WARNING if definition.kind == TEMPLATE else Severity.ERROR


def _singular(aspect: str) -> str:
    return {"args": "argument", "parameters": "parameter"}.get(aspect, aspect.removesuffix("s"))


def _finding(
    code: str,
    message: str,
    remedy: str,
    place: Place,
    related: tuple[Related, ...],
    severity: Severity = Severity.ERROR,
) -> Finding:
    return Finding(
        severity=severity,
        code=code,
        message=message,
        remedy=remedy,
        place=place,
        related=related,
    )
