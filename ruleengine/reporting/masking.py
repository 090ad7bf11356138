"""The last gate before something is shown: values inside Secrets are replaced by the mask.

Planning masks what it computes; a report must not depend on that, so it masks once more.
"""

from ruleengine.model.actions import ABSENT, Difference, Target
from ruleengine.model.secrets import MASK, Secret
from ruleengine.model.values import Object, Path, Value

_HIDDEN_FIELDS = ("data", "stringData")
_COPY_OF_THE_OBJECT = "kubectl.kubernetes.io/last-applied-configuration"


def is_secret(target: Target) -> bool:
    """Tell whether an object's values must not be shown."""
    return target.kind == "Secret" and target.group == ""


def shown_differences(
    target: Target, differences: tuple[Difference, ...]
) -> tuple[Difference, ...]:
    """Return the differences of an object as they may be shown.

    Of a Secret the keys stay visible and every value is masked; that a value changed is
    still to be seen, because both sides stand there.
    """
    if not is_secret(target):
        return tuple(
            Difference(one.path, _without_secrets(one.old), _without_secrets(one.new))
            for one in differences
        )
    return tuple(
        Difference(one.path, _masked(one.path, one.old), _masked(one.path, one.new))
        for one in differences
    )


def shown_object(value: Object) -> Object:
    """Return a whole object as it may be shown: the values of a Secret are masked."""
    if not is_secret(Target.of(value)):
        masked: Object = _without_secrets(value)
        return masked
    return {key: _masked((key,), inner) for key, inner in value.items()}


def _masked(path: Path, value: Value) -> Value:
    if value is ABSENT:
        return value
    if path and (path[0] in _HIDDEN_FIELDS or _COPY_OF_THE_OBJECT in path):
        return _mask_leaves(value)
    if isinstance(value, dict):
        return {key: _masked((*path, key), inner) for key, inner in value.items()}
    return _without_secrets(value)


def _mask_leaves(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _mask_leaves(inner) for key, inner in value.items()}
    return MASK


def _without_secrets(value: Value) -> Value:
    match value:
        case Secret():
            return MASK
        case dict():
            return {key: _without_secrets(inner) for key, inner in value.items()}
        case list():
            return [_without_secrets(inner) for inner in value]
        case _:
            return value
