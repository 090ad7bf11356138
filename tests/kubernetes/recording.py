"""Writes down what a real kube-apiserver answers to the sequences of requests.

``python -m tests.kubernetes.recording`` asks the one that ``RULEENGINE_KUBERNETES`` names. The
tests hold the local control plane to what was written down, on machines without one, too.
"""

import json
from pathlib import Path
from typing import Any

from ruleengine.cluster.connection import connect
from tests.kubernetes import sequences
from tests.kubernetes.comparing import common
from tests.kubernetes.servers import server

ANSWERS = Path(__file__).parent / "answers.json"


def recorded() -> dict[str, list[Any]]:
    """Return the answers that were written down, by the names of the sequences."""
    found: dict[str, list[Any]] = json.loads(ANSWERS.read_text(encoding="utf-8"))
    return found


def asked() -> dict[str, list[Any]]:
    """Return what a real server answers now; skips the calling test where none is built."""
    with server(controllers=False) as made:
        transport = connect(str(made.kubeconfig))
        return {
            one.name: [
                common(answer, managed=one.managed) for answer in sequences.play(one, transport)
            ]
            for one in sequences.load()
        }


if __name__ == "__main__":
    lines = [
        f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(one, sort_keys=True) for one in answers)
        for name, answers in asked().items()
    ]
    ANSWERS.write_text("{\n" + "\n],\n".join(lines) + "\n]\n}\n", encoding="utf-8")
