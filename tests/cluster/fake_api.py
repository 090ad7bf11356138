"""A small API server in memory, for tests: it answers requests without a socket.

It knows discovery, CRUD, lists in pages, watches, server-side apply, merge patches, the
status subresource, finalizers and CRDs. ``fault`` is asked before and after every request.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ruleengine.apimachinery import structured_merge
from ruleengine.apimachinery.declared import UndeclaredError
from ruleengine.apimachinery.kinds import KindInfo, KindTable, argo_kinds
from ruleengine.apimachinery.patches import merge_patch
from ruleengine.apimachinery.schema import Schema, deduced_object, schema_for, schema_from_openapi
from ruleengine.apimachinery.selectors import parse_label_selector
from ruleengine.model.actions import Target
from ruleengine.model.http import HttpRequest, HttpResponse
from ruleengine.model.values import Object, equal, lookup

NOW = "2026-01-02T03:04:05Z"
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class RefusalError(Exception):
    """A failure that is answered as a Status."""

    def __init__(self, code: int, reason: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.body = {
            "kind": "Status",
            "status": "Failure",
            "code": code,
            "reason": reason,
            "message": message,
            "details": details,
        }


Fault = Callable[[HttpRequest, str], HttpResponse | None]
"""Called with ``before`` and ``after``; may raise, or answer in place of the server."""


def no_fault(_: HttpRequest, __: str) -> HttpResponse | None:
    """Let everything pass."""
    return None


@dataclass
class FakeApi:
    """The server. ``requests`` is everything it was asked, ``writes`` what came to write."""

    kinds: KindTable = field(default_factory=lambda: KindTable.built_in().with_kinds(argo_kinds()))
    fault: Fault = no_fault
    objects: dict[Target, Object] = field(default_factory=dict)
    log: list[tuple[int, str, Object]] = field(default_factory=list)
    requests: list[HttpRequest] = field(default_factory=list)
    version: int = 0
    oldest: int = 0
    aggregated: bool = False
    crds: dict[tuple[str, str], Object] = field(default_factory=dict)

    @property
    def writes(self) -> list[str]:
        """The requests that write, as ``METHOD path``."""
        return [f"{one.method} {one.path}" for one in self.requests if one.method in WRITES]

    def send(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        answer = self.fault(request, "before")
        if answer is not None:
            return answer
        self.requests.append(request)
        try:
            response = self._answer(request)
        except RefusalError as refusal:
            response = _json(refusal.body["code"], refusal.body)
        return self.fault(request, "after") or response

    def add(self, value: Object) -> Object:
        """Store an object as it is, as if somebody else had written it."""
        return self._store(Target.of(value), value, "ADDED")

    def live(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """Return an object by kind and name."""
        for target, value in self.objects.items():
            if (target.kind, target.name, target.namespace) == (kind, name, namespace):
                return value
        return None

    def forget_history(self) -> None:
        """Make every resourceVersion so far too old to watch from."""
        self.oldest = self.version
        self.log.clear()

    def _answer(self, request: HttpRequest) -> HttpResponse:
        parts = request.path.strip("/").split("/")
        if request.path == "/version":
            return _json(200, {"gitVersion": "v1.34.0+fake"})
        if request.path in ("/api", "/apis"):
            return _json(200, self._groups(parts[0]))
        prefix = 2 if parts[0] == "api" else 3
        api_version = "/".join(parts[1:prefix])
        rest = parts[prefix:]
        if not rest:
            return _json(200, self._resources(api_version))
        namespace = ""
        if len(rest) > 2 and rest[0] == "namespaces":
            namespace, rest = rest[1], rest[2:]
        group, _, version = api_version.rpartition("/")
        info = self.kinds.find_resource(group, version, rest[0])
        if info is None:
            raise RefusalError(404, "NotFound", "the server could not find the requested resource")
        name, subresource = (*rest[1:], "", "")[:2]
        target = Target(info.api_version, info.kind, namespace, name)
        return self._on_kind(request, info, target, subresource)

    def _on_kind(  # noqa: PLR0911 - one line per verb
        self, request: HttpRequest, info: KindInfo, target: Target, subresource: str
    ) -> HttpResponse:
        query = dict(request.query)
        body = json.loads(request.body) if request.body else {}
        match request.method:
            case "GET" if target.name:
                return _json(200, self._get(target))
            case "GET" if "watch" in query:
                return self._watch(target, int(query["resourceVersion"]))
            case "GET":
                return self._list(target, query)
            case "POST":
                created = Target(
                    target.api_version, target.kind, target.namespace, Target.of(body).name
                )
                if created in self.objects:
                    raise RefusalError(409, "AlreadyExists", f"{created} already exists")
                self._check_namespace(created)
                value = structured_merge.update(
                    None, body, manager=query["fieldManager"], schema=self.schema(info), now=NOW
                )
                return _json(201, self._store(created, value, "ADDED"))
            case "PUT":
                return self._replace(target, body, query, info)
            case "PATCH" if "apply" in request.headers["content-type"]:
                return self._apply(target, body, query, info)
            case "PATCH":
                return self._merge(target, body, query, info, subresource)
            case _:
                return self._delete(target, body)

    def schema(self, info: KindInfo) -> Schema:
        """Return the schema of a kind, as its CRD says."""
        crd = self.crds.get((info.group, info.kind))
        if crd is not None:
            version = crd["spec"]["versions"][0]
            return schema_from_openapi(
                lookup(version, "schema", "openAPIV3Schema"),
                has_status="status" in info.subresources,
            )
        if KindTable.built_in().find(info.api_version, info.kind):
            return schema_for(info.api_version, info.kind)
        return deduced_object(has_status="status" in info.subresources)

    def _get(self, target: Target) -> Object:
        if target not in self.objects:
            raise RefusalError(404, "NotFound", f"{target} not found")
        return self.objects[target]

    def _list(self, target: Target, query: dict[str, str]) -> HttpResponse:
        selector = parse_label_selector(query.get("labelSelector", ""))
        found = [
            value
            for one, value in sorted(self.objects.items(), key=lambda pair: pair[0])
            if (one.api_version, one.kind) == (target.api_version, target.kind)
            and target.namespace in ("", one.namespace)
            and selector.matches(lookup(value, "metadata", "labels", default={}))
            and _field_matches(value, query.get("fieldSelector", ""))
        ]
        start, limit = int(query.get("continue", "0")), int(query.get("limit", "500"))
        metadata: Object = {"resourceVersion": str(self.version)}
        if start + limit < len(found):
            metadata["continue"] = str(start + limit)
        return _json(200, {"metadata": metadata, "items": found[start : start + limit]})

    def _watch(self, target: Target, since: int) -> HttpResponse:
        if since < self.oldest:
            gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
            lines = [{"type": "ERROR", "object": gone}]
        else:
            lines = [
                {"type": event, "object": value}
                for version, event, value in self.log
                if version > since
                and (value["apiVersion"], value["kind"]) == (target.api_version, target.kind)
            ]
            bookmark = {"metadata": {"resourceVersion": str(self.version)}}
            lines.append({"type": "BOOKMARK", "object": bookmark})
        return HttpResponse(
            status=200, stream=iter([json.dumps(one).encode() + b"\n" for one in lines])
        )

    def _apply(
        self, target: Target, body: Object, query: dict[str, str], info: KindInfo
    ) -> HttpResponse:
        live = self.objects.get(target)
        self._check_namespace(target)
        try:
            applied = structured_merge.apply(
                live,
                body,
                manager=query["fieldManager"],
                schema=self.schema(info),
                now=NOW,
                force=query.get("force") == "true",
            )
        except UndeclaredError as error:
            raise RefusalError(500, "InternalError", error.message) from error
        if applied.conflicts:
            causes = structured_merge.conflict_causes(applied.conflicts)
            message = structured_merge.conflict_message(applied.conflicts)
            raise RefusalError(409, "Conflict", message, causes=causes)
        if live is None:
            return _json(201, self._store(target, applied.object, "ADDED"))
        if applied.object is live:
            return _json(200, live)
        return _json(200, self._store(target, applied.object, "MODIFIED"))

    def _replace(
        self, target: Target, body: Object, query: dict[str, str], info: KindInfo
    ) -> HttpResponse:
        live = self._get(target)
        self._check_version(live, body)
        value = structured_merge.update(
            live, body, manager=query["fieldManager"], schema=self.schema(info), now=NOW
        )
        return _json(200, self._store(target, value, "MODIFIED"))

    def _merge(
        self, target: Target, body: Object, query: dict[str, str], info: KindInfo, subresource: str
    ) -> HttpResponse:
        live = self._get(target)
        self._check_version(live, body)
        if subresource == "status":
            body = {"status": body.get("status")}
        elif "status" in info.subresources:
            body = {name: value for name, value in body.items() if name != "status"}
        patched = merge_patch(live, body)
        patched["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
        if equal(patched, live):
            return _json(200, live)
        if lookup(live, "metadata", "deletionTimestamp") and not lookup(
            patched, "metadata", "finalizers"
        ):
            self._remove(target)
            return _json(200, patched)
        value = structured_merge.update(
            live,
            patched,
            manager=query["fieldManager"],
            schema=self.schema(info),
            now=NOW,
            subresource=subresource,
        )
        return _json(200, self._store(target, value, "MODIFIED"))

    def _delete(self, target: Target, options: Object) -> HttpResponse:
        live = self._get(target)
        for name, wanted in options.get("preconditions", {}).items():
            if live["metadata"][name] != wanted:
                raise RefusalError(
                    409, "Conflict", f"the {name} in the precondition does not match"
                )
        if lookup(live, "metadata", "finalizers"):
            metadata = {**live["metadata"], "deletionTimestamp": NOW}
            return _json(200, self._store(target, {**live, "metadata": metadata}, "MODIFIED"))
        self._remove(target)
        return _json(200, {"kind": "Status", "status": "Success"})

    def _remove(self, target: Target) -> None:
        self.version += 1
        value = self.objects.pop(target)
        metadata = {**value["metadata"], "resourceVersion": str(self.version)}
        self.log.append((self.version, "DELETED", {**value, "metadata": metadata}))

    def _store(self, target: Target, value: Object, event: str) -> Object:
        self.version += 1
        metadata = {
            "uid": f"uid-{self.version}",
            "creationTimestamp": NOW,
            **value.get("metadata", {}),
            "resourceVersion": str(self.version),
        }
        value = {**value, "metadata": metadata}
        if target.kind == "CustomResourceDefinition":
            condition = {"type": "Established", "status": "True"}
            value["status"] = {"conditions": [condition]}
            self.crds[(value["spec"]["group"], value["spec"]["names"]["kind"])] = value
            self.kinds = self.kinds.with_custom([value])
        self.objects[target] = value
        self.log.append((self.version, event, value))
        return value

    def _check_namespace(self, target: Target) -> None:
        if target.namespace and Target("v1", "Namespace", "", target.namespace) not in self.objects:
            raise RefusalError(404, "NotFound", f'namespaces "{target.namespace}" not found')

    def _check_version(self, live: Object, body: Object) -> None:
        wanted = lookup(body, "metadata", "resourceVersion", default="")
        if wanted and wanted != live["metadata"]["resourceVersion"]:
            raise RefusalError(409, "Conflict", "the object has been modified")

    def _groups(self, root: str) -> Object:
        infos = [one for one in self.kinds.resources() if bool(one.group) is (root == "apis")]
        if self.aggregated:
            return _aggregated(infos)
        if root == "api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        versions: dict[str, list[Object]] = {}
        for one in infos:
            row = {"groupVersion": one.api_version, "version": one.version}
            if row not in versions.setdefault(one.group, []):
                versions[one.group].append(row)
        groups = [{"name": name, "versions": rows} for name, rows in versions.items()]
        return {"kind": "APIGroupList", "groups": groups}

    def _resources(self, api_version: str) -> Object:
        rows = []
        for one in self.kinds.resources():
            if one.api_version == api_version:
                row = {
                    "name": one.plural,
                    "singularName": one.singular,
                    "kind": one.kind,
                    "namespaced": one.namespaced,
                    "verbs": list(one.verbs),
                }
                rows.append(row)
                rows += [{**row, "name": f"{one.plural}/{sub}"} for sub in one.subresources]
        return {"kind": "APIResourceList", "groupVersion": api_version, "resources": rows}


def _aggregated(infos: list[KindInfo]) -> Object:
    groups: dict[str, dict[str, list[Object]]] = {}
    for one in infos:
        row = {
            "resource": one.plural,
            "responseKind": {"kind": one.kind},
            "scope": "Namespaced" if one.namespaced else "Cluster",
            "singularResource": one.singular,
            "verbs": list(one.verbs),
            "subresources": [{"subresource": sub} for sub in one.subresources],
        }
        groups.setdefault(one.group, {}).setdefault(one.version, []).append(row)
    items = [
        {
            "metadata": {"name": name},
            "versions": [{"version": v, "resources": rows} for v, rows in versions.items()],
        }
        for name, versions in groups.items()
    ]
    return {"kind": "APIGroupDiscoveryList", "items": items}


def _field_matches(value: Object, selector: str) -> bool:
    path, _, wanted = selector.partition("=")
    return not selector or lookup(value, *path.split("."), default="") == wanted


def _json(status: int, value: Object) -> HttpResponse:
    return HttpResponse(status=status, body=json.dumps(value).encode())
