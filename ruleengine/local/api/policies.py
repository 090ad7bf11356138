"""What the namespace and the cluster allow: LimitRanges, ResourceQuotas, PriorityClasses.

The shell around the pure modules :mod:`limit_ranges`, :mod:`quotas` and :mod:`priorities`: it
reads the store, and what is not allowed becomes a 403.
"""

import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from ruleengine.local.api import limit_ranges, priorities, quotas
from ruleengine.local.api.catalog import Served
from ruleengine.local.api.failures import forbidden
from ruleengine.local.api.tallies import Tallies
from ruleengine.local.store import Store
from ruleengine.model.values import Object

_RANGES: Final = "limitranges"
_NOTHING: Final = nullcontext()


class Policies:
    """The policies of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._tallies = Tallies(store)

    def counting(
        self, served: Served, namespace: str, subresource: str = ""
    ) -> AbstractContextManager[object]:
        """Return what is held from the check of quotas to the write of an object.

        Two that come at the same moment never get what is left for one, nor one address or port.
        """
        if subresource:
            return _NOTHING  # its parts are neither counted nor given out
        resource = served.resource
        counted = any(resource in quotas.resources_of(one) for one in self._quotas(namespace))
        return self._lock if resource == "services" or counted else _NOTHING

    def pod(self, pod: Object, served: Served) -> Object:
        """Return a new pod with the defaults of its namespace. Raises ``ApiFailure`` 403."""
        namespace = str(pod["metadata"].get("namespace", ""))
        ranges = self._objects(_RANGES, namespace)
        pod = limit_ranges.with_defaults(pod, ranges)
        self._refuse(served, pod, _joined(limit_ranges.pod_problems(pod, ranges)))
        try:
            spec = priorities.with_priority(pod["spec"], self._objects(priorities.RESOURCE))
        except priorities.PriorityError as error:
            raise forbidden(served.info, _name(pod), str(error), []) from None
        return {**pod, "spec": spec}

    def claim(self, claim: Object, served: Served) -> None:
        """Refuse a PersistentVolumeClaim that is too small or too large. Raises ``ApiFailure``."""
        ranges = self._objects(_RANGES, str(claim["metadata"].get("namespace", "")))
        self._refuse(served, claim, _joined(limit_ranges.claim_problems(claim, ranges)))

    def priority_class(self, value: Object, served: Served) -> None:
        """Refuse a second default. Raises ``ApiFailure`` 403."""
        known = priorities.default_of(self._objects(priorities.RESOURCE))
        if value.get("globalDefault") and known and _name(known) != _name(value):
            self._refuse(
                served,
                value,
                f"PriorityClass {_name(known)} is already marked as default. Only one default can "
                "exist",
            )

    def check_quotas(self, value: Object, served: Served, live: Object | None) -> None:
        """Refuse what a quota forbids. Raises ``ApiFailure`` 403."""
        namespace = str(value["metadata"].get("namespace") or "")
        found = self._quotas(namespace) if namespace else []
        if found:
            problem = quotas.problem_of(found, value, live, served.resource, self._tallies.used)
            self._refuse(served, value, problem)

    def _quotas(self, namespace: str) -> list[Object]:
        return self._objects(quotas.RESOURCE, namespace)

    def _objects(self, resource: str, namespace: str = "") -> list[Object]:
        if not self._store.last_write(resource):
            return []  # there never was one
        return list(self._store.list(resource, namespace).items)

    def _refuse(self, served: Served, value: Object, problem: str) -> None:
        if problem:
            raise forbidden(served.info, _name(value), problem, [])


def _name(value: Object) -> str:
    return str(value["metadata"].get("name", ""))


def _joined(problems: list[str]) -> str:
    return f"[{', '.join(problems)}]" if len(problems) > 1 else "".join(problems)
