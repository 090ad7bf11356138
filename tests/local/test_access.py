"""Role-based access control: who may do what, and that reviews say so."""

from typing import Any

import pytest

from ruleengine.local.api.access import Attributes, allows, is_subject, rules_of
from ruleengine.local.api.users import User, impersonated
from ruleengine.local.clock import VirtualClock
from ruleengine.local.control_plane import ControlPlane
from ruleengine.local.memory_store import MemoryStore
from ruleengine.model.secrets import Secret
from ruleengine.model.values import Object
from tests.local.planes import MERGE, Caller, configmap

ADMIN = "of the server"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
GENEROUS = f"{RBAC}/clusterrolebindings/local-service-accounts-may-everything"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
MAPS = "/api/v1/namespaces/default/configmaps"
AUTHENTICATION = "/apis/authentication.k8s.io/v1"
AUTHORIZATION = "/apis/authorization.k8s.io/v1"
ROBOT = "system:serviceaccount:default:robot"


class Place:
    """A server that asks for tokens, with the account ``robot`` and a way to speak as it."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.plane = ControlPlane(
            MemoryStore(), self.clock, token=Secret(ADMIN), patience=0, strict=True
        )
        self.plane.settle()
        self._caller = Caller(self.plane)
        self.admin("POST", ACCOUNTS, {"metadata": {"name": "robot"}})

    def admin(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        """Call as the administrator."""
        return self.speak(ADMIN, method, path, body, **more)

    def speak(
        self, token: str, method: str, path: str, body: Any = None, **more: Any
    ) -> tuple[int, Any]:
        """Call with a token; ``headers`` are added."""
        headers = more.pop("headers", {})
        self._caller.headers = {"authorization": f"Bearer {token}", **headers}
        return self._caller(method, path, body, **more)

    def token(self, **spec: Any) -> str:
        """Return a token of the robot."""
        status, made = self.admin("POST", f"{ACCOUNTS}/robot/token", {"spec": spec})
        assert status == 201, made
        return str(made["status"]["token"])

    def grant(self, rules: list[Object]) -> None:
        """Let the robot do what the rules say in the namespace ``default``, and no more."""
        self.admin("DELETE", GENEROUS)
        roles = f"{RBAC}/namespaces/default"
        self.admin("POST", f"{roles}/roles", {"metadata": {"name": "r"}, "rules": rules})
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}
        subject = {"kind": "ServiceAccount", "name": "robot", "namespace": "default"}
        binding = {"metadata": {"name": "b"}, "roleRef": reference, "subjects": [subject]}
        assert self.admin("POST", f"{roles}/rolebindings", binding)[0] == 201


@pytest.fixture
def place() -> Place:
    """Return a server that asks for tokens."""
    return Place()


READ_MAPS = {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["configmaps"]}


def test_an_account_may_everything_until_the_binding_is_deleted(place: Place) -> None:
    """Pods of workflows work without a role; the binding is not made again."""
    token = place.token()
    assert place.speak(token, "POST", MAPS, configmap("a"))[0] == 201
    assert place.admin("DELETE", GENEROUS)[0] == 200
    status, answer = place.speak(token, "GET", f"{MAPS}/a")
    assert (status, answer["reason"]) == (403, "Forbidden")
    assert answer["message"] == (
        f'configmaps "a" is forbidden: User "{ROBOT}" cannot get resource "configmaps" '
        'in API group "" in the namespace "default"'
    )
    again = ControlPlane(place.plane.store, place.clock, token=Secret(ADMIN), patience=0)
    caller = Caller(again)
    caller.headers = {"authorization": f"Bearer {token}"}
    assert caller("GET", f"{MAPS}/a")[0] == 403


def test_a_role_grants_its_verbs_in_its_namespace(place: Place) -> None:
    """And nothing else: not another verb, namespace or resource, nor the whole cluster."""
    place.grant([READ_MAPS])
    token = place.token()
    place.admin("POST", MAPS, configmap("a"))
    assert place.speak(token, "GET", f"{MAPS}/a")[0] == 200
    assert place.speak(token, "GET", MAPS)[0] == 200
    assert place.speak(token, "GET", MAPS, watch="true")[0] == 403
    assert place.speak(token, "DELETE", f"{MAPS}/a")[0] == 403
    assert place.speak(token, "GET", "/api/v1/namespaces/kube-system/configmaps")[0] == 403
    status, answer = place.speak(token, "GET", "/api/v1/configmaps")
    assert status == 403
    assert answer["message"].endswith("at the cluster scope")
    assert place.speak(token, "GET", "/api/v1/namespaces/default/secrets")[0] == 403


@pytest.mark.parametrize("verbs", [["patch"], ["create", "patch"]])
def test_who_applies_what_is_not_there_needs_the_right_to_create_it(
    place: Place, verbs: list[str]
) -> None:
    """Beside that to patch, as with a kube-apiserver, which says so in these words."""
    place.grant([{"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs}])
    token = place.token()

    def apply() -> tuple[int, Object]:
        return place.speak(
            token,
            "PATCH",
            f"{MAPS}/a",
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}},
            media="application/apply-patch+yaml",
            fieldManager="m",
            force="true",
        )

    status, answer = apply()
    assert status == (201 if "create" in verbs else 403)
    if status == 403:
        assert 'cannot create resource "configmaps" in API group ""' in answer["message"]
        place.admin("POST", MAPS, configmap("a"))
    assert apply()[0] == 200


def test_discovery_is_open_to_whoever_is_known_and_other_paths_are_not(place: Place) -> None:
    """Clients need it before they can ask anything."""
    place.admin("DELETE", GENEROUS)
    token = place.token()
    for path in ("/api", "/apis", "/version", "/api/v1", "/apis/apps/v1", "/openapi/v3"):
        assert place.speak(token, "GET", path)[0] == 200, path
    assert place.speak(token, "GET", "/debug/ruleengine/writes")[0] == 403


def test_reviews_agree_with_what_is_enforced(place: Place) -> None:
    """For oneself, for others, and as a list of rules."""
    place.grant([READ_MAPS])
    token = place.token()
    for verb, allowed in (("get", True), ("delete", False)):
        wanted = {"verb": verb, "resource": "configmaps", "namespace": "default"}
        spec = {"resourceAttributes": wanted}
        path = f"{AUTHORIZATION}/selfsubjectaccessreviews"
        assert place.speak(token, "POST", path, {"spec": spec})[1]["status"]["allowed"] is allowed
        path = f"{AUTHORIZATION}/subjectaccessreviews"
        _, answer = place.admin("POST", path, {"spec": {**spec, "user": ROBOT}})
        assert answer["status"]["allowed"] is allowed
    path = f"{AUTHORIZATION}/selfsubjectrulesreviews"
    _, answer = place.speak(token, "POST", path, {"spec": {"namespace": "default"}})
    assert READ_MAPS in answer["status"]["resourceRules"]
    _, answer = place.speak(token, "POST", f"{AUTHENTICATION}/selfsubjectreviews", {})
    assert answer["status"]["userInfo"]["username"] == ROBOT


def test_the_administrator_may_speak_as_somebody_else(place: Place) -> None:
    """``--as`` asks with the rights of the other; who may not impersonate cannot."""
    place.grant([READ_MAPS])
    as_robot = {"impersonate-user": ROBOT}
    assert place.admin("GET", MAPS, headers=as_robot)[0] == 200
    assert place.admin("POST", MAPS, configmap("b"), headers=as_robot)[0] == 403
    as_jane = {"impersonate-user": "jane", "impersonate-group": "one,system:masters"}
    assert place.admin("POST", MAPS, configmap("b"), headers=as_jane)[0] == 201
    status, answer = place.speak(place.token(), "GET", MAPS, headers=as_jane)
    assert status == 403
    assert 'cannot impersonate resource "users"' in answer["message"]
    assert place.admin("GET", MAPS, headers={"impersonate-group": "one"})[0] == 400


def test_a_requested_token_has_a_time_and_an_audience(place: Place) -> None:
    """It opens this server only if it was made for it, and only until it ends."""
    status, made = place.admin(
        "POST", f"{ACCOUNTS}/robot/token", {"spec": {"expirationSeconds": 600}}
    )
    assert status == 201
    token = made["status"]["token"]
    assert place.speak(token, "GET", MAPS)[0] == 200
    assert place.speak(place.token(audiences=["vault"]), "GET", MAPS)[0] == 401
    place.clock.move_by(601)
    assert place.speak(token, "GET", MAPS)[0] == 401
    status, answer = place.admin(
        "POST", f"{ACCOUNTS}/robot/token", {"spec": {"expirationSeconds": 5}}
    )
    assert (status, answer["reason"]) == (422, "Invalid")
    assert place.admin("POST", f"{ACCOUNTS}/nobody/token", {})[0] == 404


def test_a_bound_token_ends_with_what_it_is_bound_to(place: Place) -> None:
    """A Secret that goes takes the token along."""
    secrets = "/api/v1/namespaces/default/secrets"
    place.admin("POST", secrets, {"metadata": {"name": "s"}})
    token = place.token(boundObjectRef={"kind": "Secret", "apiVersion": "v1", "name": "s"})
    assert place.speak(token, "GET", MAPS)[0] == 200
    place.admin("DELETE", f"{secrets}/s")
    assert place.speak(token, "GET", MAPS)[0] == 401


def test_a_token_review_says_whom_a_token_speaks_for(place: Place) -> None:
    """And for which audience; what is no token of ours is not authenticated."""
    path = f"{AUTHENTICATION}/tokenreviews"
    spec = {"token": place.token(audiences=["vault"]), "audiences": ["bank", "vault"]}
    _, answer = place.admin("POST", path, {"spec": spec})
    assert answer["status"]["authenticated"] is True
    assert answer["status"]["audiences"] == ["vault"]
    assert answer["status"]["user"]["username"] == ROBOT
    assert "system:serviceaccounts:default" in answer["status"]["user"]["groups"]
    _, answer = place.admin("POST", path, {"spec": {"token": "x"}})
    assert answer["status"]["authenticated"] is False
    assert place.admin("POST", path, {"spec": {}})[0] == 400


@pytest.mark.parametrize(
    ("rule", "wanted", "expected"),
    [
        ({"resources": ["pods"]}, {"resource": "pods"}, True),
        ({"resources": ["pods"]}, {"resource": "pods", "subresource": "log"}, False),
        ({"resources": ["pods/log"]}, {"resource": "pods", "subresource": "log"}, True),
        ({"resources": ["*/log"]}, {"resource": "pods", "subresource": "log"}, True),
        ({"resources": ["*"]}, {"resource": "pods", "subresource": "log"}, True),
        ({"resources": ["pods"], "resourceNames": ["a"]}, {"resource": "pods", "name": "a"}, True),
        ({"resources": ["pods"], "resourceNames": ["a"]}, {"resource": "pods"}, False),
        ({"resources": ["pods"], "apiGroups": ["apps"]}, {"resource": "pods"}, False),
        ({"resources": ["pods"], "verbs": ["*"]}, {"resource": "pods"}, True),
        ({"nonResourceURLs": ["/api/*"]}, {"path": "/api/v1"}, True),
        ({"nonResourceURLs": ["/api"]}, {"path": "/api/v1"}, False),
        ({"nonResourceURLs": ["*"]}, {"resource": "pods"}, False),
    ],
)
def test_what_a_rule_allows(rule: Object, wanted: dict[str, str], expected: bool) -> None:
    """Resources with their subresources, names, groups, verbs and paths."""
    full = {"verbs": ["get"], "apiGroups": [""], **rule}
    assert allows(full, Attributes(verb="get", **wanted)) is expected


def test_a_binding_speaks_of_users_groups_and_accounts() -> None:
    """An account without a namespace is one of the binding's own."""
    robot = impersonated("system:serviceaccount:n:robot", ())
    assert "system:serviceaccounts:n" in robot.groups
    home = {"namespace": "n"}

    def bound(user: User, **subject: str) -> bool:
        return is_subject({"metadata": home, "subjects": [subject]}, user)

    assert bound(robot, kind="ServiceAccount", name="robot")
    assert not bound(robot, kind="ServiceAccount", name="robot", namespace="m")
    assert bound(robot, kind="Group", name="system:serviceaccounts")
    assert bound(User(name="jane"), kind="User", name="jane")
    assert not bound(User(name="jane"), kind="User", name="joe")


def test_an_aggregated_role_has_the_rules_of_those_it_selects() -> None:
    """As if its controller had copied them."""
    one = {"metadata": {"labels": {"to": "view"}}, "rules": [READ_MAPS]}
    other = {"metadata": {"labels": {"to": "edit"}}, "rules": [{"verbs": ["*"]}]}
    selectors = [{"matchLabels": {"to": "view"}}]
    role = {"aggregationRule": {"clusterRoleSelectors": selectors}, "rules": None}
    assert rules_of(role, [role, one, other]) == [READ_MAPS]


def test_nobody_grants_what_it_does_not_hold(place: Place) -> None:
    """Neither by a role nor by a binding; who holds it may, and so may the administrator."""
    writes = {
        "verbs": ["create", "patch", "update", "get"],
        "apiGroups": ["rbac.authorization.k8s.io"],
        "resources": ["*"],
    }
    place.grant([READ_MAPS, writes])
    token = place.token()
    roles, bindings = (f"{RBAC}/namespaces/default/{one}" for one in ("roles", "rolebindings"))

    def role(name: str, *rules: Object) -> Object:
        return {"metadata": {"name": name}, "rules": list(rules)}

    def binding(name: str, of: str, kind: str = "Role") -> Object:
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": of}
        return {"metadata": {"name": name}, "roleRef": reference, "subjects": []}

    mine = {**READ_MAPS, "verbs": ["get"], "resourceNames": ["one"]}
    more = {**READ_MAPS, "resources": ["configmaps", "secrets"]}
    assert place.speak(token, "POST", roles, role("mine", mine))[0] == 201
    status, refused = place.speak(token, "POST", roles, role("more", more))
    assert (status, refused["reason"]) == (403, "Forbidden")
    assert 'list secrets in API group ""' in refused["message"]
    assert "list configmaps" not in refused["message"]
    change = {"rules": [more]}
    assert place.speak(token, "PATCH", f"{roles}/mine", change, media=MERGE)[0] == 403
    label = {"metadata": {"labels": {"a": "b"}}}
    assert place.speak(token, "PATCH", f"{roles}/mine", label, media=MERGE)[0] == 200
    assert place.admin("POST", roles, role("more", more))[0] == 201
    assert place.speak(token, "PATCH", f"{roles}/more", label, media=MERGE)[0] == 200
    assert place.speak(token, "POST", bindings, binding("b1", "mine"))[0] == 201
    assert place.speak(token, "POST", bindings, binding("b2", "more"))[0] == 403
    status, refused = place.speak(token, "POST", bindings, binding("b3", "none"))
    assert (status, refused["message"]) == (
        404,
        'roles.rbac.authorization.k8s.io "none" not found',
    )
    everything = binding("b4", "cluster-admin", "ClusterRole")
    assert place.speak(token, "POST", bindings, everything)[0] == 403


def test_escalate_and_bind_are_rights_of_their_own(place: Place) -> None:
    """Who has them may grant what it does not hold; aggregation needs every right."""
    group = "rbac.authorization.k8s.io"
    writes = {"verbs": ["create", "escalate"], "apiGroups": [group], "resources": ["roles"]}
    binds = {"verbs": ["create"], "apiGroups": [group], "resources": ["rolebindings"]}
    named = {"apiGroups": [group], "resources": ["clusterroles"], "resourceNames": ["view"]}
    place.grant([writes, binds, {**named, "verbs": ["bind"]}])
    token = place.token()
    roles, bindings = (f"{RBAC}/namespaces/default/{one}" for one in ("roles", "rolebindings"))
    all_of_it = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    body = {"metadata": {"name": "all"}, "rules": [all_of_it]}
    assert place.speak(token, "POST", roles, body)[0] == 201
    for name, code in (("view", 201), ("edit", 403)):
        reference = {"apiGroup": group, "kind": "ClusterRole", "name": name}
        bound = {"metadata": {"name": name}, "roleRef": reference, "subjects": []}
        assert place.speak(token, "POST", bindings, bound)[0] == code


def test_many_rights_at_once_are_not_compared(place: Place) -> None:
    """A role of millions of rights is refused to whoever would have to be asked for each."""
    group = "rbac.authorization.k8s.io"
    place.grant([{"verbs": ["create"], "apiGroups": [group], "resources": ["roles"]}])
    names = [f"n{one}" for one in range(300)]
    rule = {"verbs": names, "apiGroups": names, "resources": names}
    body = {"metadata": {"name": "huge"}, "rules": [rule]}
    roles = f"{RBAC}/namespaces/default/roles"
    assert place.speak(place.token(), "POST", roles, body)[0] == 403
