"""Requests for objects and collections: from a route to a verb, and back to a response."""

from collections.abc import Mapping
from typing import Final

from ruleengine.formats import json_text
from ruleengine.local.api import bodies, executions, pod_logs, preparing, tables
from ruleengine.local.api.acting import Actions
from ruleengine.local.api.authorizing import Authorizer
from ruleengine.local.api.catalog import Served
from ruleengine.local.api.failures import ApiFailure, bad_request, method_not_allowed
from ruleengine.local.api.granting import grants_of
from ruleengine.local.api.options import (
    DeleteOptions,
    WriteOptions,
    delete_options,
    number,
    query_of,
    write_options,
)
from ruleengine.local.api.patching import patch_function
from ruleengine.local.api.reading import check_not_future, list_objects, wants_watch
from ruleengine.local.api.registry import Edit, Registry
from ruleengine.local.api.reviews import KINDS as REVIEWED
from ruleengine.local.api.reviews import Reviews
from ruleengine.local.api.routing import Route
from ruleengine.local.api.scaling import SCALE, Scales, scale_of
from ruleengine.local.api.users import User
from ruleengine.local.api.warnings import of_version, with_warnings
from ruleengine.local.api.watching import Lines, Presentation, Watch, read_watch
from ruleengine.local.runtime.logs import Logs
from ruleengine.local.service_accounts import ServiceAccountTokens
from ruleengine.model.http import HttpRequest, HttpResponse
from ruleengine.model.values import Object, lookup

_RETURNED: Final = frozenset(
    {
        "csidrivers.storage.k8s.io",
        "csinodes.storage.k8s.io",
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "podtemplates",
        "resourcequotas",
        "serviceaccounts",
        "services",
        "storageclasses.storage.k8s.io",
        "volumeattachments.storage.k8s.io",
    }
)
"""Kinds of which a delete answers the object, also when it is gone; typed clients expect it."""

_PARTS: Final = ("status", "ephemeralcontainers")
"""Subresources that change a part of the object."""

_MANAGED_UPDATES: Final = ("status", "finalize", "ephemeralcontainers")
_PATCHED: Final = ("", "status", "finalize", "ephemeralcontainers", "scale")


class ObjectRequests:
    """Answers every request whose path names a resource."""

    def __init__(
        self,
        registry: Registry,
        patience: float | None,
        logs: Logs | None,
        reviews: Reviews,
        accounts: ServiceAccountTokens | None,
        authorizer: Authorizer,
    ) -> None:
        self._authorizer = authorizer
        self._logs = logs
        self._reviews = reviews
        self._actions = Actions(registry, accounts)
        self._registry = registry
        self._patience = patience
        self._lines = Lines()
        self._scales = Scales(registry)

    def handle(self, request: HttpRequest, route: Route, caller: User) -> HttpResponse:
        """Answer a request of somebody who may make it. Raises ``ApiFailure``."""
        answer, warnings = self._answer(request, route, caller), of_version(route.served)
        return with_warnings(answer, warnings) if warnings else answer

    def _answer(  # noqa: PLR0911 - one return per verb
        self, request: HttpRequest, route: Route, caller: User
    ) -> HttpResponse:
        verbs = route.served.info.verbs
        match request.method, bool(route.name), route.subresource:
            case _, True, "exec" | "attach" | "portforward":
                raise executions.no_websocket()
            case "GET" | "HEAD", False, "" if "list" in verbs:
                return self._collection(request, route)
            case "GET" | "HEAD", True, subresource:
                return self._get(request, route, subresource)
            case "POST", False, "":
                return self._create(request, route, caller)
            case "POST", True, subresource if subresource:
                return self._act(request, route)
            case "PUT", True, _ if "update" in verbs:
                return self._replace(request, route, caller)
            case "PATCH", True, _ if "patch" in verbs:
                return self._patch(request, route, caller)
            case "DELETE", True, "" if "delete" in verbs:
                return self._delete(request, route)
            case "DELETE", False, "" if "deletecollection" in verbs:
                return self._delete_collection(request, route)
        raise method_not_allowed()

    def _collection(self, request: HttpRequest, route: Route) -> HttpResponse:
        query = query_of(request)
        shown = tables.accepted(request.headers.get("accept", ""))
        if wants_watch(query):
            if "watch" not in route.served.info.verbs:
                raise method_not_allowed()
            return self._watch(route, query, shown)
        listed = list_objects(self._registry, route, query)
        info = route.served.info
        if shown.kind == "Table":
            include = tables.included(query)
            now = self._registry.clock.now()
            answer = tables.table(
                listed.items,
                route.served,
                now,
                listed.metadata,
                include=include,
                version=shown.version,
            )
        elif shown.kind:
            answer = {
                "kind": "PartialObjectMetadataList",
                "apiVersion": f"meta.k8s.io/{shown.version}",
                "metadata": listed.metadata,
                "items": [tables.partial(one, shown.version) for one in listed.items],
            }
        else:
            answer = {
                "kind": f"{info.kind}List",
                "apiVersion": info.api_version,
                "metadata": listed.metadata,
                "items": listed.items,
            }
        return _json(answer, content_type=shown.content_type)

    def _watch(self, route: Route, query: Mapping[str, str], shown: tables.Shown) -> HttpResponse:
        asked = read_watch(route, query, self._registry.store)
        served = route.served
        # a Table tells ages, which are those of the moment
        name = None if shown.kind == "Table" else (served.resource, served.info.api_version, shown)
        presentation = Presentation(
            lambda value: self._present(value, served, query, shown), name, self._lines
        )
        stream = Watch(asked, self._registry.store, presentation, self._patience)
        return HttpResponse(status=200, headers={"content-type": shown.content_type}, stream=stream)

    def _present(
        self, value: Object, served: Served, query: Mapping[str, str], shown: tables.Shown
    ) -> Object:
        if shown.kind == "Table":
            metadata = {"resourceVersion": value["metadata"]["resourceVersion"]}
            return tables.table(
                [value],
                served,
                self._registry.clock.now(),
                metadata,
                include=tables.included(query),
                version=shown.version,
            )
        return tables.partial(value, shown.version) if shown.kind else value

    def _get(self, request: HttpRequest, route: Route, subresource: str) -> HttpResponse:
        query = query_of(request)
        check_not_future(self._registry.store, number(query, "resourceVersion") or 0)
        value = self._registry.get(route.served, route.namespace, route.name)
        match subresource:
            case "" | "status" | "ephemeralcontainers":
                return self._shown(value, request, route.served)
            case "scale":
                return self._shown(scale_of(value, route.served), request, SCALE)
            case "log":
                now = self._registry.clock.now()
                return pod_logs.answer(value, query, self._logs, now, lambda: self._now(route))
        raise method_not_allowed()

    def _now(self, route: Route) -> Object | None:
        try:
            return self._registry.get(route.served, route.namespace, route.name)
        except ApiFailure:
            return None

    def _create(self, request: HttpRequest, route: Route, caller: User) -> HttpResponse:
        info = route.served.info
        if info.kind not in REVIEWED and not {"create", "list"} <= set(info.verbs):
            raise method_not_allowed()
        body = bodies.read_object(request)
        if info.kind in REVIEWED:
            value = preparing.decoded(body.value, route.served.schema)
            value = preparing.identified(value, route.served, route.namespace)
            answer = self._reviews.answer(value, info, caller, route.namespace)
            return _json(answer, status=201)
        if info.namespaced and not route.namespace:
            raise method_not_allowed()
        options = self._options(request, caller)
        try:
            created = self._registry.create(
                route.served, route.namespace, body.value, options, body.duplicates
            )
        except ApiFailure as failure:
            raise preparing.undecodable(failure, body.value, route.served) from None
        return self._shown(created, request, route.served, options, status=201)

    def _options(
        self, request: HttpRequest, caller: User, *, applying: bool = False
    ) -> WriteOptions:
        return write_options(request, grants_of(caller, self._authorizer), applying=applying)

    def _shown(
        self,
        value: Object,
        request: HttpRequest,
        served: Served,
        options: WriteOptions | None = None,
        *,
        status: int = 200,
    ) -> HttpResponse:
        """Answer one object in the form that is asked for, with what its write warns of."""
        shown = tables.accepted(request.headers.get("accept", ""))
        return _json(
            self._present(value, served, query_of(request), shown) if shown.kind else value,
            status=status,
            content_type=shown.content_type,
            warnings=tuple(options.warnings) if options else (),
        )

    def _replace(self, request: HttpRequest, route: Route, caller: User) -> HttpResponse:
        body = bodies.read_object(request)
        options = self._options(request, caller)
        if route.subresource == "scale":
            scale = self._scales.replace(route, body, options)
            return self._shown(scale, request, SCALE, options)
        if route.subresource and route.subresource not in _MANAGED_UPDATES:
            raise method_not_allowed()
        try:
            updated = self._registry.update(
                route.served,
                route.namespace,
                route.name,
                body.value,
                options,
                subresource=route.subresource if route.subresource in _PARTS else "",
                duplicates=body.duplicates,
            )
        except ApiFailure as failure:
            raise preparing.undecodable(failure, body.value, route.served) from None
        return self._shown(updated, request, route.served, options)

    def _patch(self, request: HttpRequest, route: Route, caller: User) -> HttpResponse:
        if route.subresource not in _PATCHED:
            raise method_not_allowed()
        media = bodies.media_type(request)
        options = self._options(request, caller, applying=media == bodies.APPLY_PATCH)
        body = bodies.read_patch(request)
        subresource = route.subresource if route.subresource in _PARTS else ""
        if media == bodies.APPLY_PATCH:
            if body.duplicates:
                raise bad_request(f"duplicate fields: {', '.join(body.duplicates)}")
            if route.subresource == "scale":
                scale = self._scales.apply(route, body.value, options)
                return self._shown(scale, request, SCALE, options)
            value, created = self._registry.apply(
                route.served,
                route.namespace,
                route.name,
                body.value,
                options,
                subresource=subresource,
            )
            status = 201 if created else 200
            return self._shown(value, request, route.served, options, status=status)
        patch = patch_function(media, body, route.served)
        if route.subresource == "scale":
            scale = self._scales.patch(route, patch, options, body.duplicates)
            return self._shown(scale, request, SCALE, options)
        changed = self._registry.change(
            route.served,
            route.namespace,
            route.name,
            lambda live: self._patched(live, patch, route, options, body.duplicates),
            options,
            subresource=subresource,
        )
        return self._shown(changed, request, route.served, options)

    def _patched(
        self,
        live: Object,
        patch: Edit,
        route: Route,
        options: WriteOptions,
        duplicates: tuple[str, ...],
    ) -> Object:
        served = route.served
        value = preparing.identified(patch(live), served, route.namespace)
        options.warnings.clear()
        known = self._registry.familiar.of(served, live)
        return preparing.declared(value, served, options, duplicates, known)

    def _delete(self, request: HttpRequest, route: Route) -> HttpResponse:
        options = delete_options(request, bodies.read_options(request))
        value, gone = self._registry.delete(route.served, route.namespace, route.name, options)
        if not gone or route.served.resource in _RETURNED:
            return _json(value)
        info = route.served.info
        details: Object = {"name": route.name, "kind": info.plural, "uid": value["metadata"]["uid"]}
        if info.group:
            details["group"] = info.group
        return _json(
            {
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Success",
                "details": details,
            }
        )

    def _delete_collection(self, request: HttpRequest, route: Route) -> HttpResponse:
        options = delete_options(request, bodies.read_options(request))
        query = {k: v for k, v in query_of(request).items() if k not in ("limit", "continue")}
        listed = list_objects(self._registry, route, query)
        for one in listed.items:
            self._delete_one(route, one, options)
        info = route.served.info
        return _json(
            {
                "kind": f"{info.kind}List",
                "apiVersion": info.api_version,
                "metadata": listed.metadata,
                "items": listed.items,
            }
        )

    def _delete_one(self, route: Route, value: Object, options: DeleteOptions) -> None:
        namespace = str(lookup(value, "metadata", "namespace", default=""))
        try:
            self._registry.delete(route.served, namespace, value["metadata"]["name"], options)
        except ApiFailure as failure:
            if failure.code != 404:
                raise

    def _act(self, request: HttpRequest, route: Route) -> HttpResponse:
        body = bodies.read_object(request).value
        return _json(self._actions.perform(request, route, body), status=201)


def _json(
    value: Object,
    *,
    status: int = 200,
    content_type: str = "application/json",
    warnings: tuple[str, ...] = (),
) -> HttpResponse:
    headers = {"content-type": content_type}
    response = HttpResponse(status=status, headers=headers, body=json_text.dump_bytes(value))
    return with_warnings(response, warnings) if warnings else response
