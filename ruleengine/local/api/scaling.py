"""The subresource ``scale``: one number of an object, as a ``Scale`` of its own kind.

Whatever is written to a Scale is written to its parent, by the same rules of ownership: who
applies a Scale owns the field of the parent that it stands for (reference, Kubernetes API
sections 3 and 7).
"""

from collections.abc import Sequence
from typing import Final

from ruleengine.apimachinery.causes import invalid as invalid_value
from ruleengine.apimachinery.declared import UndeclaredError, check_declared
from ruleengine.apimachinery.kinds import SUBRESOURCES, KindInfo, plural_of
from ruleengine.apimachinery.schema import schema_for
from ruleengine.apimachinery.selectors import SelectorError, label_selector_from_object
from ruleengine.local.api import preparing
from ruleengine.local.api.bodies import Body
from ruleengine.local.api.catalog import Served
from ruleengine.local.api.failures import bad_request, invalid
from ruleengine.local.api.options import WriteOptions
from ruleengine.local.api.registry import Edit, Registry
from ruleengine.local.api.routing import Route
from ruleengine.model.values import Object, Path, lookup


def _served() -> Served:
    told = SUBRESOURCES["scale"]
    info = KindInfo(
        group=told.group,
        version=told.version,
        kind=told.kind,
        plural=plural_of(told.kind),
        singular=told.kind.lower(),
        namespaced=True,
    )
    return Served(info, schema_for(info.api_version, info.kind))


SCALE: Final = _served()
"""The kind Scale, of which there are no objects but those that stand for others."""

_IDENTITY: Final = ("name", "namespace", "uid", "resourceVersion")


class Scales:
    """Changes objects by what is written to their scales."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def replace(self, route: Route, body: Body, options: WriteOptions) -> Object:
        """Scale as a whole ``Scale`` says. Raises ``ApiFailure``, as all of these do."""
        value: Object = body.value
        return self.patch(route, lambda _: value, options, body.duplicates)

    def patch(
        self, route: Route, edit: Edit, options: WriteOptions, duplicates: Sequence[str] = ()
    ) -> Object:
        """Scale as a change of the ``Scale`` says."""
        served = route.served

        def scaled(live: Object) -> Object:
            options.warnings.clear()
            scale = preparing.identified(edit(scale_of(live, served)), SCALE, route.namespace)
            scale = preparing.declared(scale, SCALE, options, duplicates)
            return _with_scale(live, _checked(preparing.named(scale, route.name)), served)

        changed = self._registry.change(
            served, route.namespace, route.name, scaled, options, subresource="scale"
        )
        return scale_of(changed, served)

    def apply(self, route: Route, config: Object, options: WriteOptions) -> Object:
        """Scale as an applied ``Scale`` says, which owns the number from then on."""
        scale = preparing.configured(config, SCALE, route.namespace, route.name)
        try:
            check_declared(scale, SCALE.schema)
        except UndeclaredError as error:
            raise bad_request(error.message) from None
        applied, _ = self._registry.apply(
            route.served,
            route.namespace,
            route.name,
            _configuration(_checked(scale), route.served),
            options,
            subresource="scale",
        )
        return scale_of(applied, route.served)


def _checked(scale: Object) -> Object:
    """Return a ``Scale`` that says a number. Raises ``ApiFailure`` 400 and 422."""
    preparing.decoded(scale, SCALE.schema)
    replicas = lookup(scale, "spec", "replicas", default=0)
    if replicas < 0:
        cause = invalid_value(("spec", "replicas"), replicas, "must be greater than or equal to 0")
        raise invalid(SCALE.info, scale["metadata"]["name"], [cause])
    return scale


def scale_of(value: Object, served: Served) -> Object:
    """Return the ``Scale`` of an object."""
    spec_path, status_path, selector_path = _scale_paths(served)
    metadata = {
        name: value["metadata"][name]
        for name in (*_IDENTITY, "creationTimestamp")
        if name in value["metadata"]
    }
    status: Object = {"replicas": lookup(value, *status_path, default=0)}
    selector = lookup(value, *selector_path) if selector_path else None
    if selector:
        status["selector"] = _selector_text(selector)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": {"replicas": lookup(value, *spec_path, default=0)},
        "status": status,
    }


def _with_scale(value: Object, scale: Object, served: Served) -> Object:
    """Return an object scaled as a ``Scale`` says, with its preconditions."""
    spec_path, _, _ = _scale_paths(served)
    stated = {
        name: scale["metadata"][name]
        for name in ("uid", "resourceVersion")
        if scale["metadata"].get(name)
    }
    scaled = _with(value, spec_path, lookup(scale, "spec", "replicas", default=0))
    return {**scaled, "metadata": {**value["metadata"], **stated}}


def _configuration(scale: Object, served: Served) -> Object:
    """Return what an applied ``Scale`` claims of its parent."""
    names = {name: inner for name, inner in scale["metadata"].items() if name in _IDENTITY}
    info = served.info
    config: Object = {"apiVersion": info.api_version, "kind": info.kind, "metadata": names}
    replicas = lookup(scale, "spec", "replicas")
    spec_path, _, _ = _scale_paths(served)
    return config if replicas is None else _with(config, spec_path, replicas)


def _with(value: Object, path: Path, inner: object) -> Object:
    head, rest = str(path[0]), path[1:]
    if not rest:
        return {**value, head: inner}
    return {**value, head: _with(value.get(head) or {}, rest, inner)}


def _scale_paths(served: Served) -> tuple[Path, Path, Path]:
    stated = lookup(served.definition, "subresources", "scale")
    if stated is None:
        return ("spec", "replicas"), ("status", "replicas"), ("spec", "selector")
    paths = (stated.get(name, "") for name in ("specReplicasPath", "statusReplicasPath"))
    spec, status = (tuple(str(one).strip(".").split(".")) for one in paths)
    selector = str(stated.get("labelSelectorPath", "")).strip(".")
    return spec, status, tuple(selector.split(".")) if selector else ()


def _selector_text(selector: object) -> str:
    """Return a selector as text; older kinds, and custom ones, have labels or the text itself."""
    if isinstance(selector, str):
        return selector
    if not isinstance(selector, dict):
        return ""
    is_object = "matchLabels" in selector or "matchExpressions" in selector
    try:
        found = label_selector_from_object(selector if is_object else {"matchLabels": selector})
    except SelectorError:
        return ""
    return str(found)
