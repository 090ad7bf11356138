"""``pods/exec`` and ``pods/attach``: a program in a container that runs is talked to."""

from ruleengine.local.api.failures import ApiFailure, bad_request, no_such_path
from ruleengine.local.api.options import flag, query_of
from ruleengine.local.api.pod_logs import chosen_container, containers_of
from ruleengine.local.api.routing import Route
from ruleengine.local.runtime.checking import Executor
from ruleengine.local.runtime.executing import Execution, Wanted
from ruleengine.model.http import HttpRequest
from ruleengine.model.names import RUN, SIMULATED
from ruleengine.model.values import Object, lookup


def no_websocket() -> ApiFailure:
    """Return the 400 of a request that is no websocket."""
    return bad_request(
        "this server speaks to processes by websockets alone, not by SPDY without one; use "
        "kubectl 1.31 or later"
    )


def check_route(route: Route) -> None:
    """Refuse a websocket to anything but what runs in a pod. Raises ``ApiFailure`` 404."""
    if route.subresource not in ("exec", "attach", "portforward") or not route.name:
        raise no_such_path()


def start(
    pod: Object, request: HttpRequest, subresource: str, processes: Executor | None
) -> Execution:
    """Start what a request asks for in a pod, or attach to what runs. Raises ``ApiFailure`` 400."""
    query = query_of(request)
    name = pod["metadata"]["name"]
    container = chosen_container(pod, query.get("container", ""))
    command = [text for key, text in request.query if key == "command"]
    if subresource == "attach":
        command = []
    elif not command:
        raise bad_request("you must specify at least one command for the container")
    if processes is None or lookup(pod, "metadata", "annotations", SIMULATED):
        raise bad_request(
            f"pod {name} is simulated by the local node: there is nothing to run a program in; "
            f"annotate it with {RUN}: process to have it run"
        )
    # whether the container's own process has a terminal is known, whatever the client wants
    tty = flag(query, "tty") if command else bool(_stated(pod, container).get("tty"))
    wanted = Wanted(
        arguments=command,
        stdin=flag(query, "stdin"),
        stderr=flag(query, "stderr") and not tty,
        tty=tty,
    )
    try:
        return processes.execute(pod["metadata"]["uid"], container, wanted)
    except OSError as error:
        raise bad_request(f"container {container} of pod {name}: {error}") from error


def _stated(pod: Object, name: str) -> Object:
    """Return a container of a pod as it is stated."""
    return next(one for one in containers_of(pod) if one["name"] == name)
