"""The roles and bindings that a new control plane has, under the names of Kubernetes'.

``cluster-admin``, ``admin``, ``edit`` and ``view`` are there to be bound; discovery and
questions about oneself are open to everybody who is known.
"""

from typing import Final

from ruleengine.local.api.users import ACCOUNTS, AUTHENTICATED, MASTERS
from ruleengine.model.values import Object

_RBAC: Final = "rbac.authorization.k8s.io"
_READ: Final = ("get", "list", "watch")
_WRITE: Final = ("create", "delete", "deletecollection", "patch", "update")
_READABLE: Final[dict[str, str]] = {
    "": (
        "configmaps endpoints events limitranges namespaces persistentvolumeclaims "
        "persistentvolumeclaims/status pods pods/log pods/status replicationcontrollers "
        "replicationcontrollers/scale replicationcontrollers/status resourcequotas "
        "resourcequotas/status serviceaccounts services services/status"
    ),
    "apps": (
        "controllerrevisions daemonsets daemonsets/status deployments deployments/scale "
        "deployments/status replicasets replicasets/scale replicasets/status statefulsets "
        "statefulsets/scale statefulsets/status"
    ),
    "autoscaling": "horizontalpodautoscalers horizontalpodautoscalers/status",
    "batch": "cronjobs cronjobs/status jobs jobs/status",
    "discovery.k8s.io": "endpointslices",
    "networking.k8s.io": "ingresses ingresses/status networkpolicies",
    "policy": "poddisruptionbudgets poddisruptionbudgets/status",
}
_WRITABLE: Final[dict[str, str]] = {
    "": (
        "configmaps events persistentvolumeclaims pods pods/attach pods/eviction pods/exec "
        "pods/portforward replicationcontrollers "
        "replicationcontrollers/scale secrets serviceaccounts serviceaccounts/token services"
    ),
    "apps": (
        "daemonsets deployments deployments/scale replicasets replicasets/scale statefulsets "
        "statefulsets/scale"
    ),
    "autoscaling": "horizontalpodautoscalers",
    "batch": "cronjobs jobs",
    "networking.k8s.io": "ingresses networkpolicies",
    "policy": "poddisruptionbudgets",
}
_DISCOVERY: Final = (
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
    "/version/",
)
EVERYTHING: Final = "cluster-admin"


def _rule(verbs: tuple[str, ...], group: str, resources: str) -> Object:
    return {"verbs": list(verbs), "apiGroups": [group], "resources": resources.split()}


def _role(name: str, rules: list[Object], aggregated: str = "") -> Object:
    found: Object = {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
        "rules": rules,
    }
    if aggregated:
        labels = {f"rbac.authorization.k8s.io/aggregate-to-{aggregated}": "true"}
        found["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": labels}]}
    return found


def first_roles() -> list[Object]:
    """Return the cluster roles of a new control plane."""
    view = [_rule(_READ, group, names) for group, names in _READABLE.items()]
    edit = [
        *view,
        _rule(_READ, "", "secrets"),
        *(_rule(_WRITE, group, names) for group, names in _WRITABLE.items()),
        _rule(("impersonate",), "", "serviceaccounts"),
    ]
    admin = [
        *edit,
        _rule((*_READ, *_WRITE), _RBAC, "roles rolebindings"),
        _rule(("create",), "authorization.k8s.io", "localsubjectaccessreviews"),
    ]
    oneself = [
        _rule(
            ("create",),
            "authorization.k8s.io",
            "selfsubjectaccessreviews selfsubjectrulesreviews",
        ),
        _rule(("create",), "authentication.k8s.io", "selfsubjectreviews"),
    ]
    return [
        _role(
            EVERYTHING,
            [_rule(("*",), "*", "*"), {"verbs": ["*"], "nonResourceURLs": ["*"]}],
        ),
        _role("admin", admin, "admin"),
        _role("edit", edit, "edit"),
        _role("view", view, "view"),
        _role("system:basic-user", oneself),
        _role("system:discovery", [{"verbs": ["get"], "nonResourceURLs": list(_DISCOVERY)}]),
    ]


def first_bindings() -> list[Object]:
    """Return the cluster role bindings of a new control plane.

    The last one lets every service account do everything, as decision 0007 says why.
    """
    wanted = {
        EVERYTHING: (EVERYTHING, MASTERS),
        "system:basic-user": ("system:basic-user", AUTHENTICATED),
        "system:discovery": ("system:discovery", AUTHENTICATED),
        "local-service-accounts-may-everything": (EVERYTHING, ACCOUNTS),
    }
    return [
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": _RBAC, "kind": "Group", "name": group}],
        }
        for name, (role, group) in wanted.items()
    ]
