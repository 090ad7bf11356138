"""``_defaults.yaml``: what the short forms of a folder and those below it have in common.

Keyed by kind. A deeper folder's word goes over a higher one's: maps are merged deep, lists
replaced. A ``null`` stays ``null``, because it deletes what rules and short forms have
under it, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ruleengine.formats import yaml_reader
from ruleengine.model.findings import Finding, Place, Severity
from ruleengine.model.trees import Tree
from ruleengine.model.values import Object, Value
from ruleengine.repository import configuration
from ruleengine.repository.entries import unreadable
from ruleengine.repository.snapshots import DEFAULTS_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """The defaults of a whole tree; call it with a path for those that apply there.

    ``folders`` holds what each folder's own file says, ``base`` the ``defaults`` of
    ``ruleengine.yaml``, which lie under all of them.
    """

    base: Object = field(default_factory=dict)
    folders: Mapping[str, Object] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    _merged: dict[str, Object] = field(default_factory=dict, compare=False, repr=False)

    def __call__(self, path: str) -> Object:
        """Return the defaults for a file, keyed by kind."""
        return self._for_folder(path.rpartition("/")[0])

    def _for_folder(self, folder: str) -> Object:
        if folder not in self._merged:
            above = self._for_folder(folder.rpartition("/")[0]) if folder else self.base
            own = self.folders.get(folder) if folder else None
            self._merged[folder] = above if own is None else _over(own, above)
        return self._merged[folder]


def read_defaults(tree: Tree, base: Object | None = None) -> Defaults:
    """Read every ``_defaults.yaml`` of a tree; what is wrong is in the result's findings.

    ``base`` are the ``defaults`` of ``ruleengine.yaml``, read from the tree unless given.
    """
    folders: dict[str, Object] = {}
    findings: list[Finding] = []
    for path in tree.files():
        if path.endswith(f"/{DEFAULTS_FILE}"):
            try:
                value, wrong = _read_file(tree.read(path), path)
            except KeyError:
                findings.append(unreadable(path))
                continue
            findings += wrong
            if value is not None:
                folders[path.rpartition("/")[0]] = value
    if base is None:
        base = configuration.read(tree)[0].defaults
    return Defaults(base=base, folders=folders, findings=tuple(findings))


_REMEDY: Final = "write kinds as keys, for instance `Application: {spec: {project: shop}}`"


def _read_file(data: bytes, path: str) -> tuple[Object | None, list[Finding]]:
    parsed = yaml_reader.read(data, path)
    findings = list(parsed.findings)
    if not parsed.documents:
        return None, findings
    first, *others = parsed.documents
    if others:
        findings.append(_finding("only the first document counts", Place(path, others[0].line)))
    if not isinstance(first.value, dict):
        findings.append(_finding("the file must be a mapping", Place(path, first.line)))
        return None, findings
    kept: Object = {}
    for kind, value in first.value.items():
        near = _misspelt(kind)
        if near:
            place = Place(path, *first.locator.key((kind,)))
            findings.append(_doubt(kind, near, place))
        if isinstance(value, dict):
            kept[kind] = value
        else:
            place = Place(path, *first.locator.key((kind,)))
            findings.append(_finding(f"the defaults of {kind} must be a mapping", place))
    return kept, findings


_SHORT_KINDS: Final = (
    "Application",
    "CronWorkflow",
    "EventSource",
    "Rollout",
    "Sensor",
    "WorkflowTemplate",
)
"""What our own short forms become. A team's rules may look for other names."""


def _misspelt(kind: str) -> str:
    """Return the kind that was probably meant, or an empty text."""
    if kind in _SHORT_KINDS:
        return ""
    from difflib import get_close_matches

    return next(iter(get_close_matches(kind, _SHORT_KINDS, 1, 0.8)), "")


def _doubt(kind: str, near: str, place: Place) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        code="configuration-defaults-unused",
        message=f"no short form of ours becomes a {kind}: did you mean {near!r}?",
        remedy=f"write {near}, or leave it where a rule of your own looks for {kind}",
        place=place,
    )


def _finding(message: str, place: Place) -> Finding:
    return Finding(
        severity=Severity.ERROR,
        code="configuration-defaults-invalid",
        message=message,
        remedy=_REMEDY,
        place=place,
    )


def _over(upper: Value, lower: Value) -> Value:
    if not isinstance(upper, dict) or not isinstance(lower, dict):
        return upper
    merged = dict(lower)
    for key, value in upper.items():
        merged[key] = _over(value, lower[key]) if key in lower else value
    return merged
