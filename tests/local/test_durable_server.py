"""What the server acknowledges, it still knows when it was killed and started again."""

import os
import signal
import threading
from pathlib import Path

from ruleengine.cluster.connection import connect
from ruleengine.formats import json_text
from ruleengine.local import process
from ruleengine.model.errors import UnreachableError
from ruleengine.model.http import HttpRequest
from tests.local.test_process import eventually

MAPS = "/api/v1/namespaces/default/configmaps"


def test_every_acknowledged_request_survives_kill_9(tmp_path: Path) -> None:
    """Killed under load, the server has each of them, and watches go on where they were."""
    acknowledged: dict[str, int] = {}
    with process.ensure(tmp_path) as running:
        transport = connect(running.kubeconfig)

        def write(writer: int) -> None:
            for number in range(10_000):
                name = f"w{writer}-{number}"
                body = json_text.dump_bytes({"metadata": {"name": name}, "data": {"n": "x" * 500}})
                request = HttpRequest(
                    method="POST",
                    path=MAPS,
                    headers={"content-type": "application/json"},
                    body=body,
                )
                try:
                    answer = transport.send(request)
                except UnreachableError:
                    return
                if answer.status == 201:
                    made = json_text.loads(answer.body)
                    acknowledged[name] = int(made["metadata"]["resourceVersion"])

        writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for one in writers:
            one.start()
        assert eventually(lambda: len(acknowledged) > 150)
        os.kill(running.pid, signal.SIGKILL)
        for one in writers:
            one.join()
        assert eventually(lambda: process.status(tmp_path) is None)
    with process.ensure(tmp_path) as running:
        transport = connect(running.kubeconfig)

        def get(path: str, **query: str) -> bytes:
            answer = transport.send(HttpRequest(method="GET", path=path, query=(*query.items(),)))
            return answer.body if answer.stream is None else b"".join(answer.stream)

        listed = json_text.loads(get(MAPS))
        found = {one["metadata"]["name"]: one for one in listed["items"]}
        for name, revision in acknowledged.items():
            assert int(found[name]["metadata"]["resourceVersion"]) == revision
            assert found[name]["data"] == {"n": "x" * 500}
        first = min(acknowledged.values())
        assert int(listed["metadata"]["resourceVersion"]) >= max(acknowledged.values())
        told = get(MAPS, watch="true", resourceVersion=str(first - 1), timeoutSeconds="1")
        names = [json_text.loads(line)["object"]["metadata"]["name"] for line in told.splitlines()]
        assert len(names) == len(set(names))
        assert acknowledged.keys() <= set(names)
    process.stop(tmp_path)
