"""The session with kubectl that the local control plane passes, on a real API server.

So what its tests promise is what Kubernetes does. Left out is what asks for the local node, for
logs or for rights that only the local control plane has.
"""

from pathlib import Path

import pytest

from tests.e2e.kubectl_kit import Kubectl
from tests.e2e.test_kubectl_session import (
    test_a_custom_resource_is_explained_listed_and_held_to_its_schema,
    test_client_side_apply_creates_changes_prunes_and_leaves_alone,
    test_deleting_a_namespace_takes_everything_in_it,
    test_events_are_shown_of_their_object,
    test_less_common_ways_to_change_objects_work,
    test_lists_can_be_sorted_shaped_and_read_page_by_page,
    test_objects_are_created_edited_replaced_labelled_and_patched,
    test_roles_are_reconciled_and_everything_is_dumped,
    test_server_side_apply_owns_conflicts_and_takes_over,
    test_unknown_fields_are_refused_by_name,
    test_what_happens_is_shown_as_it_happens,
)
from tests.kubernetes.clusters import Cluster
from tests.programs import kubectl as find_kubectl

__all__ = [
    "test_a_custom_resource_is_explained_listed_and_held_to_its_schema",
    "test_client_side_apply_creates_changes_prunes_and_leaves_alone",
    "test_deleting_a_namespace_takes_everything_in_it",
    "test_events_are_shown_of_their_object",
    "test_less_common_ways_to_change_objects_work",
    "test_lists_can_be_sorted_shaped_and_read_page_by_page",
    "test_objects_are_created_edited_replaced_labelled_and_patched",
    "test_roles_are_reconciled_and_everything_is_dumped",
    "test_server_side_apply_owns_conflicts_and_takes_over",
    "test_unknown_fields_are_refused_by_name",
    "test_what_happens_is_shown_as_it_happens",
]

pytestmark = [pytest.mark.slow, pytest.mark.kubectl]


@pytest.fixture(scope="module")
def kubectl(real: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """Return kubectl on the real cluster, with the namespaces that the session has."""
    home: Path = tmp_path_factory.mktemp("home")
    made = Kubectl(find_kubectl(), real.server.kubeconfig, home)
    for name in ("shop", "edits", "nodes"):
        made("create", "namespace", name)
    return made
