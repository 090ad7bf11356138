"""What a container is planned to be, from its pod and what surrounds it: pure."""

import signal
from typing import Any

import pytest

from ruleengine.local.runtime.images import Images
from ruleengine.local.runtime.planning import plan_container
from ruleengine.local.runtime.surroundings import NotReadyError, Surroundings, TokenRequest
from ruleengine.local.runtime.values import ContainerPlan, Limits, Mount, VolumeFile
from ruleengine.model.secrets import Secret
from ruleengine.model.values import Object
from tests.local.pretending import container, pod

OBJECTS: dict[tuple[str, str], Object] = {
    ("configmaps", "m"): {"data": {"a": "1", "b": "2"}, "binaryData": {"c": "AAE="}},
    ("configmaps", "kube-root-ca.crt"): {"data": {"ca.crt": "trust"}},
    ("secrets", "s"): {"data": {"k": "aGlkZGVu"}},
    ("serviceaccounts", "default"): {"metadata": {"uid": "account"}},
    ("serviceaccounts", "shy"): {"metadata": {"uid": "x"}, "automountServiceAccountToken": False},
    ("persistentvolumeclaims", "disk"): {"metadata": {"uid": "claim"}},
}
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def token(asked: TokenRequest) -> Secret:
    """Return a token that says what was asked for."""
    seconds = int(asked.life.total_seconds())
    return Secret(f"{asked.account.user} {asked.account.pod} {asked.audience} {seconds}")


def plan(
    more: Object | None = None,
    *,
    api: tuple[str, int] | None = None,
    grpc: bool = True,
    **spec: Any,
) -> ContainerPlan:
    """Plan a container of a pod."""
    value = pod(**spec)
    value["metadata"] |= {"namespace": "default", "uid": "u", "annotations": {"z": 'a"b', "y": "1"}}
    around = Surroundings(
        find=lambda resource, name: OBJECTS.get((resource, name)),
        token=token,
        images=Images({"tool": {"cmd": ["tool"], "env": {"HOME": "/h", "A": "image"}}}),
        api=api,
        grpc=grpc,
    )
    return plan_container(value, container(**(more or {})), 0, around)


def mounts(volume: Object, **mount: Any) -> tuple[Mount, ...]:
    """Plan a container with one volume."""
    mounted = [{"name": "v", "mountPath": "/v", **mount}]
    return plan({"volumeMounts": mounted}, volumes=[{"name": "v", **volume}]).mounts


def files(volume: Object) -> dict[str, VolumeFile]:
    """Return the files of a planned volume."""
    found = mounts(volume)[0].files
    assert found is not None
    return dict(found)


def refused(more: Object | None = None, **spec: Any) -> NotReadyError:
    """Return why a container cannot be planned."""
    with pytest.raises(NotReadyError) as found:
        plan(more, **spec)
    return found.value


@pytest.mark.parametrize("kind", ["emptyDir", "ephemeral"])
def test_a_folder_of_the_pod_has_no_files(kind: str) -> None:
    """The containers write them."""
    assert mounts({kind: {}}) == (Mount(volume="v", path="/v"),)
    assert mounts({kind: {}}, readOnly=True, subPath="x") == (
        Mount(volume="v", path="/v", read_only=True, sub_path="x"),
    )


def test_a_path_below_a_volume_may_name_variables() -> None:
    """As the environment of the container has them."""
    found = plan(
        {
            "env": [{"name": "N", "value": "one"}],
            "volumeMounts": [{"name": "v", "mountPath": "/v", "subPathExpr": "logs/$(N)"}],
        },
        volumes=[{"name": "v", "emptyDir": {}}],
    )
    assert found.mounts[0].sub_path == "logs/one"


def test_keys_of_an_object_are_files() -> None:
    """All of them, or those that are chosen, with the modes that are stated."""
    assert files({"configMap": {"name": "m"}}) == {
        "a": VolumeFile(b"1"),
        "b": VolumeFile(b"2"),
        "c": VolumeFile(b"\x00\x01"),
    }
    items = [{"key": "k", "path": "deep/key", "mode": 0o400}]
    chosen = {"secret": {"secretName": "s", "items": items, "defaultMode": 0o440}}
    assert files(chosen) == {"deep/key": VolumeFile(b"hidden", 0o400)}
    assert "hidden" not in repr(mounts(chosen))
    assert files({"secret": {"secretName": "none", "optional": True}}) == {}


def test_a_projected_volume_joins_its_sources() -> None:
    """With one default mode."""
    sources: list[Object] = [
        {"configMap": {"name": "m", "items": [{"key": "a", "path": "one"}]}},
        {"secret": {"name": "s"}},
        {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
        {"serviceAccountToken": {"path": "t", "audience": "vault", "expirationSeconds": 600}},
    ]
    assert files({"projected": {"sources": sources, "defaultMode": 0o600}}) == {
        "one": VolumeFile(b"1", 0o600),
        "k": VolumeFile(b"hidden", 0o600),
        "name": VolumeFile(b"p", 0o600),
        "t": VolumeFile(b"system:serviceaccount:default:default p vault 600", 0o600),
    }


@pytest.mark.parametrize(("kind", "name", "key"), [("configMap", "m", "a"), ("secret", "s", "k")])
def test_what_is_projected_may_be_missing(kind: str, name: str, key: str) -> None:
    """Where it is optional: an object, or a key of one; else it is waited for."""
    there, gone = ({"key": one, "path": f"p/{one}"} for one in (key, "none"))

    def projected(named: str, *items: Object, optional: bool) -> Object:
        source = {"name": named, "items": [*items], "optional": optional}
        return {"projected": {"sources": [{kind: source}]}}

    assert list(files(projected(name, there, gone, optional=True))) == [f"p/{key}"]
    assert files(projected("none", there, optional=True)) == {}
    for wanted in (projected(name, gone, optional=False), projected("none", optional=False)):
        mount = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
        assert not refused(mount, volumes=[{"name": "v", **wanted}]).final


def test_the_downward_api_tells_of_the_pod() -> None:
    """Labels and annotations a line each, quoted, with the mode that is stated for all."""
    items: list[Object] = [
        {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
        {"path": "notes", "fieldRef": {"fieldPath": "metadata.annotations"}},
        {"path": "cpu", "resourceFieldRef": {"containerName": "c", "resource": "limits.cpu"}},
    ]
    found = files({"downwardAPI": {"items": items, "defaultMode": 0o440}})
    assert {one.mode for one in found.values()} == {0o440}
    assert found["labels"].content == b'app="shop"'
    assert found["notes"].content == b'y="1"\nz="a\\"b"'
    assert found["cpu"].content == b"64"


def test_a_claim_is_a_folder_of_its_own() -> None:
    """It is the claim's, not the pod's."""
    claim = {"persistentVolumeClaim": {"claimName": "disk"}}
    assert mounts(claim) == (Mount(volume="v", path="/v", claim="claim"),)
    assert mounts({"persistentVolumeClaim": {"claimName": "disk", "readOnly": True}})[0].read_only


@pytest.mark.parametrize(
    ("volume", "message", "final"),
    [
        ({"configMap": {"name": "none"}}, 'configmap "none" not found', False),
        ({"secret": {"secretName": "none"}}, 'secret "none" not found', False),
        (
            {"configMap": {"name": "m", "items": [{"key": "x", "path": "x"}]}},
            "references non-existent config key: x",
            False,
        ),
        (
            {"persistentVolumeClaim": {"claimName": "none"}},
            'persistentvolumeclaim "none" not found',
            False,
        ),
        ({"configMap": {"name": "m", "items": [{"key": "a", "path": "../x"}]}}, "leads out", True),
        ({"hostPath": {"path": "/etc"}}, "nothing of the host", True),
        ({"nfs": {}}, "kind nfs are not honoured", True),
        ({"projected": {"sources": [{"clusterTrustBundle": {}}]}}, "clusterTrustBundle", True),
    ],
)
def test_a_volume_that_cannot_be_had_is_named(volume: Object, message: str, *, final: bool) -> None:
    """What may come is waited for, what is not honoured is not."""
    found = refused(
        {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}, volumes=[{"name": "v", **volume}]
    )
    assert message in found.message
    assert found.final is final


def test_a_mount_of_no_volume_is_refused() -> None:
    """It will never be there."""
    assert refused({"volumeMounts": [{"name": "x", "mountPath": "/x"}]}).final


def test_a_pod_gets_the_token_of_its_account() -> None:
    """At the well-known path, with what is needed to use it, for a year at most."""
    (mount,) = plan(api=("127.0.0.1", 6443)).mounts
    assert mount.path == ACCOUNT
    audience = "https://kubernetes.default.svc.cluster.local"
    speaks = f"system:serviceaccount:default:default p {audience} {365 * 86400}"
    assert mount.files == {
        "token": VolumeFile(speaks.encode()),
        "ca.crt": VolumeFile(b"trust"),
        "namespace": VolumeFile(b"default"),
    }


@pytest.mark.parametrize(
    "spec",
    [
        {"automountServiceAccountToken": False},
        {"serviceAccountName": "shy"},
        {"volumes": [{"name": "v", "emptyDir": {}}]},
    ],
)
def test_a_pod_may_do_without_the_token(spec: Object) -> None:
    """As it says, as its account says, or where something else is mounted there."""
    more = {"volumeMounts": [{"name": "v", "mountPath": ACCOUNT}]} if "volumes" in spec else {}
    found = plan(more, api=("127.0.0.1", 6443), **spec).mounts
    assert [mount.files for mount in found] == [None] * len(more)


def test_a_missing_account_is_waited_for() -> None:
    """It may come."""
    found = refused(api=("127.0.0.1", 1), serviceAccountName="none")
    assert (found.message, found.final) == ('serviceaccount "none" not found', False)


@pytest.mark.parametrize("kind", ["configMap", "secret"])
def test_what_is_optional_may_be_missing(kind: str) -> None:
    """An object, or a key of one that is there; what is not optional is waited for."""
    there = {"configMap": "m", "secret": "s"}[kind]
    for name, key in (("none", "k"), (there, "none")):
        reference = {"name": name, "key": key}
        variable = {"name": "V", "valueFrom": {f"{kind}KeyRef": reference}}
        assert not refused({"env": [variable]}).final
        reference["optional"] = True
        assert "V" not in plan({"env": [variable]}).environment
    source: Object = {f"{kind}Ref": {"name": "none"}}
    assert not refused({"envFrom": [source]}).final
    source[f"{kind}Ref"]["optional"] = True
    assert plan({"envFrom": [source]}).environment == {"HOSTNAME": "p"}


def test_the_environment_says_where_the_api_is() -> None:
    """Under the names that clients look for."""
    found = plan(api=("127.0.0.1", 6443)).environment
    assert found["KUBERNETES_SERVICE_HOST"] == "127.0.0.1"
    assert found["KUBERNETES_SERVICE_PORT"] == found["KUBERNETES_SERVICE_PORT_HTTPS"] == "6443"
    assert "KUBERNETES_SERVICE_HOST" not in plan().environment


def test_an_image_brings_variables_that_a_container_may_change() -> None:
    """Its own come later."""
    more = {"image": "tool", "command": [], "env": [{"name": "A", "value": "mine"}]}
    found = plan(more)
    assert found.arguments == ("tool",)
    assert (found.environment["HOME"], found.environment["A"]) == ("/h", "mine")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ({"resource": "limits.cpu"}, "2"),
        ({"resource": "limits.cpu", "divisor": "1m"}, "1500"),
        ({"resource": "requests.memory", "divisor": "1Mi"}, "100"),
        ({"resource": "requests.cpu"}, "2"),
        ({"resource": "limits.ephemeral-storage", "divisor": "1Gi"}, "1024"),
    ],
)
def test_resources_are_told_in_whole_units(reference: Object, expected: str) -> None:
    """Rounded up; what is not stated is that of the limit, or of the node."""
    resources = {"limits": {"cpu": "1500m"}, "requests": {"memory": "100Mi"}}
    more = {"env": [{"name": "R", "valueFrom": {"resourceFieldRef": reference}}]}
    assert plan({**more, "resources": resources}).environment["R"] == expected


@pytest.mark.parametrize(
    "source",
    [
        {"fieldRef": {"fieldPath": "status.phase"}},
        {"resourceFieldRef": {"resource": "limits.gpu"}},
        {"fileKeyRef": {}},
    ],
)
def test_a_source_that_is_not_honoured_is_refused(source: Object) -> None:
    """By name, and for good."""
    found = refused({"env": [{"name": "V", "valueFrom": source}]})
    assert found.final
    assert "not honoured" in found.message


def test_limits_are_bytes_and_thousandths() -> None:
    """As exact as they are stated."""
    more = {"resources": {"limits": {"memory": "64Mi", "cpu": "0.25"}}}
    assert plan(more).limits == Limits(memory=64 << 20, cpu=250)
    assert plan().limits == Limits()


@pytest.mark.parametrize(
    ("own", "of_pod", "expected"),
    [
        ({}, {}, (0, 0)),
        ({"runAsUser": 7}, {"runAsUser": 8, "runAsGroup": 9}, (7, 9)),
        ({}, {"runAsNonRoot": True}, (65532, 0)),
        ({"runAsNonRoot": True, "runAsUser": 5}, {}, (5, 0)),
    ],
)
def test_the_user_is_that_of_the_security_context(
    own: Object, of_pod: Object, expected: tuple[int, int]
) -> None:
    """The container's word goes before the pod's; who must not be root is somebody."""
    assert plan({"securityContext": own}, securityContext=of_pod).user == expected


@pytest.mark.parametrize(
    ("more", "spec", "message"),
    [
        ({"securityContext": {"runAsNonRoot": True, "runAsUser": 0}}, {}, "non-root policy"),
        ({"securityContext": {"privileged": True}}, {}, "privileged"),
        ({}, {"hostPID": True}, "hostPID"),
        ({}, {"shareProcessNamespace": True}, "shareProcessNamespace"),
        ({}, {"hostIPC": True}, "hostIPC"),
        ({}, {"securityContext": {"sysctls": [{"name": "a", "value": "1"}]}}, "sysctls"),
        ({}, {"os": {"name": "windows"}}, "Windows"),
        ({"volumeDevices": [{"name": "d", "devicePath": "/d"}]}, {}, "volumeDevices"),
        ({"restartPolicyRules": [{"action": "Restart"}]}, {}, "restartPolicyRules"),
        ({"lifecycle": {"stopSignal": "SIGNONE"}}, {}, "SIGNONE"),
    ],
)
def test_rights_that_no_sandbox_gives_are_refused(more: Object, spec: Object, message: str) -> None:
    """The container would not do what it is there for."""
    found = refused(more, **spec)
    assert found.final
    assert message in found.message


def test_a_probe_whose_library_is_missing_is_refused() -> None:
    """With what to install; the pod fails rather than to run unwatched."""
    probe = {"livenessProbe": {"grpc": {"port": 1}}}
    assert plan(probe).container
    found = refused(probe, grpc=False)
    assert found.final
    assert "the livenessProbe of c asks by gRPC" in found.message
    assert "pip install 'ruleengine[grpc]'" in found.message


def test_a_claim_of_a_device_gives_none_and_refuses_nothing() -> None:
    """A container can tell by itself that a device is missing, and may go on without."""
    assert plan({"resources": {"claims": [{"name": "gpu"}]}}).container


def test_a_container_may_be_asked_by_another_signal() -> None:
    """By its name."""
    assert plan().stop_signal == signal.SIGTERM
    assert plan({"lifecycle": {"stopSignal": "SIGUSR1"}}).stop_signal == signal.SIGUSR1


def test_ports_are_those_of_tcp() -> None:
    """They are looked at before the start."""
    ports = [{"containerPort": 8080}, {"containerPort": 53, "protocol": "UDP"}]
    assert plan({"ports": ports}).ports == (8080,)


def test_hosts_and_names_are_those_of_the_pod() -> None:
    """The name of the pod unless it states another, as long as the kernel takes names."""
    assert plan().hostname == "p"
    aliases = [{"ip": "127.0.0.9", "hostnames": ["a", "b"]}]
    found = plan(hostname="h", hostAliases=aliases)
    assert (found.hostname, found.hosts) == ("h", ("127.0.0.9\ta b",))
    assert found.environment["HOSTNAME"] == "h"
    assert plan(hostname=f"{'a' * 62}-{'b' * 9}").hostname == "a" * 62
