"""The hashes of Argo Rollouts: of a pod template, and of the steps (reference, Rollouts 2.1).

They are exact, so that ReplicaSets that Argo's controller made are found again.
"""

from typing import Final

from ruleengine.model.digests import fnv1a
from ruleengine.model.values import Object, Value
from ruleengine.rollouts.marshalling import marshal

_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
_TEMPLATE: Final = "core/v1.PodTemplateSpec"
_STEPS: Final = "[]argoproj.io/rollouts.CanaryStep"


def safe_encode(text: str) -> str:
    """Return a text in an alphabet without vowels, letter by letter."""
    return "".join(_ALPHABET[ord(one) % len(_ALPHABET)] for one in text)


def pod_template_hash(template: Object, collisions: int | None = None) -> str:
    """Return the hash of a pod template: 8 to 10 letters and digits.

    ``collisions`` is the rollout's ``status.collisionCount``.
    """
    data = marshal(template, _TEMPLATE).encode("utf-8", "replace")
    if collisions is not None:
        data += (collisions & 0xFFFFFFFF).to_bytes(4, "little") + bytes(4)
    return safe_encode(str(fnv1a(data)))


def step_hash(steps: Value) -> str:
    """Return the hash of the steps of a canary; ``None`` stands for a canary without any."""
    return safe_encode(str(fnv1a(marshal(steps or None, _STEPS).encode("utf-8", "replace"))))
