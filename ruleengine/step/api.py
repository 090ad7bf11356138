"""The API server, as a pod reaches it: its address, its account's token, JSON over HTTPS.

The standard library alone: what starts for every step must start quickly.
"""

import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from ruleengine.model.values import Object, lookup
from ruleengine.step.plan import StepError

_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_SECONDS: Final = 30.0
_TRIES: Final = 6
_BUSY: Final = (409, 429, 500, 502, 503, 504)
JSON: Final = "application/json"


class ApiAnswerError(StepError):
    """The API server refused a request; ``status`` is its HTTP status.

    ``repeated`` tells that it was sent before without a word of what became of it, so that the
    refusal may be the doing of the first.
    """

    def __init__(self, status: int, message: str, *, repeated: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.repeated = repeated


class Api:
    """Sends requests to the API server in the name of a pod's account."""

    def __init__(
        self,
        environment: Mapping[str, str],
        account: Path = _ACCOUNT,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._host = environment.get("KUBERNETES_SERVICE_HOST", "")
        self._port = int(environment.get("KUBERNETES_SERVICE_PORT", "443"))
        self._account = account
        self._pause = pause

    def get(self, path: str) -> Object:
        """Return what lies at a path. Raises ``ApiAnswerError``."""
        return self.send("GET", path)

    def apply(self, path: str, value: Object, manager: str) -> Object:
        """Apply an object in the name of ``manager``. Raises ``ApiAnswerError``."""
        query = urlencode({"fieldManager": manager, "force": "true"})
        return self.send("PATCH", f"{path}?{query}", value, "application/apply-patch+yaml")

    def send(self, method: str, path: str, body: Object | None = None, media: str = JSON) -> Object:
        """Send a request, again where the server is busy; return the answer.

        What is created is to have its name: sent again, it would else be there twice.
        Raises ``ApiAnswerError`` for a refusal, ``StepError`` where no server answers.
        """
        repeated = False
        for attempt in range(_TRIES):
            last = attempt == _TRIES - 1
            try:
                status, answer = self._once(method, path, body, media)
            except (OSError, http.client.HTTPException) as error:
                if last:
                    raise StepError(f"the API server does not answer: {error}") from error
                repeated = True
                self._pause(0.2 * 2**attempt)
                continue
            if status < 300:
                return answer
            if last or status not in _BUSY or (status == 409 and _is_final(body, answer)):
                message = str(answer.get("message") or f"the API server answered {status}")
                raise ApiAnswerError(status, message, repeated=repeated)
            repeated = repeated or status >= 500
            self._pause(0.2 * 2**attempt)
        raise AssertionError

    def _once(self, method: str, path: str, body: Object | None, media: str) -> tuple[int, Object]:
        trust = ssl.create_default_context(cafile=str(self._account / "ca.crt"))
        token = (self._account / "token").read_text(encoding="ascii").strip()
        connection = http.client.HTTPSConnection(
            self._host, self._port, timeout=_SECONDS, context=trust
        )
        try:
            headers = {"authorization": f"Bearer {token}", "accept": JSON, "content-type": media}
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, path, body=data, headers=headers)
            response = connection.getresponse()
            return response.status, _object(response.read())
        finally:
            connection.close()


def _is_final(body: Object | None, answer: Object) -> bool:
    """Tell whether a conflict stays one: a name that is taken, a field of others, a version.

    Others pass: two who write at once, or a quota that changes meanwhile.
    """
    if answer.get("reason") == "AlreadyExists":
        return True
    causes = lookup(answer, "details", "causes") or ()
    if any(one.get("reason") == "FieldManagerConflict" for one in causes):
        return True
    return bool(lookup(body, "metadata", "resourceVersion") or lookup(body, "preconditions"))


def _object(data: bytes) -> Object:
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def path_of(parts: tuple[str, ...]) -> str:
    """Return the path that segments make."""
    return "/" + "/".join(quote(one, safe="") for one in parts if one)
