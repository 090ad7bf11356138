"""Leftovers: ledgers of effects whose object was deleted while no process was there to see it.

A ledger lies in the control namespace, where no owner reference can reach the object, so
Kubernetes does not collect it. Every run looks for them once.
"""

from dataclasses import dataclass

from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ApiError
from ruleengine.model.actions import Target
from ruleengine.model.errors import StoreError
from ruleengine.model.names import RECORD_TYPE
from ruleengine.model.records import from_secret, record_target
from ruleengine.model.values import Object, uid_of, version_of
from ruleengine.reconcile.effects import PURPOSE
from ruleengine.reconcile.observations import Observations
from ruleengine.reconcile.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class Leftover:
    """A ledger: where it lies, at which version, and the object (by uid) that it was kept for."""

    place: Target
    version: str
    owner: Target
    uid: str

    def is_orphan(self, observations: Observations) -> bool:
        """Tell whether the object is gone, or another one has its name."""
        return uid_of(observations.get(self.owner)) != self.uid

    def remove(self, client: Client) -> None:
        """Delete the ledger as it was seen. Raises ``ApiError`` and ``FencedError``."""
        client.delete(self.place, resource_version=self.version)


def find_leftovers(surroundings: Surroundings, observations: Observations) -> list[Leftover]:
    """Return the ledgers of objects that reconcilers of ours would decide about if they lived."""
    namespace = surroundings.control_namespace
    try:
        listed = surroundings.client.list(
            "v1", "Secret", namespace=namespace, field_selector=f"type={RECORD_TYPE}"
        )
    except ApiError:
        return []
    found = (_read(secret) for secret in listed.items)
    return [
        one
        for one in found
        if one
        and surroundings.reconciler_of(one.owner)
        and one.is_orphan(observations)
        and one.place == record_target(one.owner, PURPOSE, namespace)
    ]


def _read(secret: Object) -> Leftover | None:
    if secret.get("type") != RECORD_TYPE:
        return None
    try:
        content = from_secret(secret)
    except StoreError:
        return None
    whose = content.get("owner")
    if "effects" not in content or not isinstance(whose, list) or len(whose) != 4:
        return None
    owner, uid = Target(*map(str, whose)), str(content.get("uid", ""))
    return Leftover(Target.of(secret), version_of(secret), owner, uid)
