"""The client of one API server: reads, writes and watches over a transport.

It speaks plain values. Requests that failed for the moment are repeated
(:mod:`ruleengine.cluster.retrying`), every other failure is an
:class:`~ruleengine.cluster.errors.ApiError`. Only the executor of
:mod:`ruleengine.reconcile` calls the methods that write.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from ruleengine.apimachinery.kinds import KindInfo, KindTable
from ruleengine.cluster import discovery
from ruleengine.cluster.answers import read, read_once
from ruleengine.cluster.errors import NotFoundError, UnauthorizedError, error_of
from ruleengine.cluster.events import WatchEvent, read_events
from ruleengine.cluster.fencing import Fenced
from ruleengine.cluster.retrying import Retrying
from ruleengine.formats import json_text
from ruleengine.model.actions import Target
from ruleengine.model.http import HttpRequest, HttpResponse, Transport
from ruleengine.model.immutable import immutable
from ruleengine.model.values import Object, lookup

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"
_ACCEPT: Final[Mapping[str, str]] = MappingProxyType({"accept": JSON})
_PLAIN: Final = re.compile("[A-Za-z0-9._-]*").fullmatch
"""Tells of most names at once that a path holds them as they are."""

PAGE: Final = 500
"""How many objects one page of a list holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectList:
    """Objects of one kind, and the version of the collection that a watch goes on from."""

    items: tuple[Object, ...] = field(repr=False)
    resource_version: str


@immutable(frozen=True, slots=True, kw_only=True)
class Written:
    """The object after a write, whether the write created it, whether it changed anything."""

    object: Object = field(repr=False)
    created: bool = False
    changed: bool = True


@dataclass(slots=True)
class _Server:
    """What all clients of one server know of it, and how often they wrote."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    discovering: threading.Lock = field(default_factory=threading.Lock)
    kinds: KindTable | None = None
    unknown: set[tuple[str, str]] = field(default_factory=set)
    unreadable: dict[tuple[str, str], str] = field(default_factory=dict)
    refused: UnauthorizedError | None = None
    writes: int = 0


class Client:
    """Talks to one API server. Safe to use from several threads."""

    def __init__(self, transport: Transport, retrying: Retrying | None = None) -> None:
        self._transport = transport
        self._retrying = retrying or Retrying()
        self._server = _Server()

    @property
    def writes(self) -> int:
        """How many requests wrote: neither refused ones nor those known to have changed nothing.

        Dry runs and leases, which say nothing but who is at work, do not count.
        """
        return self._server.writes

    @property
    def unreadable(self) -> dict[tuple[str, str], str]:
        """What who needs kinds that may not be read notes of them: the words of the server."""
        return self._server.unreadable

    @property
    def refused(self) -> UnauthorizedError | None:
        """What the server said when it refused our credentials; ``None`` where they are good."""
        return self._server.refused

    def fenced(self, left: Callable[[], float]) -> "Client":
        """Return a client of the same server whose writes come to an end in time.

        See :class:`~ruleengine.cluster.fencing.Fenced`; its writes count as this client's.
        """
        other = Client(Fenced(self._transport, left), self._retrying)
        other._server = self._server
        return other

    def discover(self, *, again: bool = False) -> KindTable:
        """Return the kinds of the server; asked once unless ``again``.

        Who asks while another thread does waits for its answer.
        """
        server = self._server
        if server.kinds is not None and not again:
            return server.kinds
        with server.discovering:
            if server.kinds is None or again:
                kinds = discovery.discover(self._fetch_discovery)
                with server.lock:
                    server.kinds = kinds
                    server.unknown.clear()
            return server.kinds

    def kind(self, api_version: str, kind: str) -> KindInfo | None:
        """Return what the server knows of a kind; an unknown one is asked for once more."""
        found = (self._server.kinds or self.discover()).find(api_version, kind)
        if found is None and (api_version, kind) not in self._server.unknown:
            found = self.discover(again=True).find(api_version, kind)
            if found is None:
                self._server.unknown.add((api_version, kind))
        return found

    def version(self) -> Object:
        """Return what ``/version`` says. Raises ``UnreachableError`` or ``ApiError``."""
        request = HttpRequest(method="GET", path="/version", headers=_ACCEPT)
        return read(self._send(request).body)

    def get(self, target: Target) -> Object | None:
        """Return an object, or ``None`` where it or its kind does not exist."""
        if self.kind(target.api_version, target.kind) is None:
            return None
        try:
            request = HttpRequest(method="GET", path=self.path(target), headers=_ACCEPT)
            return read(self._send(request).body)
        except NotFoundError:
            return None

    def list(
        self,
        api_version: str,
        kind: str,
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        limit: int = PAGE,
    ) -> ObjectList:
        """Return the objects of a kind, read page by page.

        An empty namespace means all of them. A page that has expired starts the list anew.
        Raises ``NotFoundError`` for an unknown kind.
        """
        query = _query(labelSelector=label_selector, fieldSelector=field_selector)
        path = self._collection(api_version, kind, namespace)
        items: list[Object] = []
        token = ""
        while True:
            page = (*query, ("limit", str(limit)), *_query(**{"continue": token}))
            request = HttpRequest(method="GET", path=path, query=page, headers=_ACCEPT)
            response = self._send_raw(request)
            if response.status == 410 and token:
                items, token = [], ""
                continue
            answer = read(self._checked(response, path).body)
            items.extend(_with_identity(one, api_version, kind) for one in answer["items"] or ())
            token = str(lookup(answer, "metadata", "continue", default=""))
            if not token:
                version = str(lookup(answer, "metadata", "resourceVersion", default=""))
                return ObjectList(items=tuple(items), resource_version=version)

    def watch(
        self,
        api_version: str,
        kind: str,
        *,
        resource_version: str,
        namespace: str = "",
        timeout_seconds: int = 300,
    ) -> Iterator[WatchEvent]:
        """Yield what happens to a kind after ``resource_version``, bookmarks among it.

        Ends when the server ends the stream. Raises ``GoneError`` where the version is too
        old, ``UnreachableError`` where the connection is lost.
        """
        query = (
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", resource_version),
            ("timeoutSeconds", str(timeout_seconds)),
        )
        path = self._collection(api_version, kind, namespace)
        request = HttpRequest(method="GET", path=path, query=query, headers=_ACCEPT)
        yield from read_events(self._send(request))

    def logs(
        self, pod: Target, container: str, query: Mapping[str, str], *, follow: bool = False
    ) -> Iterator[bytes]:
        """Yield the log of a container as it comes; with ``follow`` until it ends.

        ``query`` holds what the API server understands beside that: ``tailLines``,
        ``sinceSeconds``, ``timestamps``, ``previous``. Raises ``NotFoundError`` for a pod that is
        gone and ``BadRequestError`` for a container that has not begun.
        """
        words = {"container": container, **query, **({"follow": "true"} if follow else {})}
        request = HttpRequest(
            method="GET",
            path=self.path(pod, "log"),
            query=tuple((name, text) for name, text in words.items() if text),
            headers={"accept": "*/*"},
            streamed=follow,
        )
        response = self._send(request)
        yield from [response.body] if response.stream is None else response.stream

    def apply(
        self,
        value: Object,
        manager: str,
        *,
        force: bool = True,
        dry_run: bool = False,
        known: str = "",
    ) -> Written:
        """Apply an object in the name of ``manager``.

        Where the answer still has the resourceVersion ``known``, nothing was changed.
        Raises ``ConflictError`` where others own fields and ``force`` is false.
        """
        query = (
            ("fieldManager", manager),
            ("force", "true" if force else "false"),
            ("fieldValidation", "Strict"),
        )
        target = Target.of(value)
        return self._write("PATCH", target, value, query, APPLY_PATCH, dry_run=dry_run, known=known)

    def create(self, value: Object, manager: str, *, dry_run: bool = False) -> Written:
        """Create an object. Raises ``AlreadyExistsError``."""
        query = (("fieldManager", manager), ("fieldValidation", "Strict"))
        target = Target.of(value)
        path = self._collection(target.api_version, target.kind, target.namespace)
        return self._write("POST", target, value, query, JSON, path=path, dry_run=dry_run)

    def replace(self, value: Object, manager: str, *, dry_run: bool = False) -> Written:
        """Replace an object as a whole; its resourceVersion is a precondition where given."""
        query = (("fieldManager", manager), ("fieldValidation", "Strict"))
        return self._write("PUT", Target.of(value), value, query, JSON, dry_run=dry_run)

    def merge_patch(
        self,
        target: Target,
        patch: Object,
        manager: str,
        *,
        subresource: str = "",
        dry_run: bool = False,
    ) -> Written:
        """Send a JSON merge patch. A ``resourceVersion`` in it is a precondition."""
        path, query = self.path(target, subresource), (("fieldManager", manager),)
        return self._write("PATCH", target, patch, query, MERGE_PATCH, path=path, dry_run=dry_run)

    def status_patch(
        self,
        target: Target,
        status: Object,
        manager: str,
        *,
        resource_version: str,
        metadata: Object | None = None,
    ) -> Written:
        """Send a difference of the status, to ``/status`` where the kind has it.

        Where it has not, one of the ``metadata`` may go along. Raises ``ConflictError`` where the
        object is no longer at ``resource_version``.
        """
        info = self.kind(target.api_version, target.kind)
        subresource = "status" if info is not None and "status" in info.subresources else ""
        metadata = {**(metadata or {}), "resourceVersion": resource_version}
        patch = {"metadata": metadata, "status": status}
        return self.merge_patch(target, patch, manager, subresource=subresource)

    def delete(
        self,
        target: Target,
        *,
        propagation: str = "Background",
        uid: str = "",
        resource_version: str = "",
        grace: int | None = None,
        dry_run: bool = False,
    ) -> Object | None:
        """Delete an object; ``None`` when it was gone already.

        Without ``grace`` (seconds) a pod has the time that it asks for. Returns the
        ``Status``, or the object where finalizers keep it. Raises
        ``ConflictError`` where a precondition fails.
        """
        options: Object = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": propagation,
        }
        conditions = {"uid": uid, "resourceVersion": resource_version}
        conditions = {name: text for name, text in conditions.items() if text}
        if conditions:
            options["preconditions"] = conditions
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        try:
            return self._write("DELETE", target, options, (), JSON, dry_run=dry_run).object
        except NotFoundError:
            return None

    def path(self, target: Target, subresource: str = "") -> str:
        """Return the URL path of an object. Raises ``NotFoundError`` for an unknown kind."""
        collection = self._collection(target.api_version, target.kind, target.namespace)
        name = target.name if _PLAIN(target.name) else quote(target.name, safe=":")
        path = f"{collection}/{name}"
        return f"{path}/{subresource}" if subresource else path

    def _collection(self, api_version: str, kind: str, namespace: str) -> str:
        info = self.kind(api_version, kind)
        if info is None:
            text = f"the server does not know the kind {kind} of {api_version}"
            raise NotFoundError(404, "NotFound", text)
        return _path_of(api_version, info.plural, namespace if info.namespaced else "")

    def _write(  # noqa: PLR0913 - one place for what all writes have in common
        self,
        method: str,
        target: Target,
        body: Object,
        query: tuple[tuple[str, str], ...],
        media: str,
        *,
        path: str = "",
        dry_run: bool,
        known: str = "",
    ) -> Written:
        request = HttpRequest(
            method=method,
            path=path or self.path(target),
            query=(*query, ("dryRun", "All")) if dry_run else query,
            headers={"content-type": media, "accept": JSON},
            body=json_text.dump_bytes(body),
        )
        response = self._send(request)
        found = read(response.body)
        version = lookup(found, "metadata", "resourceVersion", default="")
        changed = not known or version != known
        if changed and not dry_run and target.kind != "Lease":
            with self._server.lock:
                self._server.writes += 1
        return Written(object=found, created=response.status == 201, changed=changed)

    def _send(self, request: HttpRequest) -> HttpResponse:
        return self._checked(self._send_raw(request), request.path)

    def _send_raw(self, request: HttpRequest) -> HttpResponse:
        return self._retrying.send(self._transport, request)

    def _checked(self, response: HttpResponse, path: str) -> HttpResponse:
        if response.status < 300:
            self._server.refused = None
            return response
        error = error_of(response, secret="/secrets" in path)
        self._server.refused = error if isinstance(error, UnauthorizedError) else None
        raise error

    def _fetch_discovery(self, path: str) -> Object:
        request = HttpRequest(method="GET", path=path, headers={"accept": discovery.ACCEPT})
        return read_once(self._send(request).body)


@lru_cache(maxsize=1024)
def _path_of(api_version: str, plural: str, namespace: str) -> str:
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    if namespace:
        root = f"{root}/namespaces/{quote(namespace, safe='')}"
    return f"{root}/{plural}"


def _query(**parameters: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, text) for name, text in parameters.items() if text)


def _with_identity(item: Object, api_version: str, kind: str) -> Object:
    """Return an item of a list with the identity that lists leave out."""
    if "kind" in item and "apiVersion" in item:
        return item
    return {"apiVersion": api_version, "kind": kind, **item}
