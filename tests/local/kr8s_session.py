"""A session with kr8s on the server whose kubeconfig is given; prints that all is well."""

import sys

import kr8s
from kr8s.objects import Deployment

from tests.local.planes import deployment


def main(kubeconfig: str) -> None:
    """Create, wait, scale, read, change and delete a Deployment."""
    api = kr8s.api(kubeconfig=kubeconfig)
    assert api.version()["gitVersion"].endswith("+ruleengine")
    web = Deployment(deployment("kr8s", replicas=1), api=api)
    web.create()
    web.wait("condition=Available", timeout=20)
    assert web.ready()
    web.scale(2)
    web.wait("jsonpath='{.status.readyReplicas}'=2", timeout=20)
    pods = web.pods()
    assert len(pods) == 2
    assert "simulated" in "".join(pods[0].logs())
    web.label({"tier": "front"})
    web.annotate({"why": "because"})
    web.refresh()
    assert web.labels["tier"] == "front"
    web.delete()
    web.wait("delete", timeout=20)
    assert not web.exists()
    print("all is well")


if __name__ == "__main__":
    main(sys.argv[1])
