"""The verbs of the API on one store: create, read, change, apply and delete objects.

The HTTP layer above and the controllers beside it call the same methods, so that both are
held to the same rules. Every change is a pure step from the live object to the next,
written only if the object is still the same.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from random import Random
from typing import Final

from ruleengine.apimachinery.causes import invalid as invalid_value
from ruleengine.apimachinery.declared import UndeclaredError
from ruleengine.apimachinery.plainness import is_plain
from ruleengine.apimachinery.structured_merge import Applied, apply
from ruleengine.local.api import preparing
from ruleengine.local.api.admission import Admission
from ruleengine.local.api.api_services import RESOURCE as API_SERVICES
from ruleengine.local.api.api_services import api_services
from ruleengine.local.api.catalog import Catalog, Served
from ruleengine.local.api.deleting import begin_deletion, is_over
from ruleengine.local.api.failures import (
    already_exists,
    bad_request,
    conflict,
    invalid,
    not_found,
    owned_by_others,
)
from ruleengine.local.api.familiar import Familiar
from ruleengine.local.api.options import DeleteOptions, WriteOptions
from ruleengine.local.api.views import to_store
from ruleengine.local.api.warnings import of_value
from ruleengine.local.clock import Clock, Told
from ruleengine.local.store import ChangedError, Snapshot, Store
from ruleengine.model.values import Object

_TRIES: Final = 8
_VERSION: Final = ("metadata", "resourceVersion")
Edit = Callable[[Object], Object]


class Registry:
    """Performs verbs on a store. Safe to use from several threads."""

    def __init__(self, store: Store, clock: Clock, randomness: Random | None = None) -> None:
        self.store = store
        self.catalog = Catalog(store)
        self.clock = clock
        self.now = Told(clock)
        self.admission = Admission(store, randomness or Random())  # noqa: S311 - names, no secrets
        self.familiar = Familiar()
        self.writes: dict[str, int] = {}
        self._counting = threading.Lock()

    def get(self, served: Served, namespace: str, name: str) -> Object:
        """Return an object. Raises ``ApiFailure`` 404."""
        key = served.key(namespace, name)
        if served.resource == API_SERVICES:
            told = self.list(served.resource).items
            found = next((one for one in told if one["metadata"]["name"] == name), None)
        else:
            found = self.store.get(key)
        if found is None:
            raise not_found(served.info, name)
        return self.familiar.presented(key, served, found)

    def list(self, resource: str, namespace: str = "", at: int = 0) -> Snapshot:
        """Return the objects of a resource, as a store does, or as the server tells of them."""
        if resource == API_SERVICES:
            return Snapshot(api_services(self.catalog, self.store), self.store.revision)
        return self.store.list(resource, namespace, at)

    def create(
        self,
        served: Served,
        namespace: str,
        value: Object,
        options: WriteOptions,
        duplicates: Sequence[str] = (),
    ) -> Object:
        """Create an object. Raises ``ApiFailure``, for instance 409 for a taken name."""
        value = preparing.identified(value, served, namespace)
        metadata = value["metadata"]
        if metadata.get("resourceVersion"):
            raise bad_request("resourceVersion should not be set on objects to be created")
        self.admission.check_definition(served)
        self.admission.check_namespace(served, namespace, str(metadata.get("name", "")))
        formed = value if is_plain(value, served.schema) else None
        value = preparing.declared(value, served, options, duplicates, formed)
        base = "" if metadata.get("name") else str(metadata.get("generateName") or "")
        for _ in range(_TRIES):
            named = self._named(value, base)
            try:
                return self._create(served, namespace, named, options, formed)
            except ChangedError:
                if not base:
                    break
        raise already_exists(served.info, str(named["metadata"].get("name")))

    def _named(self, value: Object, base: str) -> Object:
        if not base:
            return value
        return {**value, "metadata": {**value["metadata"], "name": self.admission.generated(base)}}

    def _create(
        self,
        served: Served,
        namespace: str,
        value: Object,
        options: WriteOptions,
        formed: Object | None,
    ) -> Object:
        now = self.now()
        value = preparing.fresh(value, served, uid=self.admission.uid(), now=now)
        value = preparing.completed(value, served, formed=formed)
        preparing.checked(value, served, typed=formed)
        options.admit(served, value, None)
        value = preparing.tracked(None, value, served, options, now=now)
        with self.admission.policies.counting(served, namespace):
            value = self.admission.admit(value, served)  # nobody owns what it adds
            key = served.key(namespace, value["metadata"]["name"])
            if options.dry_run:
                if self.store.get(key) is not None:
                    raise ChangedError
                return value
            return self._write(served, namespace, value, options.manager, expected=0)

    def update(  # noqa: PLR0913 - the parts of the request
        self,
        served: Served,
        namespace: str,
        name: str,
        value: Object,
        options: WriteOptions,
        *,
        subresource: str = "",
        duplicates: Sequence[str] = (),
    ) -> Object:
        """Replace an object, or its status. Raises ``ApiFailure``, 409 for a stale one."""
        value = preparing.named(preparing.identified(value, served, namespace), name)
        if preparing.lacks_version(value, served):
            self.get(served, namespace, name)
            cause = invalid_value(_VERSION, 0, "must be specified for an update")
            raise invalid(served.info, name, [cause])
        value = preparing.declared(value, served, options, duplicates)
        return self.change(
            served, namespace, name, lambda _: value, options, subresource=subresource
        )

    def change(
        self,
        served: Served,
        namespace: str,
        name: str,
        edit: Edit,
        options: WriteOptions,
        *,
        subresource: str = "",
    ) -> Object:
        """Change an object by a function of it; tried anew while others change it.

        A resourceVersion or uid in the result of ``edit`` that is not the object's own is a
        failed precondition. Raises ``ApiFailure``.
        """
        for _ in range(_TRIES):
            live = self.get(served, namespace, name)
            new = edit(live)
            self._check_preconditions(served, live, new)
            try:
                return self._change(served, live, new, options, subresource)
            except ChangedError:
                continue
        raise conflict(served.info, name)

    def _check_preconditions(self, served: Served, live: Object, new: Object) -> None:
        known, metadata = live["metadata"], new.get("metadata") or {}
        if metadata is known:
            return
        name, stated = known["name"], metadata.get("resourceVersion")
        if stated and str(stated) != known["resourceVersion"]:
            raise conflict(served.info, name)
        uid = metadata.get("uid")
        if uid and uid != known["uid"]:
            problem = f"UID in precondition: {uid}, UID in object meta: {known['uid']}"
            raise conflict(served.info, name, f"Precondition failed: {problem}")
        if metadata.get("name", name) != name:
            raise bad_request("the name of an object cannot be changed")
        causes = preparing.times_changed(known, metadata)
        if causes:
            raise invalid(served.info, name, causes)

    def _change(
        self, served: Served, live: Object, new: Object, options: WriteOptions, subresource: str
    ) -> Object:
        following = preparing.succeeding(live, new, served, subresource)
        following = preparing.completed(following, served, self.familiar.of(served, live))
        preparing.check_typed(following, served, live)
        following = preparing.tracked(
            live, following, served, options, now=self.now(), subresource=subresource
        )
        with self._counting_of(served, live, subresource):
            following = self.admission.admit(following, served, live)
            return self._finish(served, live, following, options, subresource)

    def _counting_of(
        self, served: Served, live: Object, subresource: str
    ) -> AbstractContextManager[object]:
        namespace = str(live["metadata"].get("namespace") or "")
        return self.admission.policies.counting(served, namespace, subresource)

    def _finish(
        self, served: Served, live: Object, new: Object, options: WriteOptions, subresource: str
    ) -> Object:
        if subresource != "status":
            new = preparing.counted(live, new, served)
        if preparing.unchanged(live, new):
            return live
        preparing.checked(new, served, live, self.familiar.of(served, live))
        options.admit(served, new, live)
        namespace = str(live["metadata"].get("namespace") or "")
        if options.dry_run:
            return new
        if is_over(new, served):
            removed = self._remove(served, namespace, new, options.manager)
            version = removed["metadata"]["resourceVersion"]
            return {**new, "metadata": {**new["metadata"], "resourceVersion": version}}
        revision = int(live["metadata"]["resourceVersion"])
        return self._write(served, namespace, new, options.manager, expected=revision)

    def apply(
        self,
        served: Served,
        namespace: str,
        name: str,
        config: Object,
        options: WriteOptions,
        *,
        subresource: str = "",
    ) -> tuple[Object, bool]:
        """Apply a configuration; the second value tells whether that created the object.

        Raises ``ApiFailure``, 409 with causes for conflicts with other managers.
        """
        config = preparing.configured(config, served, namespace, name)
        for _ in range(_TRIES):
            key = served.key(namespace, name)
            live = self.store.get(key)
            try:
                if live is None:
                    return self._apply_new(served, namespace, config, options, subresource), True
                live = self.familiar.presented(key, served, live)
                self._check_preconditions(served, live, config)
                new = self._applied(served, live, config, options, subresource).object
                if new is live:
                    return live, False
                return self._apply_change(served, live, new, options, subresource), False
            except ChangedError:
                continue
        raise conflict(served.info, name)

    def _apply_new(
        self,
        served: Served,
        namespace: str,
        config: Object,
        options: WriteOptions,
        subresource: str,
    ) -> Object:
        name = config["metadata"]["name"]
        if subresource:
            raise not_found(served.info, name)
        if config["metadata"].get("uid") or config["metadata"].get("resourceVersion"):
            raise conflict(served.info, name, "the object does not exist any more")
        self.admission.check_definition(served)
        self.admission.check_namespace(served, namespace, name)
        applied = self._applied(served, None, config, options, "")
        value, uid, now = applied.object, self.admission.uid(), self.now()
        formed = value if applied.plain else preparing.knowing_owners(value)
        value = preparing.fresh(value, served, uid=uid, now=now)
        value = preparing.completed(value, served, formed=formed)
        preparing.checked(value, served, known={"metadata": {}}, typed=formed)
        options.admit(served, value, None)
        with self.admission.policies.counting(served, namespace):
            value = self.admission.admit(value, served)
            if options.dry_run:
                return value
            return self._write(served, namespace, value, options.manager, expected=0)

    def _apply_change(
        self,
        served: Served,
        live: Object,
        new: Object,
        options: WriteOptions,
        subresource: str,
    ) -> Object:
        entries = new["metadata"].get("managedFields")
        following = preparing.succeeding(live, new, served, subresource)
        known = preparing.knowing_owners(following, self.familiar.of(served, live))
        following = preparing.completed(following, served, known)
        preparing.check_typed(following, served, live)
        with self._counting_of(served, live, subresource):
            following = self.admission.admit(following, served, live)
            following = {
                **following,
                "metadata": {**following["metadata"], "managedFields": entries or []},
            }
            return self._finish(served, live, following, options, subresource)

    def _applied(
        self,
        served: Served,
        live: Object | None,
        config: Object,
        options: WriteOptions,
        subresource: str,
    ) -> Applied:
        options.warnings[:] = of_value(config, served)
        try:
            result = apply(
                live,
                config,
                manager=options.manager,
                schema=served.schema,
                now=self.now(),
                force=options.force,
                subresource=subresource,
                versions=served.versions,
            )
        except UndeclaredError as error:
            raise bad_request(error.message) from None
        if result.conflicts:
            raise owned_by_others(served.info, config["metadata"]["name"], result.conflicts)
        return result

    def delete(
        self, served: Served, namespace: str, name: str, options: DeleteOptions
    ) -> tuple[Object, bool]:
        """Delete an object; the second value tells whether it is gone already.

        Raises ``ApiFailure``, 409 for a failed precondition.
        """
        for _ in range(_TRIES):
            live = self.get(served, namespace, name)
            self._check_delete(served, live, options)
            marked = begin_deletion(live, served, options, self.clock.now())
            if options.dry_run:
                return marked, is_over(marked, served)
            try:
                if is_over(marked, served):
                    return self._remove(served, namespace, marked, options.manager), True
                if marked is live:
                    return live, False
                revision = int(live["metadata"]["resourceVersion"])
                return (
                    self._write(served, namespace, marked, options.manager, expected=revision),
                    False,
                )
            except ChangedError:
                continue
        raise conflict(served.info, name)

    def _check_delete(self, served: Served, live: Object, options: DeleteOptions) -> None:
        self.admission.check_deletable(served, live)
        wanted = {"uid": options.uid, "resourceVersion": options.resource_version}
        for field, value in wanted.items():
            if value and live["metadata"][field] != value:
                stated = f"{field} in precondition: {value}, in object meta: "
                problem = f"Precondition failed: {stated}{live['metadata'][field]}"
                raise conflict(served.info, live["metadata"]["name"], problem)

    def _write(
        self, served: Served, namespace: str, value: Object, manager: str, *, expected: int
    ) -> Object:
        key = served.key(namespace, value["metadata"]["name"])
        stored = to_store(value)
        written = self.store.write(key, stored, expected=expected)
        self._count(manager)
        if stored is not value:
            return preparing.presented(written, served)
        self.familiar.note(key, served, written)
        return written

    def _remove(self, served: Served, namespace: str, value: Object, manager: str) -> Object:
        key = served.key(namespace, value["metadata"]["name"])
        revision = int(value["metadata"]["resourceVersion"])
        removed = self.store.write(key, None, expected=revision)
        self.familiar.drop(key)
        self._count(manager)
        return preparing.presented(removed, served)

    def _count(self, manager: str) -> None:
        with self._counting:
            self.writes[manager] = self.writes.get(manager, 0) + 1
