"""A small server that speaks like Alibaba's Object Storage, in this process.

No emulator of that service is to be had; the real client talks to this one over HTTP.
"""

import contextlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class _Handler(http.server.BaseHTTPRequestHandler):
    """Buckets are folders of the path; nobody has to prove who they are."""

    buckets: dict[str, dict[str, bytes]]
    rules: dict[str, bytes]
    tokens: list[str]
    protocol_version = "HTTP/1.1"

    def _asked(self) -> tuple[str, str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        return bucket, key, parse_qs(parts.query, keep_blank_values=True)

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-oss-request-id", "1")
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    def do_PUT(self) -> None:
        """Keep an object, or make a bucket."""
        bucket, key, query = self._asked()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.tokens.append(str(self.headers.get("x-oss-security-token") or ""))
        if not key and "lifecycle" in query:
            self.rules[bucket] = body
        elif not key:
            self.buckets.setdefault(bucket, {})
        elif bucket not in self.buckets:
            self._refuse(404, "NoSuchBucket")
            return
        else:
            self.buckets[bucket][key] = body
        self._answer(200)

    def do_GET(self) -> None:
        """Return an object, or list those of a bucket two at a time."""
        bucket, key, query = self._asked()
        if bucket not in self.buckets:
            self._refuse(404, "NoSuchBucket")
        elif "lifecycle" in query:
            found = self.rules.get(bucket)
            self._answer(200, found) if found else self._refuse(404, "NoSuchLifecycle")
        elif not key:
            self._list(self.buckets[bucket], query)
        elif key in self.buckets[bucket]:
            self._answer(200, self.buckets[bucket][key])
        else:
            self._refuse(404, "NoSuchKey")

    def _list(self, objects: dict[str, bytes], query: dict[str, list[str]]) -> None:
        prefix = query.get("prefix", [""])[0]
        after = query.get("continuation-token", [""])[0]
        keys = [key for key in sorted(objects) if key.startswith(prefix) and key > after]
        found = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in keys[:2])
        more = len(keys) > 2
        token = f"<NextContinuationToken>{escape(keys[1])}</NextContinuationToken>" if more else ""
        flag = f"<IsTruncated>{str(more).lower()}</IsTruncated>"
        body = f"<ListBucketResult>{flag}{token}{found}</ListBucketResult>"
        self._answer(200, body.encode())

    def do_DELETE(self) -> None:
        """Delete an object."""
        bucket, key, _ = self._asked()
        self.buckets.get(bucket, {}).pop(key, None)
        self._answer(204)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@dataclass(frozen=True)
class OssServer:
    """The address of a server; the rules of its buckets, and the tokens that were shown to it."""

    endpoint: str
    rules: dict[str, bytes]
    tokens: list[str]


@contextlib.contextmanager
def oss_server() -> Iterator[OssServer]:
    """Serve until the end of the block."""
    state: dict[str, Any] = {"buckets": {}, "rules": {}, "tokens": []}
    handler = type("Handler", (_Handler,), state)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            endpoint = f"http://127.0.0.1:{server.server_port}"
            yield OssServer(endpoint, state["rules"], state["tokens"])
        finally:
            server.shutdown()
            thread.join()
