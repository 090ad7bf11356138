"""Connections: a kubeconfig, or the pod we run in, becomes a transport to an API server.

The traffic is that of :mod:`.wire`; the ``kubernetes`` package is imported only for credentials
that need a program or a cloud login.
"""

import os
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from ruleengine.cluster.kubeconfig import Access, read_access
from ruleengine.cluster.wire import Times, Wire, WireError
from ruleengine.model.errors import RuleEngineError, UnreachableError, UsageError
from ruleengine.model.http import HttpRequest, HttpResponse, Transport
from ruleengine.model.secrets import Secret

_CONNECT_SECONDS: Final = 10.0
_READ_SECONDS: Final = 60.0
_WATCH_READ_SECONDS: Final = 420.0
_UNAUTHORIZED: Final = 401
_DEFAULT: Final = "~/.kube/config"


def connect(kubeconfig: Path | str = "", context: str = "") -> Transport:
    """Return a transport to the cluster of a kubeconfig's context. Sends nothing yet.

    Without a kubeconfig, the files of ``$KUBECONFIG`` together or the usual place count; without
    a context, the current one. Raises ``UsageError`` for a file or context that is not there,
    ``UnreachableError`` where a login program fails.
    """
    paths = _kubeconfigs(str(kubeconfig), os.environ.get("KUBECONFIG", ""))
    access = _read(paths, context)
    return HttpTransport(access, lambda: _read(paths, access.context))


def _read(paths: Sequence[Path], context: str) -> Access:
    access = read_access(paths, context)
    return _external(paths, access) if access.external else access


def _kubeconfigs(named: str, listed: str) -> Sequence[Path]:
    """Return the files to read; of several that the environment lists, those that are there."""
    if named or not listed:
        return [Path(named or _DEFAULT).expanduser()]
    paths = [Path(one).expanduser() for one in listed.split(os.pathsep) if one]
    return [one for one in paths if one.exists()] or paths


class HttpTransport:
    """Carries requests to one API server by HTTP. Safe to use from several threads.

    Where the server refuses the credentials (401), ``read`` returns those that the kubeconfig
    has by now; if they are others, the request is sent once more.
    """

    def __init__(self, access: Access, read: Callable[[], Access]) -> None:
        self._read = read
        self._renewing = threading.Lock()
        self._access, self._wire = access, _wire(access)

    def send(self, request: HttpRequest) -> HttpResponse:
        """Perform a request. Raises ``UnreachableError`` where no server answers."""
        access = self._access
        response = self._sent(request)
        if response.status == _UNAUTHORIZED and self._renew(access):
            return self._sent(request)
        return response

    def _sent(self, request: HttpRequest) -> HttpResponse:
        watch = request.streamed or ("watch", "true") in request.query
        query = request.query
        if request.timeout:
            query = (*query, ("timeout", f"{request.timeout}s"))
        times = Times(
            connect=_CONNECT_SECONDS,
            read=_WATCH_READ_SECONDS if watch else _READ_SECONDS,
            total=request.timeout,
        )
        path = f"{request.path}?{_encoded(query)}" if query else request.path
        try:
            headers = {**request.headers, **self._access.headers()}
            answer = self._wire.send(
                request.method, path, headers, request.body, times, streamed=watch
            )
        except (OSError, ValueError) as error:
            raise self._unreachable(error) from error
        stream = None if answer.stream is None else self._stream(answer.stream)
        return HttpResponse(
            status=answer.status, headers=answer.headers, body=answer.body, stream=stream
        )

    def close(self) -> None:
        """Give every connection back."""
        self._wire.close()

    def _renew(self, used: Access) -> bool:
        """Tell whether there are other credentials by now than those that were ``used``.

        Another server than the one we were told to reach is never turned to.
        """
        with self._renewing:
            if self._access is not used:
                return True
            if used.external:
                return False  # a program that logs in is asked anew when its token runs out
            try:
                found = self._read()
                if found.server != used.server or _shown(found) == _shown(used):
                    return False
                wire = _wire(found)
            except (OSError, RuleEngineError):
                return False  # half written, perhaps: the next refusal leads here again
            self._wire.close()
            self._access, self._wire = found, wire
            return True

    def _stream(self, stream: Iterator[bytes]) -> Iterator[bytes]:
        try:
            yield from stream
        except OSError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> UnreachableError:
        server, context = self._access.server, self._access.context
        if isinstance(error, ssl.SSLError):
            return UnreachableError(
                f"the TLS certificate of {server} (context {context!r}) is not trusted, or ours "
                "is refused",
                "check certificate-authority-data and the client certificate of the kubeconfig",
            )
        what = error if isinstance(error, WireError) else type(error).__name__
        return UnreachableError(
            f"no API server answers at {server} (context {context!r}): {what}",
            "check that the cluster runs and that the server of the kubeconfig is right",
        )


_encoded = lru_cache(maxsize=256)(urlencode)
"""Most requests have the query of one before."""


def _shown(access: Access) -> tuple[object, ...]:
    """Return everything that tells a server who we are."""
    return access.certificate, access.key, dict(access.headers())


def _wire(access: Access) -> Wire:
    context = _trust(access) if access.server.startswith("https") else None
    return Wire(access.server, context, access.server_name)


def _trust(access: Access) -> ssl.SSLContext:
    """Return whom we trust and what we show. Raises ``UsageError`` for unusable material."""
    try:
        authority = access.authority.decode() or None
        context = ssl.create_default_context(cadata=authority)
        if access.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if access.certificate and access.key is not None:
            _load_pair(context, access.certificate, access.key.reveal().encode())
    except (ssl.SSLError, ValueError) as error:
        raise UsageError(
            f"the certificates of context {access.context!r} cannot be used",
            "correct certificate-authority, client-certificate and client-key of the kubeconfig",
        ) from error
    return context


def _load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Load a client certificate; the standard library takes files only."""
    import tempfile

    descriptor, name = tempfile.mkstemp(prefix="ruleengine-", suffix=".pem")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(certificate.rstrip() + b"\n" + key)
        context.load_cert_chain(name)
    finally:
        Path(name).unlink()


def _configuration() -> Any:
    from kubernetes import client

    return client.Configuration()


def _external(paths: Sequence[Path], access: Access) -> Access:
    """Return the access whose credentials a program or a cloud login gives."""
    from kubernetes import config

    loaded = _configuration()
    try:
        config.load_kube_config(  # type: ignore[no-untyped-call]
            config_file=os.pathsep.join(map(str, paths)),
            context=access.context,
            client_configuration=loaded,
        )
    except Exception as error:
        raise UnreachableError(
            f"the login of context {access.context!r} failed: {type(error).__name__}",
            "run the login program of the kubeconfig's user by hand and look at what it says",
        ) from error
    return _access_of(loaded, access.context, access.server_name)


def _access_of(loaded: Any, context: str, server_name: str = "") -> Access:
    """Return what the ``kubernetes`` package found out; it renews tokens by itself."""

    def headers() -> Mapping[str, str]:
        token = loaded.get_api_key_with_prefix("authorization")
        token = token or loaded.get_api_key_with_prefix("BearerToken")
        return {"authorization": token} if token else {}

    key = _file(loaded.key_file)
    return Access(
        server=str(loaded.host).rstrip("/"),
        context=context,
        authority=_file(loaded.ssl_ca_cert),
        certificate=_file(loaded.cert_file),
        key=Secret(key.decode()) if key else None,
        insecure=not loaded.verify_ssl,
        server_name=server_name,
        headers=headers,
    )


def _file(name: str | None) -> bytes:
    return Path(name).read_bytes() if name else b""
