"""What an AppProject permits: sources, destinations and kinds (the reference, section 8)."""

from collections.abc import Iterable, Sequence

from ruleengine.environments.comparison import Resource
from ruleengine.environments.problems import INVALID_SPEC, Problem
from ruleengine.environments.specification import Specification
from ruleengine.expressions import regular
from ruleengine.expressions.language import ExpressionError
from ruleengine.model.actions import Target
from ruleengine.model.names import ARGO_API_VERSION, ARGO_CLUSTER, ARGO_CLUSTER_SERVER
from ruleengine.model.values import Object, Value
from ruleengine.rendering.globs import InvalidGlobError, matches

_DEFAULT = "default"
_PERMISSIVE: Object = {
    "spec": {
        "sourceNamespaces": ["*"],
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }
}
"""The project ``default`` until somebody declares it."""

_UNSUPPORTED = (
    "syncWindows",
    "signatureKeys",
    "sourceIntegrity",
    "destinationServiceAccounts",
    "permitOnlyProjectScopedClusters",
)


def project_target(specification: Specification, control_namespace: str) -> Target:
    """Return where the project of an application is declared."""
    return Target(ARGO_API_VERSION, "AppProject", control_namespace, specification.project)


def effective_project(specification: Specification, found: Object | None) -> Object | None:
    """Return the project that counts; the project ``default`` need not be declared."""
    if found is None and specification.project == _DEFAULT:
        return _PERMISSIVE
    return found


def check_project(
    specification: Specification, project: Object | None, control_namespace: str, own: str = ""
) -> tuple[Problem, ...]:
    """Return why the project does not permit the application's source and destination.

    ``own`` is the URL of the repo under evaluation, which is always permitted.
    """
    if project is None:
        text = f"the project {specification.project!r} does not exist"
        return (_problem("environment-project-missing", text),)
    spec = _spec(project)
    found = [
        _problem(
            "environment-field-unsupported",
            f"spec.{name} of project {specification.project!r} comes with a later release",
        )
        for name in _UNSUPPORTED
        if spec.get(name)
    ]
    if not _permits_namespace(spec, specification.namespace, control_namespace):
        text = (
            f"the project {specification.project!r} does not permit applications in namespace "
            f"{specification.namespace!r}"
        )
        found.append(_problem("environment-project-denied", text))
    repository = str(specification.source.get("repoURL") or "")
    if repository not in ("", own) and not _permits_source(spec, repository):
        text = f"the project {specification.project!r} does not permit the source {repository!r}"
        found.append(_problem("environment-project-denied", text))
    namespace = specification.destination_namespace
    if not permits_destination(spec, specification.destination, namespace):
        text = (
            f"the project {specification.project!r} does not permit the destination "
            f"namespace {namespace!r}"
        )
        found.append(_problem("environment-project-denied", text))
    return tuple(found)


def check_targets(
    specification: Specification,
    project: Object,
    resources: Iterable[tuple[Target, bool]],
) -> tuple[Problem, ...]:
    """Return why the project does not permit some of the objects to be synced.

    ``resources`` are targets, each with whether its kind lives in namespaces.
    """
    spec = _spec(project)
    found = []
    for target, namespaced in resources:
        if not permits_kind(spec, target, namespaced=namespaced):
            text = f"the project {specification.project!r} does not permit {target}"
            found.append(_problem("environment-project-denied", text))
        elif namespaced and not permits_destination(
            spec, specification.destination, target.namespace
        ):
            text = (
                f"the project {specification.project!r} does not permit the namespace of {target}"
            )
            found.append(_problem("environment-project-denied", text))
    return tuple(found)


def permitted(project: Object, resources: Sequence[Resource]) -> list[Resource]:
    """Return the live-only resources that the project lets an application see, and all others."""
    spec = _spec(project)
    return [
        one
        for one in resources
        if one.desired is not None
        or permits_kind(spec, one.target, namespaced=bool(one.target.namespace))
    ]


def permits_destination(spec: Object, destination: Object, namespace: str) -> bool:
    """Tell whether a project permits a namespace of the application's cluster."""
    server = str(destination.get("server") or ARGO_CLUSTER_SERVER)
    name = str(destination.get("name") or ARGO_CLUSTER)
    allowed = False
    for item in _items(spec.get("destinations")):
        by_server = str(item.get("server") or "")
        by_name = str(item.get("name") or "")
        place = str(item.get("namespace") or "")
        denies = any(one.startswith("!") for one in (by_server, by_name, place))
        cluster = _matches(by_server.lstrip("!"), server) or _matches(by_name.lstrip("!"), name)
        if not (cluster and _matches(place.lstrip("!"), namespace)):
            continue
        if denies:
            return False
        allowed = True
    return allowed


def permits_kind(spec: Object, target: Target, *, namespaced: bool) -> bool:
    """Tell whether a project permits objects of a kind."""
    scope = "namespace" if namespaced else "cluster"
    if any(_is(item, target) for item in _items(spec.get(f"{scope}ResourceBlacklist"))):
        return False
    white = spec.get(f"{scope}ResourceWhitelist")
    if white is None:
        return namespaced
    return any(_is(item, target) for item in _items(white))


def _permits_namespace(spec: Object, namespace: str, control_namespace: str) -> bool:
    """Tell whether applications of a namespace may use a project: a glob, or ``/expression/``."""
    if namespace in ("", control_namespace):
        return True
    patterns = _texts(spec.get("sourceNamespaces"))
    return any(_matches_namespace(one, namespace) for one in patterns)


def _matches_namespace(pattern: str, namespace: str) -> bool:
    if len(pattern) < 3 or not (pattern.startswith("/") and pattern.endswith("/")):
        return _matches(pattern, namespace)
    try:
        return regular.compile(pattern[1:-1]).matches(namespace)
    except ExpressionError:
        return False


def _permits_source(spec: Object, repository: str) -> bool:
    """Tell whether a project permits a repository: one allow and no deny."""
    patterns = _texts(spec.get("sourceRepos"))
    url = _normal(repository)
    if any(_matches(_normal(one[1:]), url, "/") for one in patterns if one.startswith("!")):
        return False
    return any(one == "*" or _matches(_normal(one), url, "/") for one in patterns)


def _normal(url: str) -> str:
    """Return a repository URL without what does not tell repositories apart."""
    return url.strip().lower().removesuffix("/").removesuffix(".git")


def _is(item: Object, target: Target) -> bool:
    return (
        _matches(str(item.get("group") or ""), target.group, exact_empty=True)
        and _matches(str(item.get("kind") or ""), target.kind)
        and (not item.get("name") or _matches(str(item["name"]), target.name))
    )


def _matches(pattern: str, text: str, separators: str = "", *, exact_empty: bool = False) -> bool:
    """Tell whether a glob matches; a broken or empty one matches nothing."""
    if not pattern:
        return exact_empty and not text
    try:
        return matches(pattern, text, separators)
    except InvalidGlobError:
        return False


def _spec(project: Object) -> Object:
    found = project.get("spec")
    return found if isinstance(found, dict) else {}


def _texts(value: Value) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _items(value: Value) -> list[Object]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _problem(code: str, message: str) -> Problem:
    return Problem(type=INVALID_SPEC, code=code, message=message)
