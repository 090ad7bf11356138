"""What a person does in a simulation, and when: ``5m promote rollout/web``."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ruleengine.apimachinery.durations import parse_argo_duration
from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ApiError
from ruleengine.formats import json_text
from ruleengine.formats.go_durations import DurationError
from ruleengine.model.actions import Target
from ruleengine.model.errors import UsageError
from ruleengine.model.values import Object, lookup
from ruleengine.rollouts.commands import COMMANDS

_FORMS: Final = (
    "write: TIME promote|promote-full|abort|retry rollout/NAME, TIME delete KIND/NAME, "
    "TIME patch KIND/NAME JSON, TIME event SOURCE/EVENT JSON or TIME apply REVISION"
)
_MANAGER: Final = "simulated-person"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAct:
    """One thing that a person does ``at`` a time after the begin.

    ``subject`` is ``KIND/NAME``, ``SOURCE/EVENT`` or a revision; ``data`` a patch or the
    data of an event.
    """

    at: timedelta
    verb: str
    subject: str
    data: Object | None = None

    def __str__(self) -> str:
        """Return the act as it is written, without its time."""
        return f"{self.verb} {self.subject}"


def parse_act(text: str) -> UserAct:
    """Return the act that a text means. Raises ``UsageError``."""
    when, _, rest = text.strip().partition(" ")
    verb, _, rest = rest.strip().partition(" ")
    subject, _, data = rest.strip().partition(" ")
    try:
        at = parse_argo_duration(when)
    except DurationError:
        raise UsageError(f"{text!r} does not begin with a time such as 90s or 5m", _FORMS) from None
    if at < timedelta():
        raise UsageError(f"{text!r} is before the begin", _FORMS)
    if verb not in _VERBS or not subject or bool(data.strip()) is not _VERBS[verb]:
        raise UsageError(f"{text!r} is nothing that can be simulated", _FORMS)
    if verb != "apply" and "/" not in subject:
        raise UsageError(f"{subject!r} names nothing: a kind and a name are needed", _FORMS)
    return UserAct(at=at, verb=verb, subject=subject, data=_data(data, text))


_VERBS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(COMMANDS, False),
    "delete": False,
    "apply": False,
    "patch": True,
    "event": True,
}
"""Every verb, and whether data follow its subject."""


def _data(data: str, text: str) -> Object | None:
    if not data.strip():
        return None
    try:
        found = json_text.loads(data)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UsageError(f"{text!r} does not end with a JSON object", _FORMS)
    return found


def perform_act(client: Client, act: UserAct) -> tuple[Target, str]:
    """Do what a person does to one object; return which, and why it failed (or nothing)."""
    target = find_object(client, act.subject)
    if target is None:
        return Target("", "", "", act.subject), "there is no such object now"
    try:
        if act.verb == "delete":
            client.delete(target)
            return target, ""
        live = client.get(target) or {}
        command = COMMANDS.get(act.verb)
        if command is not None and target.kind != "Rollout":
            return target, f"only a Rollout can be told to {act.verb}"
        patch = command(live) if command is not None else act.data or {}
        return target, "" if _patch(client, target, patch) else "there is nothing to change"
    except ApiError as error:
        return target, error.message


def _patch(client: Client, target: Target, patch: Object) -> bool:
    """Send a merge patch; what it says of the status goes to ``/status``."""
    info = client.kind(target.api_version, target.kind)
    apart = info is not None and "status" in info.subresources
    status = {"status": patch["status"]} if apart and "status" in patch else {}
    rest = {key: value for key, value in patch.items() if key not in status}
    if rest:
        client.merge_patch(target, rest, _MANAGER)
    if status:
        client.merge_patch(target, status, _MANAGER, subresource="status")
    return bool(patch)


def find_object(client: Client, subject: str) -> Target | None:
    """Return the object that ``KIND/NAME`` or ``KIND/NAMESPACE/NAME`` means, the first of them."""
    word, namespace, name = _parts(subject)
    for api_version, kind in _kinds(client, word):
        for value in client.list(api_version, kind, namespace=namespace).items:
            if lookup(value, "metadata", "name") == name:
                return Target.of(value)
    return None


def find_target(client: Client, subject: str, targets: Iterable[Target]) -> Target | None:
    """Return the first of some targets that ``subject`` means, whether it is there or not."""
    word, namespace, name = _parts(subject)
    kinds = set(_kinds(client, word))
    for one in targets:
        known = (one.api_version, one.kind) in kinds and one.name == name
        if known and namespace in ("", one.namespace):
            return one
    return None


def _parts(subject: str) -> tuple[str, str, str]:
    """Return kind, namespace (or nothing) and name."""
    kind, _, rest = subject.partition("/")
    namespace, _, name = rest.rpartition("/")
    return kind, namespace, name


def _kinds(client: Client, word: str) -> Iterator[tuple[str, str]]:
    """Yield the kinds, with their versions, that a word means."""
    for info in client.discover().resources():
        if info.is_called(word):
            yield info.api_version, info.kind
