"""Kinds of places where the content of an artifact of a workflow lies, and what each is called by.

(Reference, Workflows 14.)
"""

from typing import Final

from ruleengine.model.values import Object

KEYS: Final = {
    "s3": "key",
    "gcs": "key",
    "oss": "key",
    "azure": "blob",
    "hdfs": "path",
    "artifactory": "url",
    "plugin": "key",
}
"""What the key is called, by the kinds that can be a repository."""

ADDRESSES: Final = {"http": "url", "git": "repo"}
"""What a location of the other kinds is nothing without, as with Argo."""

DIRECTORY: Final = "directory"
"""The one artifact plugin that is our own: the volume of a claim, served by no driver."""

DRIVER_PREFIX: Final = "artifact-plugin-"
"""How the containers of artifact drivers are called, and the volumes of their sockets, as by Argo.

No container of a user may be called so.
"""

DRIVERS: Final = "/tmp/artifact-plugins"  # noqa: S108 - so Argo calls it
"""The folder in which each artifact driver has one of its own, called like it."""

SOCKET: Final = "socket"
"""What a driver listens on, in its folder."""

_ENOUGH: Final = {**KEYS, **ADDRESSES}
_TAKEN: Final = ("from", "fromExpression")


def says_where(artifact: Object) -> bool:
    """Tell whether an artifact says where its content lies, be it but the key in a repository.

    One that is taken from another artifact says it, too.
    """
    if isinstance(artifact.get("raw"), dict) or any(artifact.get(one) for one in _TAKEN):
        return True
    bodies = {kind: artifact[kind] for kind in _ENOUGH if isinstance(artifact.get(kind), dict)}
    return any(
        body.get(_ENOUGH[kind]) or (kind == "hdfs" and body.get("addresses"))
        for kind, body in bodies.items()
    )
