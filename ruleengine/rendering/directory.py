"""The plain directory: every manifest of a folder (the reference, Argo CD section 1.4)."""

import posixpath

from ruleengine.model.findings import Finding, Place, Severity
from ruleengine.model.values import Object, Value
from ruleengine.rendering import globs
from ruleengine.rendering.manifests import read_manifests
from ruleengine.rendering.results import RenderedObject, finding
from ruleengine.rendering.views import FileView
from ruleengine.repository.entries import unreadable

SIZE_LIMIT = 10_000_000
"""How many bytes the manifests of one source may have together."""

_SUFFIXES = ("yaml", "yml", "json", "jsonnet")
_OVERRIDE = ".argocd-source"


def render_directory(
    source: Object, folder: str, view: FileView
) -> tuple[tuple[RenderedObject, ...], tuple[Finding, ...]]:
    """Return the objects of the manifests in ``folder``, and what is wrong with them."""
    options = source.get("directory") or {}
    wrong = _check_options(options, folder)
    if wrong:
        return (), wrong
    recurse = bool(options.get("recurse"))
    candidates = _candidates(options, folder, view)
    findings: list[Finding] = list(view.unfollowed(folder, recurse=recurse))
    manifests = [path for path, _ in candidates if not path.endswith("jsonnet")]
    size = sum(bytes_ for path, bytes_ in candidates if not path.endswith("jsonnet"))
    if size > SIZE_LIMIT:
        message = f"the manifests have {size:,} bytes together, {SIZE_LIMIT:,} are allowed"
        return (), (*findings, finding("render-size-exceeded", message, Place(folder or ".")))
    for path, _ in candidates:
        if path.endswith("jsonnet"):
            message = "Jsonnet comes with a later release; this file was not rendered"
            findings.append(finding("render-source-unsupported", message, Place(path)))
    objects: list[RenderedObject] = []
    for path in manifests:
        try:
            found, wrong_here = read_manifests(view.read(path), path)
        except KeyError:
            # Without it the source would look as if its objects were to be pruned.
            findings.append(unreadable(path))
            continue
        objects.extend(found)
        findings.extend(wrong_here)
    if not objects:
        findings.append(_nothing(folder, view, recurse=recurse))
    return tuple(objects), tuple(findings)


def _candidates(options: Object, folder: str, view: FileView) -> list[tuple[str, int]]:
    """Return path and size of every file that counts as a manifest, in lexical order."""
    prefix = f"{folder}/" if folder else ""
    kept = []
    for path, entry in view.walk(folder):
        relative = path.removeprefix(prefix)
        if "/" in relative and not options.get("recurse"):
            continue
        if posixpath.basename(path).startswith(_OVERRIDE):
            continue
        if not options.get("disableExtensionFilter") and not path.endswith(_SUFFIXES):
            continue
        if options.get("exclude") and globs.matches(options["exclude"], relative):
            continue
        if options.get("include") and not globs.matches(options["include"], relative):
            continue
        kept.append((path, entry.size))
    return kept


def _check_options(options: Value, folder: str) -> tuple[Finding, ...]:
    """Return what is wrong with the ``directory`` block, globs included."""
    place = Place(folder or ".")
    if not isinstance(options, dict):
        message = "source.directory is not a mapping"
        return (finding("render-source-invalid", message, place),)
    findings = []
    for key in ("include", "exclude"):
        pattern = options.get(key) or ""
        try:
            globs.compile_glob(pattern)
        except (globs.InvalidGlobError, TypeError) as error:
            message = f"source.directory.{key} is no glob: {error}"
            findings.append(finding("render-source-invalid", message, place))
    return tuple(findings)


def _nothing(folder: str, view: FileView, *, recurse: bool) -> Finding:
    """Return the finding that a folder rendered no object, with the likely reason."""
    deeper = not recurse and any(
        "/" in path[len(folder) + 1 :] for path, _ in view.walk(folder) if path.endswith(_SUFFIXES)
    )
    remedy = "set directory.recurse: manifests lie in folders below" if deeper else ""
    return finding(
        "render-folder-empty",
        f"the folder {folder or '.'!r} holds no manifest",
        Place(folder or "."),
        severity=Severity.WARNING,
        remedy=remedy,
    )
