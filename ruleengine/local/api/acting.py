"""Creates of subresources: a pod is bound or evicted, an account is given a token."""

from typing import Final

from ruleengine.apimachinery.kinds import SUBRESOURCES
from ruleengine.apimachinery.schema import schema_for
from ruleengine.apimachinery.selectors import SelectorError, label_selector_from_object
from ruleengine.local.api import tokens
from ruleengine.local.api.failures import (
    ApiFailure,
    bad_request,
    conflict,
    details_of,
    no_such_path,
)
from ruleengine.local.api.options import DeleteOptions, delete_options, write_options
from ruleengine.local.api.preparing import decoded
from ruleengine.local.api.registry import Registry
from ruleengine.local.api.routing import Route
from ruleengine.local.service_accounts import ServiceAccountTokens
from ruleengine.local.store import ChangedError, Key, Store
from ruleengine.model.http import HttpRequest
from ruleengine.model.values import Object, lookup

BUDGETS: Final = "poddisruptionbudgets.policy"
_RETRY_AFTER: Final = 10
_SUCCESS: Final[Object] = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Success",
    "code": 201,
}


class Actions:
    """Performs creates of subresources on one registry."""

    def __init__(self, registry: Registry, accounts: ServiceAccountTokens | None) -> None:
        self._registry = registry
        self._accounts = accounts

    def perform(self, request: HttpRequest, route: Route, body: Object) -> Object:
        """Perform what a POST to a subresource asks and return the answer.

        Raises ``ApiFailure``.
        """
        known = SUBRESOURCES[route.subresource]
        version = f"{known.group}/{known.version}" if known.group else known.version
        stated = (body.get("apiVersion") or version, body.get("kind") or known.kind)
        if stated != (version, known.kind):
            raise bad_request(
                f"the object provided is unrecognized: it is {stated[1]} of {stated[0]}, and the "
                f"path is for {known.kind} of {version}"
            )
        decoded(body, schema_for(version, known.kind))
        _check_name(body, route)
        match route.subresource:
            case "binding":
                return self._bind(request, route, body)
            case "eviction":
                return self._evict(request, route, body)
            case "token" if self._accounts is not None:
                registry = self._registry
                owner = registry.get(route.served, route.namespace, route.name)
                now = registry.clock.now()
                return tokens.answer(body, owner, self._accounts, registry.store, now)
        raise no_such_path()

    def _bind(self, request: HttpRequest, route: Route, body: Object) -> Object:
        """Give a pod its node; it can have only one."""
        node = lookup(body, "target", "name")
        if not node:
            raise bad_request("target.name of the Binding must name a node")
        info = route.served.info

        def bound(live: Object) -> Object:
            if lookup(live, "metadata", "deletionTimestamp"):
                problem = f"pod {route.name} is being deleted, cannot be assigned to a host"
                raise conflict(info, route.name, problem)
            before = lookup(live, "spec", "nodeName")
            if before:
                problem = f'pod {route.name} is already assigned to node "{before}"'
                raise conflict(info, route.name, problem)
            return {**live, "spec": {**live["spec"], "nodeName": node}}

        options = write_options(request)
        self._registry.change(route.served, route.namespace, route.name, bound, options)
        return _SUCCESS

    def _evict(self, request: HttpRequest, route: Route, body: Object) -> Object:
        """Delete a pod unless a budget forbids it."""
        options = delete_options(request, body.get("deleteOptions") or {})
        pod = self._registry.get(route.served, route.namespace, route.name)
        if _is_counted(pod):
            self._check_budgets(pod, route, options)
        self._registry.delete(route.served, route.namespace, route.name, options)
        return _SUCCESS

    def _check_budgets(self, pod: Object, route: Route, options: DeleteOptions) -> None:
        found = budgets_of(pod, self._registry.store)
        if len(found) > 1:
            text = (
                "This pod has more than one PodDisruptionBudget, which the eviction subresource "
                "does not support."
            )
            raise ApiFailure(500, "InternalError", text)
        for budget in found:
            problem = _forbids(budget)
            if problem:
                raise _too_many(route, problem)
            if not options.dry_run:
                self._spend(budget, route)

    def _spend(self, budget: Object, route: Route) -> None:
        """Count a disruption before the controller of budgets sees the pod go."""
        key = Key(BUDGETS, budget["metadata"]["namespace"], budget["metadata"]["name"])
        left = int(lookup(budget, "status", "disruptionsAllowed", default=0)) - 1
        status = {**budget["status"], "disruptionsAllowed": left}
        revision = int(budget["metadata"]["resourceVersion"])
        try:
            self._registry.store.write(key, {**budget, "status": status}, expected=revision)
        except ChangedError:
            name = budget["metadata"]["name"]
            raise _too_many(route, f"The disruption budget {name} has just changed.") from None


def _check_name(body: Object, route: Route) -> None:
    stated = lookup(body, "metadata", "name")
    if stated and stated != route.name:
        raise bad_request(
            f"the name of the object ({stated}) does not match the name on the URL ({route.name})"
        )


def _is_counted(pod: Object) -> bool:
    """Tell whether a budget protects a pod: only one that runs, and is not deleted already."""
    if lookup(pod, "metadata", "deletionTimestamp"):
        return False
    return bool(lookup(pod, "status", "phase") == "Running")


def budgets_of(pod: Object, store: Store) -> list[Object]:
    """Return the budgets whose selector matches a pod."""
    labels = lookup(pod, "metadata", "labels", default={})
    found = []
    for budget in store.list(BUDGETS, pod["metadata"]["namespace"]).items:
        selector = lookup(budget, "spec", "selector")
        try:
            if selector is not None and label_selector_from_object(selector).matches(labels):
                found.append(budget)
        except SelectorError:
            continue
    return found


def _forbids(budget: Object) -> str:
    """Return why a budget allows no disruption now; empty where it does."""
    name, status = budget["metadata"]["name"], budget.get("status") or {}
    generation = int(budget["metadata"].get("generation") or 0)
    if int(status.get("observedGeneration") or 0) < generation:
        return f"The disruption budget {name} is still being processed by the server."
    if int(status.get("disruptionsAllowed") or 0) > 0:
        return ""
    desired, current = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
    return f"The disruption budget {name} needs {desired} healthy pods and has {current} currently"


def _too_many(route: Route, problem: str) -> ApiFailure:
    causes = [{"reason": "DisruptionBudget", "message": problem}]
    details = details_of(
        route.served.info, route.name, causes=causes, retryAfterSeconds=_RETRY_AFTER
    )
    text = "Cannot evict pod as it would violate the pod's disruption budget."
    return ApiFailure(429, "TooManyRequests", text, details)
