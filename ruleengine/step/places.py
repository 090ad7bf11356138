"""Where an object lies at the API: by its manifest, or by a kind as people write it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from ruleengine.model.values import Object, lookup
from ruleengine.step.api import Api, ApiAnswerError, path_of
from ruleengine.step.plan import StepError


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object lies at the API: its collection, its name, and a subresource."""

    collection: str
    name: str = ""
    subresource: str = ""

    @property
    def path(self) -> str:
        """The path of the object. Raises ``StepError`` where it has no name."""
        if not self.name:
            raise StepError("the manifest has no metadata.name, by which the object is found")
        whole = f"{self.collection}{path_of((self.name,))}"
        return f"{whole}/{self.subresource}" if self.subresource else whole

    def named(self, name: str) -> Self:
        """Return where an object of the same kind and namespace lies."""
        return replace(self, name=name, subresource="")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind as a server knows it: the path of its group and version, and what it says of it."""

    root: str
    info: Object

    def collection(self, namespace: str) -> Place:
        """Return where its objects of a namespace lie; of all namespaces for none."""
        of_one = namespace if self.info.get("namespaced") else ""
        inside = path_of(("namespaces", of_one)) if of_one else ""
        return Place(f"{self.root}{inside}/{self.info['name']}")


def kind_of(api: Api, manifest: Object) -> Kind:
    """Return the kind that a manifest states. Raises ``StepError``."""
    version, kind = str(manifest["apiVersion"]), str(manifest["kind"])
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    try:
        known = _resources(api, root)
    except ApiAnswerError as error:
        if error.status != 404:
            raise
        known = []
    found = next((one for one in known if one["kind"] == kind), None)
    if found is None:
        told = f"the server has no kind {kind} in {version}"
        raise StepError(f"{told}: correct the manifest, or install what defines the kind")
    return Kind(root, found)


def kind_named(api: Api, word: str) -> Kind:
    """Return the kind of a name such as ``pods``, ``po`` or ``deployments.apps``.

    Raises ``StepError``.
    """
    name, _, group = word.lower().partition(".")
    untold = ""
    for root in _roots(api, group):
        try:
            known = _resources(api, root)
        except ApiAnswerError as error:  # who answers for a group may be away: others go on
            untold = f"; of {root} it does not tell: {error}"
            continue
        for info in known:
            if name in _names(info):
                return Kind(root, info)
    raise StepError(f"the server has no kind that is called {word!r}{untold}")


def _names(info: Object) -> tuple[str, ...]:
    return (
        info["name"],
        info.get("singularName", ""),
        info["kind"].lower(),
        *(info.get("shortNames") or ()),
    )


def _resources(api: Api, root: str) -> list[Object]:
    return [one for one in api.get(root).get("resources") or () if "/" not in one["name"]]


def _roots(api: Api, group: str) -> Iterator[str]:
    """Yield the groups and versions to look for a kind in, that which is preferred first."""
    if not group:
        yield "/api/v1"
    for one in api.get("/apis").get("groups") or ():
        preferred = lookup(one, "preferredVersion", "groupVersion", default="")
        versions = [preferred, *(version["groupVersion"] for version in one["versions"])]
        for version in dict.fromkeys(versions):
            spelt = {one["name"], ".".join(reversed(version.split("/")))}
            if not group or group in spelt:
                yield f"/apis/{version}"
