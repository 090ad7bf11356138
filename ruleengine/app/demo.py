"""``demo``: the sample shop on the local control plane, from a release to a push and back.

Its config repo is a Git repository in the state folder, with two commits: the shop as it was,
and a new release of ``web``, which begins a canary. A push, which is a real request to the
webhook of the trigger, starts the pipeline; that syncs staging and says go to the canary.
"""

import http.client
import json
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from ruleengine.app.applying import ApplyOptions, Delivery, apply
from ruleengine.app.clusters import ClusterChoice, connected
from ruleengine.app.declaring import declare
from ruleengine.app.observing import Observers
from ruleengine.app.workspace import config_repo
from ruleengine.cluster.client import Client
from ruleengine.model.actions import Result, Target
from ruleengine.model.data import data_folder
from ruleengine.model.errors import FailedError, cannot_write
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, lookup
from ruleengine.repository.committing import commit_all

_CANARY: Final = Path("rollouts/production/web.yaml")
_NEW, _OLD = "web:2.1.0", "web:2.0.0"
_YESTERDAY: Final = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
_NAMESPACE: Final = "shop-pipelines"
_SOURCE: Final = Target(ARGO_API_VERSION, "EventSource", _NAMESPACE, "on-push")
_APPLICATION: Final = Target(ARGO_API_VERSION, "Application", "ruleengine", "web-staging")
_ROLLOUT: Final = Target(ARGO_API_VERSION, "Rollout", "production", "web")
_PATIENCE: Final = timedelta(minutes=3)
_LOOK_EVERY: Final = 0.2
_OVER: Final = ("Succeeded", "Failed", "Error")
_REMEDY: Final = "run it anew with --state and another folder, while no other demo takes its push"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of the story: its headline, what it came to, and what else is to be told."""

    title: str
    delivery: Delivery
    story: tuple[str, ...] = ()


def run_demo(state: Path, observers: Observers, *, expect_unchanged: bool) -> Iterator[Stage]:
    """Tell the story stage by stage; what has happened before does not happen again.

    The control plane keeps its state in ``state``. Raises ``FailedError`` where
    ``expect_unchanged`` is true and something was written, or where nobody takes the push, or it
    does not lead to its end.
    """
    repo = state / "repo"
    choice = ClusterChoice(local=True, state=state)
    begun = _is_released(repo)
    revision = _commit(repo, old=not begun)
    with connected(choice, declare(config_repo(repo)).configuration, config_repo(repo)) as cluster:
        if not begun:
            yield Stage(title="the shop as it was", delivery=_apply(repo, choice, observers))
            revision = _commit(repo, old=False)
        title = f"the shop at {revision[:12]}, where a new release of web begins its canary"
        delivery = _apply(repo, choice, observers)
        yield Stage(title=title, delivery=delivery)
        if delivery.failed or observers.cancel.is_set():
            return
        if run := _run_of(cluster.client, revision):
            told = f"the push of {revision[:12]} has been handled: {run['metadata']['name']} ran"
            yield Stage(title=told, delivery=replace(delivery, outcomes=(), writes=0))
        else:
            yield _push(repo, choice, observers, cluster.client, revision)
        broken = broken_link(cluster.client, revision)
        if broken and not observers.cancel.is_set():
            raise FailedError(broken, _REMEDY)
        if expect_unchanged and delivery.writes:
            raise FailedError(
                f"{delivery.writes} writes, where nothing was to change",
                "report this: applying the same commit twice must write nothing",
            )


def _is_released(repo: Path) -> bool:
    """Tell whether the shop as it was has been applied: the release is written after that."""
    canary = repo / _CANARY
    return canary.exists() and _NEW in canary.read_text(encoding="utf-8")


def _apply(repo: Path, choice: ClusterChoice, observers: Observers) -> Delivery:
    return apply(repo, choice, ApplyOptions(), observers)


def _commit(repo: Path, *, old: bool) -> str:
    """Bring the config repo to the sample's content, or to that before the release."""
    sample, canary = data_folder("sample-repo"), repo / _CANARY
    try:
        for source in filter(Path.is_file, sample.rglob("*")):
            target = repo / source.relative_to(sample)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
        if old:
            text = canary.read_text(encoding="utf-8").replace(_NEW, _OLD)
            canary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise cannot_write(repo, error, "choose another folder with --state") from error
    message = "The shop" if old else "Release web 2.1.0"
    return commit_all(repo, message, _YESTERDAY + timedelta(days=0 if old else 1))


def _run_of(client: Client, revision: str) -> Object | None:
    """Return the workflow that a push of a revision started."""
    for one in client.list(ARGO_API_VERSION, "Workflow", namespace=_NAMESPACE).items:
        parameters = lookup(one, "spec", "arguments", "parameters", default=())
        if any(parameter.get("value") == revision for parameter in parameters):
            return one
    return None


def _push(
    repo: Path, choice: ClusterChoice, observers: Observers, client: Client, revision: str
) -> Stage:
    """Send a push while everything is driven, and wait for what comes of it."""
    stop = threading.Event()
    deliveries: list[Delivery] = []
    problems: list[BaseException] = []

    def drive() -> None:
        options = ApplyOptions(drive=True, receive=True, keep=True)
        try:
            deliveries.append(apply(repo, choice, options, replace(observers, cancel=stop)))
        except BaseException as error:  # noqa: BLE001 - it is raised again by whoever waits
            problems.append(error)

    thread = threading.Thread(target=drive, name="demo")
    thread.start()
    try:
        address = _send(client, revision, observers.cancel, problems)
        _wait(client, revision, observers.cancel)
    finally:
        stop.set()
        thread.join()
    if problems:
        raise problems[0]
    story = (f"the push was taken at {address}", *_story(client, revision))
    news = tuple(one for one in deliveries[0].outcomes if one.result is not Result.UNCHANGED)
    delivery = replace(deliveries[0], settled=None, outcomes=news)
    return Stage(title=f"a push of {revision[:12]}", delivery=delivery, story=story)


def _send(
    client: Client, revision: str, cancel: threading.Event, problems: list[BaseException]
) -> str:
    """Post the push as a code host would, until it is taken; return where that was."""
    source = client.get(_SOURCE) or {}
    hook = lookup(source, "spec", "webhook", "push", default={})
    port, path = int(hook.get("port") or 0), str(hook.get("endpoint"))
    body = json.dumps({"ref": "refs/heads/main", "after": revision})
    end = time.monotonic() + _PATIENCE / timedelta(seconds=1)
    while time.monotonic() < end and not problems and not cancel.is_set():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("POST", path, body, {"content-type": "application/json"})
            if connection.getresponse().status == 200:
                return f"http://127.0.0.1:{port}{path}"
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(_LOOK_EVERY)
    status = lookup(client.get(_SOURCE) or {}, "status", "conditions", default=())
    why = next((str(one.get("message")) for one in status if one.get("message")), "")
    raise FailedError(
        f"nobody took the push at port {port}" + (f": {why}" if why else ""),
        "see whether another program listens there, and run the demo again",
    )


def _wait(client: Client, revision: str, cancel: threading.Event) -> None:
    """Wait until the pipeline is over and the canary with it."""
    end = time.monotonic() + _PATIENCE / timedelta(seconds=1)
    while time.monotonic() < end and not cancel.is_set():
        run = _run_of(client, revision)
        if run is not None and lookup(run, "status", "phase") in _OVER:
            rollout = client.get(_ROLLOUT) or {}
            failed = lookup(run, "status", "phase") != "Succeeded"
            if failed or lookup(rollout, "status", "phase") in ("Healthy", "Degraded"):
                return
        time.sleep(_LOOK_EVERY)


def broken_link(client: Client, revision: str) -> str:
    """Return where the chain of a push ended too early; empty where it came to its end."""
    run = _run_of(client, revision)
    if run is None:
        return "the push was taken, but no workflow was started by it"
    links = (
        (Target.of(run), run, "phase", "Succeeded"),
        (_APPLICATION, client.get(_APPLICATION), "sync.status", "Synced"),
        (_ROLLOUT, client.get(_ROLLOUT), "phase", "Healthy"),
    )
    for target, value, field, wanted in links:
        found = lookup(value, "status", *field.split("."), default="unknown")
        if found != wanted:
            return f"{target} is {found} after the push, not {wanted}"
    return ""


def _story(client: Client, revision: str) -> Iterable[str]:
    """Yield what came of the push, a line for each part of the chain."""
    run = _run_of(client, revision)
    if run is None:
        yield "no workflow was started by it"
        return
    status = run.get("status") or {}
    yield f"it started Workflow/{run['metadata']['name']}: {status.get('phase', 'Pending')}"
    for node in (status.get("nodes") or {}).values():
        if node["type"] == "Pod":
            yield f"  {node['displayName']}: {node['phase']}"
    application = client.get(_APPLICATION) or {}
    operation = lookup(application, "status", "operationState", default={})
    by = lookup(operation, "operation", "initiatedBy", "username", default="")
    whose = f", asked by {by}" if by else ""
    yield f"{_APPLICATION}: {lookup(application, 'status', 'sync', 'status')}{whose}"
    rollout = lookup(client.get(_ROLLOUT) or {}, "status", default={})
    pods = f"{rollout.get('availableReplicas', 0)} pods"
    yield f"{_ROLLOUT}: {rollout.get('phase')} at {rollout.get('currentPodHash')}, {pods}"
