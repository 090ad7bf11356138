"""What the real kubectl shows of an applied config repo."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.process_kit import Place, guestbook, place
from tests.programs import kubectl
from tests.vectors import vectors_folder

pytestmark = [pytest.mark.slow, pytest.mark.kubectl]


@pytest.fixture(scope="module")
def program() -> str:
    """Return kubectl, or skip."""
    return kubectl()


@pytest.fixture(scope="module")
def applied(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Return the guestbook, applied to a control plane that is kept running."""
    assert program
    folder = tmp_path_factory.mktemp("kubectl")
    source = vectors_folder("argocd-example-apps") / "guestbook"
    with place(folder, guestbook(folder, source)) as made:
        made.start()
        made.call("apply").check_explained(0)
        yield made


@pytest.mark.vectors("argocd-example-apps")
@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ("applications", ("guestbook-staging", "Synced", "Healthy")),
        ("deployments", ("guestbook-ui", "1/1")),
        ("pods", ("guestbook-ui-", "Running")),
        ("svc", ("guestbook-ui", "ClusterIP")),
        ("applications,deployments,pods,svc", ("application.argoproj.io/guestbook-staging",)),
    ],
)
def test_kubectl_shows_what_was_applied(
    program: str, applied: Place, tmp_path: Path, kinds: str, expected: tuple[str, ...]
) -> None:
    """As tables, with the columns that users know."""
    kubeconfig = str(applied.running().kubeconfig)
    done = subprocess.run(
        [program, "--kubeconfig", kubeconfig, "get", kinds, "-A"],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for text in expected:
        assert text in done.stdout
