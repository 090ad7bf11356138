"""One manifest file becomes objects (the reference, Argo CD section 1.4).

A file that is no manifest at all (the values of a chart, a workflow of another tool) is left
out and said so; a file that looks like a manifest and cannot be read is an error.
"""

import codecs
from collections.abc import Iterator

from ruleengine.formats import yaml_reader
from ruleengine.model.findings import Finding, Place, Severity, has_errors
from ruleengine.model.values import Object, Value, lookup
from ruleengine.rendering.results import RenderedObject, finding

SKIP_MARKER = "+argocd:skip-file-rendering"
"""A file that contains this text is not rendered."""

_MANIFEST_WORDS = ("apiVersion:", "kind:", "metadata:")
"""A text with all of these is meant as a manifest, however broken it is."""


def read_manifests(data: bytes, path: str) -> tuple[list[RenderedObject], list[Finding]]:
    """Return the objects of one file, Lists taken apart, and what is wrong with it."""
    text = _decode(data)
    if text is None:
        return [], [_ignored(path, "it is not a text")]
    if SKIP_MARKER in text:
        return [], []
    if path.endswith(".json"):
        return _read_json(text, path)
    return _read_yaml(text, path)


def _decode(data: bytes) -> str | None:
    """Return the text of a file: UTF-8, or UTF-16 with a byte order mark."""
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        return None


def _read_json(text: str, path: str) -> tuple[list[RenderedObject], list[Finding]]:
    """Return the one object of a JSON file."""
    parsed = yaml_reader.read(text.encode("utf-8", "surrogatepass"), path)
    if has_errors(parsed.findings):
        return [], list(parsed.findings)
    if len(parsed.documents) != 1 or not isinstance(parsed.documents[0].value, dict):
        message = "a .json file holds exactly one object"
        return [], [finding("render-file-invalid", message, Place(path, 1))]
    objects, findings = _take(parsed.documents[0], path)
    return objects, [*parsed.findings, *findings]


def _read_yaml(text: str, path: str) -> tuple[list[RenderedObject], list[Finding]]:
    """Return the objects of every document of a YAML file."""
    parsed = yaml_reader.read(text.encode("utf-8", "surrogatepass"), path)
    objects: list[RenderedObject] = []
    findings: list[Finding] = []
    meant = all(word in text for word in _MANIFEST_WORDS)
    errors = [one for one in parsed.findings if one.severity is Severity.ERROR]
    for document in parsed.documents:
        value = document.value
        if value is None or value == {}:
            continue
        if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
            if not (meant or objects):
                return [], [_ignored(path, "it holds no object with a kind")]
            place = Place(path, document.line)
            message = "this document among manifests is no object with a kind"
            findings.append(finding("render-object-invalid", message, place))
            continue
        taken, wrong = _take(document, path)
        objects.extend(taken)
        findings.extend(wrong)
    if errors and not (meant or objects):
        return [], [_ignored(path, f"it cannot be read: {errors[0].message}")]
    return objects, [*parsed.findings, *findings]


def _take(
    document: yaml_reader.ParsedDocument, path: str
) -> tuple[list[RenderedObject], list[Finding]]:
    """Return the objects of one document, Lists taken apart."""
    objects: list[RenderedObject] = []
    findings: list[Finding] = []
    for item, index in _flatten(document.value):
        line = document.line if index is None else document.locator.key(("items", index))[0]
        wrong = _check(item, Place(path, line))
        if wrong:
            findings.append(wrong)
        else:
            objects.append(RenderedObject(object=item, path=path, line=line))
    return objects, findings


def _flatten(value: Object) -> Iterator[tuple[Value, int | None]]:
    """Yield the items of a List with their index, or the object itself without one.

    Items of a typed list such as ``ConfigMapList`` may leave out what the list says.
    """
    kind = value["kind"] if isinstance(value.get("kind"), str) else ""
    if not kind.endswith("List") or "items" not in value:
        yield value, None
        return
    implied = {"apiVersion": value.get("apiVersion"), "kind": kind.removesuffix("List")}
    items = value["items"] if isinstance(value["items"], list) else []
    for index, item in enumerate(items):
        if isinstance(item, dict) and implied["kind"] and "kind" not in item:
            yield implied | item, index
        else:
            yield item, index


def _check(value: Value, place: Place) -> Finding | None:
    """Return what an object lacks to be one of Kubernetes."""
    if not isinstance(value, dict):
        return finding("render-object-invalid", "an item of a List is no object", place)
    for field in ("apiVersion", "kind"):
        if not isinstance(value.get(field), str) or not value[field]:
            return finding("render-object-invalid", f"the object has no {field}", place)
    metadata = value.get("metadata")
    names = [lookup(metadata, "name"), lookup(metadata, "generateName")]
    if not any(isinstance(name, str) and name for name in names):
        message = f"the {value['kind']} has neither metadata.name nor metadata.generateName"
        return finding("render-object-invalid", message, place)
    for field in ("annotations", "labels"):
        if not isinstance(lookup(metadata, field, default={}), dict):
            message = f"metadata.{field} of the {value['kind']} is not a mapping"
            return finding("render-object-invalid", message, place)
    return None


def _ignored(path: str, why: str) -> Finding:
    """Return the note that a file was left out."""
    message = f"the file was left out: {why}"
    return finding("render-file-ignored", message, Place(path), severity=Severity.INFO)
