"""Argo's own definitions (CRDs) of its kinds, read from the Go modules of its four projects.

``python -m tests.kubernetes.definitions FOLDER`` has Go download the modules, which checks them
against its database of checksums, and unpacks the definitions; ``make kubernetes`` does so. They
are never copied into the project.
"""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from ruleengine.formats import yaml_reader
from ruleengine.model.values import Object
from tests.kubernetes.servers import programs

MODULES: Final = {
    "github.com/argoproj/argo-cd/v3@v3.6.1": {"all": "manifests/crds"},
    "github.com/argoproj/argo-events@v1.9.10": {"all": "manifests/base/crds"},
    "github.com/argoproj/argo-rollouts@v1.9.3": {"all": "manifests/crds"},
    "github.com/argoproj/argo-workflows/v4@v4.0.5": {
        "minimal": "manifests/base/crds/minimal",
        "full": "manifests/base/crds/full",
    },
}
"""Modules, and the folders of definitions in them.

Argo Workflows has two sets: one leaves most fields open, the other describes every field.
"""

SETS: Final = ("minimal", "full")


def fetch(folder: Path) -> None:
    """Download the modules and unpack their definitions. Raises where Go cannot get one."""
    for module, folders in MODULES.items():
        with zipfile.ZipFile(_download(module)) as packed:
            for name in packed.namelist():
                path = PurePosixPath(name.removeprefix(f"{module}/"))
                for kept, inside in folders.items():
                    if str(path.parent) == inside and path.stem != "kustomization":
                        _write(folder / kept / path.name, packed.read(name))


def _download(module: str) -> Path:
    """Have Go fetch a module; it has done so also where it is too old to build what is in it."""
    with tempfile.TemporaryDirectory() as elsewhere:
        answer = subprocess.run(
            [os.environ.get("GO", "go"), "mod", "download", "-json", module],
            cwd=elsewhere,
            env={**os.environ, "GOTOOLCHAIN": "local"},
            stdout=subprocess.PIPE,
            check=False,
        )
    found = json.loads(answer.stdout or b"{}")
    if "Zip" not in found:
        raise SystemExit(f"{module} cannot be fetched: {found.get('Error')}")
    return Path(found["Zip"])


def _write(path: Path, content: bytes) -> None:
    if path.suffix == ".yaml":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def definitions(chosen: str) -> Iterator[Object]:
    """Yield Argo's definitions of all kinds, with one of the ``SETS`` of Argo Workflows."""
    folder = programs() / "argo"
    for path in sorted([*(folder / "all").iterdir(), *(folder / chosen).iterdir()]):
        for document in yaml_reader.read(path.read_bytes(), path.name).documents:
            yield document.value


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
