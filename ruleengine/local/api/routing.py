"""From a URL path to what it names: a resource, an object, a subresource."""

from typing import Final, NamedTuple
from urllib.parse import unquote

from ruleengine.local.api.access import Attributes
from ruleengine.local.api.catalog import Catalog, Served
from ruleengine.local.api.failures import no_such_path
from ruleengine.local.api.options import flag, query_of
from ruleengine.model.http import HttpRequest

_VERBS: Final = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Route(NamedTuple):
    """What a path names. An empty ``name`` means the collection."""

    served: Served
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def split(path: str) -> tuple[str, ...]:
    """Return the decoded parts of a path; slashes at the ends do not count."""
    parts = tuple(filter(None, path.split("/")))
    return tuple(map(unquote, parts)) if "%" in path else parts


def resolve(parts: tuple[str, ...], catalog: Catalog) -> Route:
    """Return the route of the parts of a path. Raises ``ApiFailure`` 404."""
    if parts[0] == "api" and len(parts) >= 3:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) >= 4:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise no_such_path()
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and (group or not _of_namespace(rest)):
        namespace, rest = rest[1], rest[2:]
    served = catalog.find(group, version, rest[0])
    if served is None or len(rest) > 3:
        raise no_such_path()
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if subresource and subresource not in served.info.subresources:
        raise no_such_path()
    if served.info.namespaced is not bool(namespace) and (name or namespace):
        raise no_such_path()
    return Route(served=served, namespace=namespace, name=name, subresource=subresource)


def _of_namespace(rest: tuple[str, ...]) -> bool:
    """Tell whether the path means a subresource of the Namespace itself."""
    return len(rest) == 3 and rest[2] in ("status", "finalize")


def reads_one_object(request: HttpRequest) -> bool:
    """Tell whether a request asks for one object: it is looked up, and nothing else is done."""
    if request.method != "GET" or request.body or flag(query_of(request), "watch"):
        return False
    root, *rest = request.path.strip("/").split("/")
    rest = rest[{"api": 1, "apis": 2}.get(root, len(rest)) :]
    return len(rest) == 2 or (len(rest) == 4 and rest[0] == "namespaces")


def attributes_of(request: HttpRequest, route: Route) -> Attributes:
    """Return what a request wants to do, in the words of access control."""
    info = route.served.info
    verb = _VERBS.get(request.method, "get")
    if verb == "get" and flag(query_of(request), "watch"):
        verb = "watch"
    elif not route.name:
        verb = {"get": "list", "delete": "deletecollection"}.get(verb, verb)
    own = route.name if not info.group and info.kind == "Namespace" else ""
    return Attributes(
        verb=verb,
        group=info.group,
        resource=info.plural,
        subresource=route.subresource,
        namespace=route.namespace or own,
        name=route.name,
    )
