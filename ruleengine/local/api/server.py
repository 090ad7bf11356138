"""The API server: one request in, one response out, no socket in between."""

import hashlib
import logging
import traceback
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Final

from ruleengine.apimachinery.kinds import KindTable
from ruleengine.formats import json_text
from ruleengine.local.api import discovery, executions, openapi, openapi_v2, port_forwards
from ruleengine.local.api.access import Attributes
from ruleengine.local.api.authenticating import Authenticator
from ruleengine.local.api.authorizing import Authorizer
from ruleengine.local.api.bodies import check_size
from ruleengine.local.api.failures import ApiFailure, method_not_allowed, no_such_path
from ruleengine.local.api.objects import ObjectRequests
from ruleengine.local.api.options import query_of
from ruleengine.local.api.port_forwards import Forwarding
from ruleengine.local.api.registry import Registry
from ruleengine.local.api.reviews import Reviews
from ruleengine.local.api.routing import attributes_of, resolve, split
from ruleengine.local.api.users import User
from ruleengine.local.clock import Clock
from ruleengine.local.runtime.checking import Executor
from ruleengine.local.runtime.executing import Execution
from ruleengine.local.runtime.logs import Logs
from ruleengine.local.service_accounts import ServiceAccountTokens
from ruleengine.local.store import Store
from ruleengine.model.errors import StoreError
from ruleengine.model.http import HttpRequest, HttpResponse
from ruleengine.model.secrets import Secret
from ruleengine.model.values import Object

_LOG: Final = logging.getLogger(__name__)
_PROBES: Final = frozenset({"healthz", "livez", "readyz"})
_LACKS: Final = (
    "no etcd, no webhooks, no answers in protobuf, no real networking; pods are simulated "
    "by the node unless they ask to run as processes"
)


class ApiServer:
    """Answers the Kubernetes API from a store.

    ``token`` is asked for where one is given; without it every caller is the
    administrator, which is for tests in one process. ``accounts`` reads the tokens of service
    accounts, which are accepted as well. ``patience`` is how long an idle watch
    stays open, ``None`` for as long as the client asks. ``reports`` is the folder for
    reports about failures of our own, ``logs`` where the logs of process pods are, and
    ``processes`` starts programs in them.
    """

    def __init__(  # noqa: PLR0913 - what a server is made of, by name
        self,
        store: Store,
        clock: Clock,
        token: Secret | None = None,
        *,
        accounts: ServiceAccountTokens | None = None,
        randomness: Random | None = None,
        patience: float | None = None,
        reports: Path | None = None,
        logs: Logs | None = None,
        processes: Executor | None = None,
    ) -> None:
        self._processes = processes
        self.registry = Registry(store, clock, randomness)
        self._authorizer = Authorizer(store)
        self._authenticator = Authenticator(store, clock, token, accounts, self._authorizer)
        reviews = Reviews(self._authenticator, self._authorizer)
        self._objects = ObjectRequests(
            self.registry, patience, logs, reviews, accounts, self._authorizer
        )
        self._reports = reports
        self._aggregated: dict[tuple[str, str], tuple[KindTable, HttpResponse]] = {}

    @property
    def writes(self) -> Mapping[str, int]:
        """How many writes reached the store, by field manager."""
        return dict(self.registry.writes)

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer a request; whatever goes wrong becomes a ``Status``."""
        try:
            caller = self._authenticator.caller(request)
            check_size(request)
            return self._dispatch(request, caller)
        except ApiFailure as failure:
            return _failure(failure)
        except StoreError as error:
            text = f"{error.message}: {error.remedy}"
            return _failure(ApiFailure(507, "InsufficientStorage", text))
        except Exception as error:  # noqa: BLE001 - the last line of defence of a server
            return self._internal(request, error)

    def send(self, request: HttpRequest) -> HttpResponse:
        """Answer a request; this makes the server a ``model.http.Transport``."""
        return self.handle(request)

    def connect(self, request: HttpRequest) -> Execution | Forwarding | HttpResponse:
        """Start what a websocket is asked for, or return why not."""
        try:
            caller = self._authenticator.caller(request)
            route = resolve(split(request.path), self.registry.catalog)
            self._authorizer.check(caller, attributes_of(request, route))
            executions.check_route(route)
            pod = self.registry.get(route.served, route.namespace, route.name)
            if route.subresource == "portforward":
                return port_forwards.start(pod, request)
            return executions.start(pod, request, route.subresource, self._processes)
        except ApiFailure as failure:
            return _failure(failure)
        except Exception as error:  # noqa: BLE001 - the last line of defence of a server
            return self._internal(request, error)

    def _dispatch(self, request: HttpRequest, caller: User) -> HttpResponse:
        parts = split(request.path)
        if len(parts) > 2 and parts[0] in ("api", "apis"):
            is_group_version = len(parts) == 3 and parts[0] == "apis"
            if not is_group_version:
                route = resolve(parts, self.registry.catalog)
                if not caller.unlimited:
                    self._authorizer.check(caller, attributes_of(request, route))
                return self._objects.handle(request, route, caller)
        wanted = Attributes(verb=request.method.lower(), path=request.path)
        self._authorizer.check(caller, wanted)
        if request.method not in ("GET", "HEAD"):
            raise method_not_allowed()
        if parts and parts[0] in _PROBES:
            return self._probe(request)
        answer = self._answer(parts, request)
        if answer is None:
            raise no_such_path()
        return answer

    def _answer(self, parts: tuple[str, ...], request: HttpRequest) -> HttpResponse | None:
        if parts in (("api",), ("apis",)):
            return self._groups(parts[0], request)
        catalog = self.registry.catalog
        value: Object | None = None
        match parts:
            case ():
                paths = ["/api", "/apis", "/healthz", "/livez", "/readyz", "/version"]
                value = {"paths": [*paths, "/openapi/v2", "/openapi/v3"]}
            case ("version",):
                value = discovery.VERSION
            case ("debug", "ruleengine", "writes"):
                value = {"writes": dict(self.registry.writes)}
            case ("api", version):
                value = discovery.resource_list(catalog.table(), "", version)
            case ("apis", group):
                value = discovery.group(catalog.table(), group)
            case ("apis", group, version):
                value = discovery.resource_list(catalog.table(), group, version)
            case ("openapi", "v2"):
                return openapi_v2.answer(catalog, request.headers.get("accept", ""))
            case ("openapi", "v3"):
                value = openapi.index(catalog)
            case ("openapi", "v3", *path):
                value = openapi.document(catalog, "/".join(path))
        return None if value is None else _json(value)

    def _groups(self, root: str, request: HttpRequest) -> HttpResponse:
        table = self.registry.catalog.table()
        for media in request.headers.get("accept", "").split(","):
            parameters = {part.strip() for part in media.split(";")[1:]}
            if "as=APIGroupDiscoveryList" not in parameters:
                continue
            version = "v2" if "v=v2" in parameters else "v2beta1"
            known = self._aggregated.get((root, version))
            if known is None or known[0] is not table:
                known = self._aggregated[root, version] = (table, _discovered(table, root, version))
            return known[1]
        plain = discovery.core_versions() if root == "api" else discovery.group_list(table)
        return _json(plain)

    def _probe(self, request: HttpRequest) -> HttpResponse:
        text = "ok"
        if "verbose" in query_of(request):
            text = f"[+]store ok\n[+]controllers ok\nwhat this server lacks: {_LACKS}\nok\n"
        return HttpResponse(
            status=200,
            headers={"content-type": "text/plain; charset=utf-8"},
            body=text.encode(),
        )

    def _internal(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """Answer a failure of our own: a report is written, the client is told where."""
        frames = "".join(traceback.format_tb(error.__traceback__))
        report = f"{request.method} {request.path}\n{type(error).__name__}\n{frames}"
        _LOG.error("internal error\n%s", report)
        where = ""
        if self._reports is not None:
            name = hashlib.sha256(report.encode()).hexdigest()[:12]
            path = self._reports / f"report-{name}.txt"
            path.write_text(report, encoding="utf-8")
            where = f"; a report is in {path}"
        text = f"Internal error occurred: {type(error).__name__}{where}"
        return _failure(ApiFailure(500, "InternalError", text))


def _json(
    value: Object, *, status: int = 200, content_type: str = "application/json"
) -> HttpResponse:
    return HttpResponse(
        status=status, headers={"content-type": content_type}, body=json_text.dump_bytes(value)
    )


def _discovered(table: KindTable, root: str, version: str) -> HttpResponse:
    kind = f"application/json;g={discovery.AGGREGATED};v={version};as=APIGroupDiscoveryList"
    answer = discovery.aggregated(table, version, core=root == "api")
    return _json(answer, content_type=kind)


def _failure(failure: ApiFailure) -> HttpResponse:
    return _json(failure.status(), status=failure.code)
