"""The rights that the pages of the areas list, and those that an account used of a server."""

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from ruleengine.formats import yaml_reader
from ruleengine.model.values import Object, lookup
from tests.kubernetes.clusters import PIPELINES, Cluster

LOOKING = ("list", "watch")
DOCS = Path(__file__).resolve().parents[2] / "docs"


def listed(area: str) -> Iterator[Sequence[Object]]:
    """Yield the rules of each role that the page of an area lists, in its order."""
    page = (
        (DOCS / f"{area}.md").read_text(encoding="utf-8").partition("**Rights on a cluster.**")[2]
    )
    for block in re.findall(r"```yaml\n(rules:.*?)```", page, re.DOTALL):
        for document in yaml_reader.read(block.encode(), f"{area}.md").documents:
            yield document.value["rules"]


def used(real: Cluster, account: str, left_alone: Collection[str]) -> set[tuple[str, str, str]]:
    """Return what an account did: group, resource and verb.

    A refusal fails the calling test, but for resources that are looked for and left alone.
    """
    found = set()
    for noted in real.server.requests_of(f"system:serviceaccount:{PIPELINES}:{account}"):
        place, code = noted.get("objectRef") or {}, lookup(noted, "responseStatus", "code")
        if not place.get("resource") or place.get("apiGroup") == "authorization.k8s.io":
            continue
        resource = "/".join(filter(None, (place["resource"], place.get("subresource", ""))))
        right = (place.get("apiGroup", ""), resource, noted["verb"])
        if code == 403:
            assert resource in left_alone or noted["verb"] in LOOKING, noted
        else:
            found.add(right)
            if noted["verb"] == "patch" and code == 201:
                found.add((*right[:2], "create"))  # an apply that creates needs both
    return found


def read_alike(rights: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Return rights with one way of reading for all: which one is used is a matter of time."""
    return {(*one[:2], "get" if one[2] in ("list", "watch") else one[2]) for one in rights}


def stated(rules: Sequence[Object]) -> set[tuple[str, str, str]]:
    """Return what rules allow: group, resource and verb."""
    return {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
