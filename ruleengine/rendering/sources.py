"""Which generator a source asks for, and what the repo itself overrides in it.

The order is Argo CD's (the reference, section 1.1): ``.argocd-source.yaml`` and then
``.argocd-source-<application>.yaml`` are merged over the source, an explicit block decides
the generator, and otherwise the files of the folder do.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from ruleengine.apimachinery.patches import merge_patch
from ruleengine.formats import yaml_reader
from ruleengine.model.findings import Finding, Place, has_errors
from ruleengine.model.values import Object
from ruleengine.rendering.results import SourceType, finding
from ruleengine.rendering.views import FileView

_BLOCKS: Mapping[str, SourceType] = {
    "helm": SourceType.HELM,
    "kustomize": SourceType.KUSTOMIZE,
    "directory": SourceType.DIRECTORY,
    "plugin": SourceType.PLUGIN,
}
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_PROTECTED = ("chart", "path", "repoURL", "targetRevision")
"""What an override file cannot change: it would then lie in another place itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A source after its overrides: where its folder is and what generates from it."""

    source: Object
    folder: str
    source_type: SourceType


def resolve(
    source: Object, view: FileView, application: Object
) -> tuple[Resolved | None, tuple[Finding, ...]]:
    """Return the source as it counts, or ``None`` with the findings that say why not."""
    if source.get("chart"):
        chart = Resolved(source=source, folder="", source_type=SourceType.HELM)
        return chart, ()
    folder, wrong = _folder(source, view)
    if folder is None:
        return None, wrong
    source, wrong = _override(source, folder, view, str(application.get("name", "")))
    if has_errors(wrong):
        return None, wrong
    blocks = [block for block in _BLOCKS if source.get(block) is not None]
    if len(blocks) > 1:
        message = f"the source has {' and '.join(blocks)}: only one generator can make it"
        return None, (finding("render-source-ambiguous", message, Place(folder or ".")),)
    source_type = _BLOCKS[blocks[0]] if blocks else _discover(folder, view)
    return Resolved(source=source, folder=folder, source_type=source_type), wrong


def _folder(source: Object, view: FileView) -> tuple[str | None, tuple[Finding, ...]]:
    """Return the folder of a source relative to the root, or what is wrong with it."""
    written = source.get("path") or "."
    if not isinstance(written, str):
        message = f"source.path is {written!r}, not a text"
        return None, (finding("render-source-invalid", message, Place("source.path")),)
    path = posixpath.normpath(written)
    if path.startswith(("/", "..")):
        message = f"source.path {written!r} leaves the repo"
        return None, (finding("render-path-outside", message, Place(written)),)
    folder = "" if path == "." else path
    if view.has_folder(folder):
        return folder, ()
    what = "is a file, not a folder" if view.exists(folder) else "does not exist"
    if view.links(folder):
        what = "is a symbolic link, which is not followed,"
    closed = view.closed(folder)
    if closed:
        return None, closed
    revision = view.tree.revision
    message = f"source.path {written!r} {what}" + (f" at revision {revision}" if revision else "")
    return None, (finding("render-path-missing", message, Place(folder)),)


def _override(
    source: Object, folder: str, view: FileView, application: str
) -> tuple[Object, tuple[Finding, ...]]:
    """Return the source with the override files of its folder merged over it."""
    view.folders.add(folder)
    protected = {key: source[key] for key in _PROTECTED if key in source}
    findings: list[Finding] = []
    for name in (".argocd-source.yaml", f".argocd-source-{application}.yaml"):
        path = posixpath.join(folder, name)
        if not view.exists(path):
            continue
        parsed = yaml_reader.read(view.read(path), path)
        findings.extend(parsed.findings)
        for document in parsed.documents[:1]:
            if isinstance(document.value, dict):
                source = merge_patch(source, document.value)
            else:
                message = "an override file holds a mapping of fields of the source"
                findings.append(finding("render-source-invalid", message, Place(path, 1)))
    kept = {key: value for key, value in source.items() if key not in _PROTECTED}
    return kept | protected, tuple(findings)


def _discover(folder: str, view: FileView) -> SourceType:
    """Return the generator that the files of a folder call for."""
    if view.exists(posixpath.join(folder, "Chart.yaml")):
        return SourceType.HELM
    if any(view.exists(posixpath.join(folder, name)) for name in _KUSTOMIZATIONS):
        return SourceType.KUSTOMIZE
    return SourceType.DIRECTORY
