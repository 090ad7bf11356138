"""Our image, built whole as the Containerfile says, and the pods of workflows that have it.

By command (``make test-image``), since it takes minutes: the image that ours begins with is made
here of Debian's packages, under the name that the Containerfile asks for.
"""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from ruleengine.local.runtime.engine_client import VARIABLE
from ruleengine.model.actions import Target
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, lookup
from tests.e2e.process_kit import place
from tests.local.engines import (
    DISTROLESS,
    IMAGE,
    PROGRAM,
    SCRATCH,
    engine_command,
    import_bare_images,
)
from tests.local.sandboxes import require_sandbox

ROOT: Final = Path(__file__).resolve().parents[2]
OURS: Final = "localhost/whole:1"
"""By another name than ``ruleengine``: whose containers would be this very package."""

_LIMITS: Final = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024")
_TRUST: Final = "/etc/ssl/certs/ca-certificates.crt"
_PIP: Final = 'rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED'
_PYTHON: Final = 'ln -s /usr/bin/python3 "$1/usr/local/bin/python"'
_BASE: Final = (
    *("mmdebstrap", "--quiet", "--variant=minbase", "--format=tar"),
    "--include=ca-certificates,python3,python3-pip",
    *(f"--customize-hook={one}" for one in (_PIP, _PYTHON, f"upload {_TRUST} {_TRUST}")),
    *("bookworm", "-"),
)

WORKFLOW: Final = f"""
apiVersion: {ARGO_API_VERSION}
kind: Workflow
metadata: {{name: whole, namespace: ruleengine}}
spec:
  entrypoint: main
  securityContext: {{runAsNonRoot: true, runAsUser: USER}}
  podSpecPatch: |
    initContainers:
    - {{name: init, image: {OURS}, securityContext: {{readOnlyRootFilesystem: true}}}}
    containers:
    - {{name: wait, image: {OURS}, securityContext: {{readOnlyRootFilesystem: true}}}}
  templates:
  - name: main
    dag:
      tasks:
      - name: makes
        template: makes
        withItems: [{IMAGE}, {DISTROLESS}, {SCRATCH}]
        arguments: {{parameters: [{{name: image, value: "{{{{item}}}}"}}]}}
      - name: takes
        depends: makes
        template: takes
        withItems: [{IMAGE}, {DISTROLESS}, {SCRATCH}]
        arguments:
          parameters: [{{name: image, value: "{{{{item}}}}"}}]
          artifacts: [{{name: given, raw: {{data: given}}}}]
      - name: fails
        template: fails
        continueOn: {{failed: true}}
      - {{name: writes, template: writes}}
  - name: makes
    inputs: {{parameters: [{{name: image}}]}}
    volumes: [{{name: out, emptyDir: {{}}}}]
    container:
      image: "{{{{inputs.parameters.image}}}}"
      command: [{PROGRAM}, sh, -c]
      args: ["echo 7; echo made >/out/file; echo no 2>/dev/null >/here; exit 0"]
      securityContext: {{readOnlyRootFilesystem: true}}
      volumeMounts: [{{name: out, mountPath: /out}}]
    outputs:
      parameters: [{{name: word, valueFrom: {{path: /out/file}}}}]
      artifacts: [{{name: file, path: /out/file}}]
  - name: takes
    inputs:
      parameters: [{{name: image}}]
      artifacts: [{{name: given, path: /given}}]
    container:
      image: "{{{{inputs.parameters.image}}}}"
      command: [{PROGRAM}, cat, /given]
    outputs: {{parameters: [{{name: word, valueFrom: {{path: /given}}}}]}}
  - name: fails
    container: {{image: {IMAGE}, command: [sh, -c], args: ["exit 5"]}}
    outputs: {{parameters: [{{name: word, valueFrom: {{path: /none, default: absent}}}}]}}
  - name: writes
    script:
      image: {IMAGE}
      command: [sh]
      source: "echo written >/tmp/word; echo 2/4 >$ARGO_PROGRESS_FILE"
    outputs: {{parameters: [{{name: word, valueFrom: {{path: /tmp/word}}}}]}}
"""


def run(*command: str) -> str:
    """Run a command to its end; return what it says."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def engine() -> Iterator[tuple[str, ...]]:
    """Return the command of an engine that has our image, and images of users."""
    require_sandbox()
    assert shutil.which("mmdebstrap"), "mmdebstrap is not installed (Debian: mmdebstrap)"
    (base,) = re.findall(r"^FROM (\S+)$", (ROOT / "Containerfile").read_text(), re.MULTILINE)
    with engine_command(driver="overlay") as command:
        change = ("--change", f"ENV PIP_CERT={_TRUST}", "--change", 'CMD ["python3"]')
        asked = [*command, "import", *change, "-", f"docker.io/library/{base}"]
        with subprocess.Popen(_BASE, stdout=subprocess.PIPE) as making:
            subprocess.run(asked, stdin=making.stdout, capture_output=True, check=True)
        assert making.returncode == 0
        run(*command, "build", "--network=host", "--tag", OURS, str(ROOT))
        import_bare_images(command)
        yield command


def test_it_is_the_program(engine: tuple[str, ...]) -> None:
    """As nobody in particular, with nothing that it may write, and with the extras it needs."""
    start = (*engine, "run", "--rm", "--network=none", "--read-only", *_LIMITS)
    assert run(*start, OURS, "--version").startswith("ruleengine, version ")
    assert run(*start, "--entrypoint=id", OURS, "-u") == "65532\n"
    code = "from ruleengine.step.preparing import static_busybox; print(static_busybox())"
    stores = "import azure.storage.blob, google.cloud.storage, grpc, hdfs_native, minio, psycopg"
    oss = "import alibabacloud_oss_v2"
    inside = (*start, "--entrypoint=python3", OURS, "-c")
    assert run(*inside, f"{stores}; {oss}; {code}") == "/usr/bin/busybox\n"
    ssh = (*start, "--passwd=false", "--entrypoint=ssh", OURS, "-G", "example")
    assert "user ruleengine" in run(*ssh)


@pytest.mark.parametrize("user", [65532, 1000, 0])
def test_steps_of_every_image_run_beside_it(
    engine: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int
) -> None:
    """Like alpine, distroless and scratch: inputs, outputs, codes, logs, whoever they run as."""
    text = WORKFLOW.replace("USER", str(user)).replace("runAsNonRoot: true", f"{_non_root(user)}")
    with place(tmp_path, {"pipelines/whole.yaml": text}) as made:
        monkeypatch.setenv(VARIABLE, shlex.join(engine))
        made.start()
        made.call("apply", "--timeout", "15m")
        found = made.client().get(Target(ARGO_API_VERSION, "Workflow", "ruleengine", "whole"))
    nodes: list[Object] = list(lookup(found, "status", "nodes", default={}).values())
    makes, takes = (
        [one for one in nodes if one["displayName"].startswith(f"{name}(")]
        for name in ("makes", "takes")
    )
    said = [(one["displayName"], one["phase"], one.get("message")) for one in nodes]
    assert [one["phase"] for one in (*makes, *takes)] == ["Succeeded"] * 6, said
    for one in makes:
        assert lookup(one, "outputs", "parameters")[0]["value"] == "made"
        assert [kept["name"] for kept in one["outputs"]["artifacts"]] == ["file"]
    for one in takes:
        assert lookup(one, "outputs", "parameters")[0]["value"] == "given"
    (writes,) = [one for one in nodes if one["displayName"] == "writes"]
    assert writes["progress"] == "4/4", said
    (fails,) = [one for one in nodes if one["displayName"] == "fails"]
    assert (fails["phase"], lookup(fails, "outputs", "exitCode")) == ("Failed", "5"), said
    assert lookup(found, "status", "phase") == "Succeeded", said


def _non_root(user: int) -> str:
    return f"runAsNonRoot: {str(user != 0).lower()}"
