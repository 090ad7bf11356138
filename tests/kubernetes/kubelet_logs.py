"""The part of a kubelet's own API that the API server asks for logs: containers of another node.

The API server sends whoever reads the log of a pod on to the node, at the port that its status
names. Here another control plane, which runs the pods, is asked in turn.
"""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ApiError
from ruleengine.local import material
from ruleengine.model.actions import Target
from tests.kubernetes.servers import LOOPBACK


@contextmanager
def logs_of(local: Client, folder: Path) -> Iterator[int]:
    """Serve the logs of a control plane's pods as a kubelet does; return the port.

    ``folder`` has the material of the cluster's server, which serves here, too.
    """
    made = material.prepare(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    handler = type("Logs", (_Logs,), {"local": local})
    with ThreadingHTTPServer((LOOPBACK, 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, name="kubelet logs")
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


class _Logs(BaseHTTPRequestHandler):
    """Answers ``/containerLogs/NAMESPACE/POD/CONTAINER``."""

    protocol_version = "HTTP/1.1"
    local: ClassVar[Client]

    def do_GET(self) -> None:
        """Send a log in chunks, as it comes."""
        place = urlsplit(self.path)
        what, *names = map(unquote, place.path.strip("/").split("/"))
        if what != "containerLogs":
            self.send_error(404)
            return
        namespace, name, container = names
        words = dict(parse_qsl(place.query))
        follow = words.pop("follow", "") == "true"
        pod = Target("v1", "Pod", namespace, name)
        try:
            chunks = self.local.logs(pod, container, words, follow=follow)
            first = next(chunks, b"")
        except ApiError as error:
            self.send_error(error.status, error.message)
            return
        self.send_response(200)
        self.send_header("content-type", "text/plain")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for chunk in chain([first], chunks):
            self._chunk(chunk)
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, data: bytes) -> None:
        if data:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""
