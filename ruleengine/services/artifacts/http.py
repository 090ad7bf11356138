"""Artifacts over HTTP, in Artifactory or anywhere: GET to load, PUT to keep.

Credentials go to the host of the location only, whatever it redirects to, and no connection is
used that leads where clouds keep what tells about a machine.
"""

import base64
import http.client
import json
import shutil
import ssl
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlencode, urlsplit

from ruleengine.model.values import Object, lookup
from ruleengine.services.addresses import is_allowed
from ruleengine.services.artifacts.store import (
    Access,
    ArtifactError,
    ArtifactMissingError,
    files_below,
)
from ruleengine.services.http_calls import shown

_SECONDS: Final = 60.0
_BLOCK: Final = 1 << 20
_MISSING: Final = (404, 410)


class HttpStore:
    """What lies at URLs; the keys are the URLs."""

    def __init__(self, body: Object, access: Access) -> None:
        self._body = body
        self._access = access
        context = _trust(body, access)
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            _Plain(),
            _Secure(context),
            _Redirects(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
        ):
            self._opener.add_handler(handler)

    def load(self, key: str, target: Path) -> None:
        """Write what a URL answers with."""
        with self._ask("GET", key) as answer, target.open("wb") as file:
            shutil.copyfileobj(answer, file, _BLOCK)

    def save(self, source: Path, key: str) -> None:
        """Send a file to a URL, or each file of a tree to one below it."""
        if source.is_dir():
            for path, inner in files_below(source):
                self._send(path, f"{key.rstrip('/')}/{inner}")
        else:
            self._send(source, key)

    def list(self, prefix: str) -> Iterator[str]:
        """Raise ``ArtifactError``: nobody can tell what lies below a URL."""
        raise ArtifactError(f"what lies below {shown(prefix)} cannot be listed over HTTP")

    def delete(self, key: str) -> None:
        """Delete what lies at a URL."""
        try:
            with self._ask("DELETE", key):
                return
        except ArtifactMissingError:
            return

    def _send(self, path: Path, url: str) -> None:
        with path.open("rb") as file:
            length = {"Content-Length": str(path.stat().st_size)}
            with self._ask("PUT", url, file, length):
                return

    @contextmanager
    def _ask(
        self, method: str, url: str, data: Any = None, more: Mapping[str, str] | None = None
    ) -> Iterator[IO[bytes]]:
        headers = {**self._headers(), **(more or {})}
        try:
            if urlsplit(url).scheme not in ("http", "https"):
                raise ArtifactError(f"{shown(url)} is no address of the kinds http and https")
            request = urllib.request.Request(url, data, headers)  # noqa: S310 - the kinds are checked above
            request.method = method
            with self._opener.open(request, timeout=_SECONDS) as answer:
                yield answer
        except urllib.error.HTTPError as error:
            error.close()
            what = f"{shown(url)} answered {error.code} {error.reason}"
            kind = ArtifactMissingError if error.code in _MISSING else ArtifactError
            raise kind(what) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            said = getattr(error, "reason", None) or error
            raise ArtifactError(f"{shown(url)} cannot be reached: {said}") from error

    def _headers(self) -> dict[str, str]:
        stated = {
            str(one["name"]): str(one.get("value") or "") for one in self._body.get("headers") or ()
        }
        return {**stated, **self._authorization()}

    def _authorization(self) -> dict[str, str]:
        oauth = lookup(self._body, "auth", "oauth2")
        if oauth:
            return {"Authorization": f"Bearer {self._token(oauth)}"}
        basic = lookup(self._body, "auth", "basicAuth", default=self._body)
        name, word = self._text(basic, "usernameSecret"), self._text(basic, "passwordSecret")
        if not (name or word):
            return {}
        text = base64.b64encode(f"{name}:{word}".encode()).decode()
        return {"Authorization": f"Basic {text}"}

    def _token(self, oauth: Object) -> str:
        """Return a token for the credentials of a client (RFC 6749, section 4.4)."""
        asked = {"grant_type": "client_credentials"}
        if oauth.get("scopes"):
            asked["scope"] = " ".join(map(str, oauth["scopes"]))
        for one in oauth.get("endpointParams") or ():
            asked[str(one["key"])] = str(one.get("value") or "")
        names = ("clientIDSecret", "clientSecretSecret")
        login = ":".join(self._text(oauth, name) for name in names)
        bearer = HttpStore({}, self._access)
        headers = {
            "Authorization": f"Basic {base64.b64encode(login.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        url = self._text(oauth, "tokenURLSecret")
        with bearer._ask("POST", url, urlencode(asked).encode(), headers) as answer:
            try:
                return str(json.loads(answer.read())["access_token"])
            except (ValueError, KeyError, TypeError) as error:
                raise ArtifactError("the address of tokens gave none") from error

    def _text(self, holder: Object, name: str) -> str:
        secret = self._access.secret(holder[name]) if holder.get(name) else None
        return secret.reveal() if secret is not None else ""


def _trust(body: Object, access: Access) -> ssl.SSLContext:
    """Return whom to trust, and who we are by a certificate where one is stated."""
    context = ssl.create_default_context()
    stated = lookup(body, "auth", "clientCert")
    if stated:
        parts = [access.secret(stated[name]) for name in ("clientCertSecret", "clientKeySecret")]
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write("\n".join(one.reveal() for one in parts if one is not None))
            file.flush()
            try:
                context.load_cert_chain(file.name)
            except ssl.SSLError as error:
                raise ArtifactError("the certificate and key of clientCert are none") from error
    return context


def _check_peer(connection: http.client.HTTPConnection) -> None:
    """Leave a connection that leads where no artifact lies. Raises ``OSError``."""
    address = str(connection.sock.getpeername()[0])
    if not is_allowed(address):
        connection.close()
        raise OSError(f"the address {address} is not allowed")


class _PlainConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _check_peer(self)


class _SecureConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _check_peer(self)


class _Plain(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> Any:
        """Open a checked connection."""
        return self.do_open(_PlainConnection, req)


class _Secure(urllib.request.HTTPSHandler):
    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(context=context)
        self._trusted = context

    def https_open(self, req: urllib.request.Request) -> Any:
        """Open a checked connection."""
        return self.do_open(_SecureConnection, req, context=self._trusted)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects; to another host without the headers of the location."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the request to follow with."""
        if req.get_method() not in ("GET", "HEAD"):
            return None
        made = super().redirect_request(req, fp, code, msg, headers, newurl)
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if made is not None and (before.scheme, before.netloc) != (after.scheme, after.netloc):
            made.headers.clear()
        return made
