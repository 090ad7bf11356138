"""Names that Kubernetes refuses, found at commit time.

Checked are the name (or the base of a generated one) and the namespace of every object that
the rules make of a document, and the namespace that an Application deploys to. The rules
per kind follow the reference, Kubernetes API section 3.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache

from ruleengine.apimachinery.kinds import KindTable
from ruleengine.apimachinery.metadata_validating import name_check
from ruleengine.apimachinery.naming import check_dns_label, check_dns_subdomain
from ruleengine.model.documents import Derived
from ruleengine.model.findings import Finding, Place, Severity
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Path, Value, lookup
from ruleengine.validation.whereabouts import related_document, team_rule, written_at

NAME_INVALID = "identity-name-invalid"

_NAME: Path = ("metadata", "name")
_BASE: Path = ("metadata", "generateName")
_NAMESPACE: Path = ("metadata", "namespace")
_DESTINATION: Path = ("spec", "destination", "namespace")
_SHORT_DESTINATIONS: tuple[Path, ...] = (("destination", "namespace"), ("namespace",))


def check_names(derived: Iterable[Derived]) -> Iterator[Finding]:
    """Yield which names of derived objects Kubernetes would refuse."""
    for one in derived:
        yield from _check(one)


def _check(one: Derived) -> Iterator[Finding]:
    metadata = one.object.get("metadata")
    if not isinstance(metadata, dict):
        return
    api_version, kind = str(one.object.get("apiVersion")), str(one.object.get("kind"))
    check = _check_of(api_version, kind)
    name, base, namespace = (metadata.get(path[-1]) for path in (_NAME, _BASE, _NAMESPACE))
    if problem := _problem(_completed(base), check):
        yield _finding(one, f"the generateName {base!r}", problem, base, _BASE)
    elif problem := _problem(name, check):
        yield _finding(one, f"the name {name!r}", problem, name, _NAME)
    if problem := _problem(namespace, check_dns_label):
        yield _finding(one, f"the namespace {namespace!r}", problem, namespace, _NAMESPACE)
    if kind == "Application" and api_version == ARGO_API_VERSION:
        target = lookup(one.object, *_DESTINATION)
        if problem := _problem(target, check_dns_label):
            what = f"the destination namespace {target!r}"
            yield _finding(one, what, problem, target, _DESTINATION, *_SHORT_DESTINATIONS)


def _problem(text: Value, check: Callable[[str], str | None]) -> str | None:
    """Return why a text is refused. What is no text is a matter of the schemas."""
    return check(text) if isinstance(text, str) and text else None


def _completed(base: Value) -> Value:
    """Return the base of a generated name as Kubernetes checks it: it may end with a dash."""
    ends = isinstance(base, str) and base.endswith("-")
    return f"{base[:-1]}a" if ends else base


@cache
def _check_of(api_version: str, kind: str) -> Callable[[str], str | None]:
    known = KindTable.built_in().find(api_version, kind)
    return name_check(known) if known else check_dns_subdomain


def _finding(one: Derived, what: str, problem: str, value: Value, *paths: Path) -> Finding:
    written = written_at(one, value, paths)
    rule = None if written else team_rule(one)
    if written:
        place, remedy = written, "write a name that Kubernetes accepts"
    elif rule:
        place, remedy = rule, "let the rule make a name that Kubernetes accepts"
    else:
        place = Place(one.source.path)
        remedy = "it is made of the path: rename the file or its folder"
    return Finding(
        severity=Severity.ERROR,
        code=NAME_INVALID,
        message=f"Kubernetes refuses {what} of this {one.object.get('kind')}: {problem}",
        remedy=remedy,
        place=place,
        related=related_document(one) if rule else (),
    )
