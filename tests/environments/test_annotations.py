"""What annotations, durations and tracking ids mean."""

import pytest

from ruleengine.environments.annotations import SyncPhase, hook_of, sync_wave
from ruleengine.environments.specification import Retry
from ruleengine.environments.tracking import (
    application_of,
    describes_itself,
    read_tracking,
    tracking_id,
)
from ruleengine.model.actions import Target
from ruleengine.model.names import ARGO_TRACKING

ARGO = "argocd.argoproj.io/"


@pytest.mark.parametrize(
    ("annotations", "wave"),
    [
        ({}, 0),
        ({f"{ARGO}sync-wave": "-3"}, -3),
        ({"helm.sh/hook-weight": "4"}, 4),
        ({f"{ARGO}sync-wave": "soon", "helm.sh/hook-weight": "4"}, 4),
    ],
)
def test_the_wave_is_argos_annotation_then_helms_weight(annotations: dict, wave: int) -> None:
    """What cannot be read counts as absent."""
    assert sync_wave({"metadata": {"annotations": annotations}}) == wave


@pytest.mark.parametrize(
    ("annotations", "phases"),
    [
        ({f"{ARGO}hook": "PostSync, PreSync"}, (SyncPhase.PRE_SYNC, SyncPhase.POST_SYNC)),
        ({"helm.sh/hook": "pre-install,pre-upgrade"}, (SyncPhase.PRE_SYNC,)),
        ({f"{ARGO}hook": "Sync", "helm.sh/hook": "pre-install"}, (SyncPhase.SYNC,)),
        ({f"{ARGO}hook": "Skip,PreSync"}, (SyncPhase.PRE_SYNC,)),
        ({"helm.sh/hook": "post-delete"}, ()),
    ],
)
def test_hooks_name_their_phases(annotations: dict, phases: tuple) -> None:
    """Argo's annotation wins over Helm's, whose names are mapped."""
    hook = hook_of({"metadata": {"annotations": annotations}})
    assert hook is not None
    assert hook.phases == phases
    assert not hook.unknown
    assert not hook.skip


def test_an_ordinary_object_is_no_hook() -> None:
    """Helm's CRDs are ordinary resources too."""
    assert hook_of({"metadata": {}}) is None
    assert hook_of({"metadata": {"annotations": {"helm.sh/hook": "crd-install"}}}) is None


def test_skip_alone_and_unknown_values_are_told_apart() -> None:
    """Both are never applied, for different reasons."""
    skipped = hook_of({"metadata": {"annotations": {f"{ARGO}hook": "Skip"}}})
    strange = hook_of({"metadata": {"annotations": {"helm.sh/hook": "test"}}})
    assert skipped is not None
    assert skipped.skip
    assert strange is not None
    assert strange.unknown


def test_delete_policies_of_argo_and_helm_are_merged() -> None:
    """Where none is valid the hook goes before the next one is made."""
    both = {
        f"{ARGO}hook": "Sync",
        f"{ARGO}hook-delete-policy": "HookFailed,Never",
        "helm.sh/hook-delete-policy": "hook-succeeded",
    }
    hook = hook_of({"metadata": {"annotations": both}})
    assert hook is not None
    assert hook.policies == {"HookFailed", "HookSucceeded"}


def test_retries_wait_longer_up_to_a_cap() -> None:
    """The first waits the duration itself; without a cap it grows on."""
    assert [Retry(limit=9).wait(attempt) for attempt in (1, 2, 3, 7, 99)] == [5, 10, 20, 180, 180]
    assert Retry(limit=9, maximum=0).wait(7) == 320


def test_a_tracking_id_names_the_application_and_the_object() -> None:
    """The core group is empty; objects without a namespace carry the destination's."""
    service = Target("v1", "Service", "prod", "api")
    role = Target("rbac.authorization.k8s.io/v1", "ClusterRole", "", "system:reader")
    assert tracking_id("web", service, "prod") == "web:/Service:prod/api"
    text = tracking_id("web", role, "prod")
    assert text == "web:rbac.authorization.k8s.io/ClusterRole:prod/system:reader"
    value = {
        "apiVersion": role.api_version,
        "kind": role.kind,
        "metadata": {"name": role.name, "annotations": {ARGO_TRACKING: text}},
    }
    assert application_of(value) == "web"
    assert describes_itself(value)


@pytest.mark.parametrize("text", ["", "web", "web:/Service", "web:a/b/c:d/e", "web:/Service:api"])
def test_a_broken_tracking_id_belongs_to_nobody(text: str) -> None:
    """Three parts, and two in each of the last two."""
    assert read_tracking({"metadata": {"annotations": {ARGO_TRACKING: text}}}) is None
