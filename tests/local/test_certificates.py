"""Who shows a certificate of the server's authority is whom it names."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ruleengine.cluster.connection import connect
from ruleengine.formats import json_text
from ruleengine.local import process
from ruleengine.local.gathering import peer_of
from ruleengine.local.material import prepare, write_user_kubeconfig
from ruleengine.model.errors import UnreachableError, UsageError
from ruleengine.model.http import HttpRequest, Peer

PODS = "/api/v1/namespaces/default/pods"
REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.Running]:
    """Return a server that stops after the tests of this file."""
    state = tmp_path_factory.mktemp("state")
    with process.ensure(state) as found:
        yield found
    process.stop(state)


def call(kubeconfig: Path, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Call as whom a kubeconfig speaks for."""
    headers = {"content-type": "application/json"}
    data = b"" if body is None else json_text.dump_bytes(body)
    request = HttpRequest(method=method, path=path, headers=headers, body=data)
    answer = connect(kubeconfig).send(request)
    return answer.status, json_text.loads(answer.body)


def test_a_certificate_names_a_user_and_its_groups(running: process.Running) -> None:
    """Who may do what bindings grant them, and no more."""
    state = running.kubeconfig.parent
    jane = write_user_kubeconfig(state, running.url, "jane", ["team", "night-shift"])
    assert stat.S_IMODE(jane.stat().st_mode) == 0o600
    assert stat.S_IMODE((state / "ca.key").stat().st_mode) == 0o600
    _, review = call(jane, "POST", REVIEWS, {})
    assert review["status"]["userInfo"] == {
        "username": "jane",
        "groups": ["team", "night-shift", "system:authenticated"],
    }
    status, refused = call(jane, "GET", PODS)
    assert (status, 'User "jane" cannot list' in refused["message"]) == (403, True)
    group = "rbac.authorization.k8s.io"
    binding = {
        "metadata": {"name": "team-views"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": group, "kind": "Group", "name": "team"}],
    }
    assert call(running.kubeconfig, "POST", BINDINGS, binding)[0] == 201
    assert call(jane, "GET", PODS)[0] == 200
    assert call(jane, "DELETE", f"{PODS}/none")[0] == 403


def test_masters_may_everything(running: process.Running) -> None:
    """By certificate as by token."""
    state = running.kubeconfig.parent
    root = write_user_kubeconfig(state, running.url, "root", ["system:masters"])
    assert call(root, "DELETE", f"{PODS}/none")[0] == 404


def test_a_certificate_of_another_authority_opens_nothing(
    running: process.Running, tmp_path: Path
) -> None:
    """Whatever it says."""
    prepare(tmp_path)
    other = write_user_kubeconfig(tmp_path, running.url, "root", ["system:masters"])
    trusted, foreign = (
        json.loads(one.read_text())["clusters"][0]["cluster"]["certificate-authority-data"]
        for one in (running.kubeconfig, other)
    )
    other.write_text(other.read_text().replace(foreign, trusted))
    with pytest.raises(UnreachableError):
        call(other, "GET", PODS)


@pytest.mark.parametrize("name", ["", "x" * 65])
def test_a_name_has_to_fit_into_a_certificate(tmp_path: Path, name: str) -> None:
    """The error says how long it may be."""
    with pytest.raises(UsageError) as refused:
        write_user_kubeconfig(tmp_path, "https://127.0.0.1:1", "jane", [name])
    assert "64" in refused.value.remedy


def test_who_shows_none_is_nobody_by_certificate() -> None:
    """Nor by one that names nobody."""
    assert peer_of(None) is None
    assert peer_of({"subject": ((("organizationName", "team"),),)}) is None
    subject = ((("organizationName", "team"),), (("commonName", "jane"),))
    assert peer_of({"subject": subject}) == Peer(name="jane", groups=("team",))
