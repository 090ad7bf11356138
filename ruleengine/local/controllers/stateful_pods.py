"""The pods of a StatefulSet and their claims: names, labels and volumes that last."""

from typing import Final

from ruleengine.local.controllers.pods import pod_from
from ruleengine.local.controllers.revisions import HASH
from ruleengine.local.controllers.work import Reader, Replace, Write, owner_reference
from ruleengine.local.store import Key
from ruleengine.model.values import Object, lookup

NAME: Final = "statefulset.kubernetes.io/pod-name"
INDEX: Final = "apps.kubernetes.io/pod-index"
CLAIMS: Final = "persistentvolumeclaims"


def ordinals(live: Object) -> range:
    """Return the ordinals that the pods of a StatefulSet should have."""
    start = int(lookup(live, "spec", "ordinals", "start", default=0))
    return range(start, start + int(live["spec"].get("replicas", 1)))


def pod_name(live: Object, ordinal: int) -> str:
    """Return the name of the pod with an ordinal."""
    return f"{live['metadata']['name']}-{ordinal}"


def ordinal_of(live: Object, pod: Object) -> int | None:
    """Return the ordinal that the name of a pod states; ``None`` for a foreign name."""
    parent, _, number = str(pod["metadata"]["name"]).rpartition("-")
    same = parent == live["metadata"]["name"] and number.isdecimal()
    return int(number) if same and str(int(number)) == number else None


def stateful_pod(live: Object, template: Object, ordinal: int, revision: str) -> Object:
    """Return the pod with an ordinal, of the template of a revision."""
    name = pod_name(live, ordinal)
    metadata = template.get("metadata") or {}
    labels = {
        **(metadata.get("labels") or {}),
        NAME: name,
        INDEX: str(ordinal),
        HASH: revision,
    }
    claims = _claim_names(live, ordinal)
    volumes = [
        {"name": volume, "persistentVolumeClaim": {"claimName": claim}}
        for volume, claim in claims.items()
    ]
    others = [one for one in template["spec"].get("volumes") or () if one["name"] not in claims]
    spec = {**template["spec"], "hostname": name}
    if live["spec"].get("serviceName"):
        spec["subdomain"] = live["spec"]["serviceName"]
    if volumes or others:
        spec["volumes"] = [*volumes, *others]
    return pod_from({"metadata": metadata, "spec": spec}, live, name=name, labels=labels)


def _claim_names(live: Object, ordinal: int) -> dict[str, str]:
    templates = live["spec"].get("volumeClaimTemplates") or ()
    names = [str(lookup(one, "metadata", "name", default="")) for one in templates]
    return {name: f"{name}-{pod_name(live, ordinal)}" for name in names}


def missing_claims(live: Object, ordinal: int, reader: Reader) -> list[Object]:
    """Return the claims that the pod with an ordinal needs and that are not there."""
    namespace = live["metadata"]["namespace"]
    labels = lookup(live, "spec", "selector", "matchLabels", default={})
    found = []
    names = _claim_names(live, ordinal)
    for template in live["spec"].get("volumeClaimTemplates") or ():
        metadata = template.get("metadata") or {}
        name = names[str(metadata.get("name", ""))]
        if reader.get(Key(CLAIMS, namespace, name)) is None:
            claim: Object = {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {
                    **{one: metadata[one] for one in ("annotations",) if one in metadata},
                    "name": name,
                    "namespace": namespace,
                    "labels": {**(metadata.get("labels") or {}), **labels},
                },
                "spec": template.get("spec") or {},
            }
            if _policy(live, "whenDeleted") == "Delete":
                claim["metadata"]["ownerReferences"] = [owner_reference(live)]
            found.append(claim)
    return found


def _policy(live: Object, when: str) -> str:
    policy = lookup(live, "spec", "persistentVolumeClaimRetentionPolicy", when, default="Retain")
    return str(policy)


def retained(live: Object, pods: dict[int, Object], reader: Reader) -> list[Write]:
    """Return the writes that let claims go with the set, or with a pod that is scaled away.

    A claim that is to go is owned: the garbage collector follows what its owner does.
    """
    wanted = ordinals(live)
    writes: list[Write] = []
    for ordinal, pod in pods.items():
        scaled_away = ordinal not in wanted and _policy(live, "whenScaled") == "Delete"
        with_set = _policy(live, "whenDeleted") == "Delete"
        owners = [owner_reference(live)] if with_set and not scaled_away else []
        owners += [owner_reference(pod)] if scaled_away else []
        ours = {live["metadata"]["uid"], pod["metadata"]["uid"]}
        for name in _claim_names(live, ordinal).values():
            claim = reader.get(Key(CLAIMS, live["metadata"]["namespace"], name))
            if claim is None:
                continue
            before = claim["metadata"].get("ownerReferences") or []
            kept = [one for one in before if one.get("uid") not in ours]
            if [*kept, *owners] != before:
                metadata = {**claim["metadata"], "ownerReferences": [*kept, *owners]}
                writes.append(Replace(claim, {**claim, "metadata": metadata}))
    return writes
