"""``pods/log``: of a process what it wrote, of a simulated pod one line that says so."""

from collections.abc import Callable, Mapping
from datetime import datetime

from ruleengine.local.api.failures import ApiFailure, bad_request
from ruleengine.local.runtime.logs import (
    LogOptions,
    Logs,
    follow_log,
    is_large,
    log_chunks,
    read_log,
    read_options,
)
from ruleengine.model.http import HttpResponse
from ruleengine.model.names import SIMULATED
from ruleengine.model.values import Object, lookup

_HEADERS = {"content-type": "text/plain"}


def _options(pod: Object, query: Mapping[str, str], now: datetime) -> LogOptions:
    """Return what is asked for: 400 where it cannot be read, 422 where it cannot be."""
    for name in ("tailLines", "limitBytes", "sinceSeconds"):
        if not query.get(name, "0").removeprefix("-").isdecimal():
            raise bad_request(f"invalid value {query[name]!r} for the parameter {name}")
    try:
        return read_options(query, now)
    except ValueError as error:
        name, kind = str(pod["metadata"]["name"]), "PodLogOptions"
        causes = [{"reason": "FieldValueInvalid", "message": str(error), "field": ""}]
        details = {"name": name, "kind": kind, "causes": causes}
        text = f'{kind} "{name}" is invalid: {error}'
        raise ApiFailure(422, "Invalid", text, details) from None


def answer(
    pod: Object,
    query: Mapping[str, str],
    logs: Logs | None,
    now: datetime,
    current: Callable[[], Object | None],
) -> HttpResponse:
    """Return the log that a query asks for; ``current`` gives the pod as it is later.

    Raises ``ApiFailure`` 400 and 422.
    """
    options = _options(pod, query, now)
    container = chosen_container(pod, query.get("container", ""))
    found = _status_of(pod, container)
    attempt = _attempt(found)
    note = lookup(pod, "metadata", "annotations", SIMULATED)
    name = pod["metadata"]["name"]
    if note or logs is None:
        text = (
            f"(pod {name} is simulated by the local node ({note}): nothing runs, so it logs "
            "nothing)\n"
        )
        if not found or "waiting" in found["state"]:
            raise _waiting(name, container, found)
        return HttpResponse(status=200, headers=_HEADERS, body=text.encode())
    if options.previous:
        attempt -= 1
        if attempt < 0:
            text = f'previous terminated container "{container}" in pod "{name}" not found'
            raise bad_request(text)
    if attempt < 0:
        raise _waiting(name, container, found)
    path = logs.log_path(pod["metadata"]["uid"], container, attempt)
    if not options.follow or options.previous:
        if is_large(path) and options.tail_lines is None:
            return HttpResponse(status=200, headers=_HEADERS, stream=log_chunks(path, options))
        return HttpResponse(status=200, headers=_HEADERS, body=read_log(path, options))

    def is_over() -> bool:
        now = current()
        if now is None or now["metadata"]["uid"] != pod["metadata"]["uid"]:
            return True
        present = _status_of(now, container)
        return _attempt(present) != attempt or "running" not in present["state"]

    return HttpResponse(status=200, headers=_HEADERS, stream=follow_log(path, options, is_over))


def chosen_container(pod: Object, container: str) -> str:
    """Return the name of the container that is meant."""
    names = [one["name"] for one in lookup(pod, "spec", "containers", default=[])]
    name = pod["metadata"]["name"]
    if not container and len(names) > 1:
        annotation = "kubectl.kubernetes.io/default-container"
        container = lookup(pod, "metadata", "annotations", annotation, default="")
    if not container and len(names) != 1:
        raise bad_request(
            f"a container name must be specified for pod {name}, choose one of: {names}"
        )
    container = container or names[0]
    if container not in [one["name"] for one in containers_of(pod)]:
        raise bad_request(f"container {container} is not valid for pod {name}")
    return container


def containers_of(pod: Object) -> list[Object]:
    """Return every container that a pod states: ordinary, init and ephemeral ones."""
    kinds = ("containers", "initContainers", "ephemeralContainers")
    return [one for kind in kinds for one in lookup(pod, "spec", kind, default=())]


def _status_of(pod: Object, container: str) -> Object:
    status = pod.get("status") or {}
    listed = [
        *(status.get("containerStatuses") or ()),
        *(status.get("initContainerStatuses") or ()),
        *(status.get("ephemeralContainerStatuses") or ()),
    ]
    return next((one for one in listed if one["name"] == container), {})


def _attempt(found: Object) -> int:
    """Return the number of the newest attempt, -1 where none has begun."""
    return int(found["restartCount"]) if found.get("containerID") else -1


def _waiting(name: str, container: str, found: Object) -> Exception:
    reason = lookup(found, "state", "waiting", "reason", default="ContainerCreating")
    return bad_request(f'container "{container}" in pod "{name}" is waiting to start: {reason}')
