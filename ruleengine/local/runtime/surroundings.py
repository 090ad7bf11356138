"""What the planning of a container may ask of the node: values, and questions that are pure.

Everything that planning needs beyond the pod stands here, so that the same pod in the same
surroundings is planned the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from ruleengine.local.runtime.images import Images
from ruleengine.local.service_accounts import AUDIENCE, Account
from ruleengine.model.secrets import Secret
from ruleengine.model.values import Object

CONFIG_ERROR: Final = "CreateContainerConfigError"
IMAGE_ERROR: Final = "ErrImagePull"


PULLING: Final = "ContainerCreating"


class PullError(Exception):
    """An image cannot be pulled."""


class NotReadyError(Exception):
    """A container cannot be started now; ``reason`` is that of its waiting state.

    ``final`` says that waiting does not help.
    """

    def __init__(self, reason: str, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.final = final


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """A token that a pod asks for: for whom, for which audience, for how long."""

    account: Account
    audience: str = AUDIENCE
    life: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A container engine: which images it has, and how one is pulled that it has not.

    ``pull`` begins to, or raises ``PullError``.
    """

    has: Callable[[str], bool] = lambda _: False
    pull: Callable[[str], object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Answers of the node.

    ``find`` returns the object of a resource and name in the pod's namespace, ``token`` a
    token; ``api`` is host and port of the API, absent where it has none. ``grpc`` says whether
    servers can be asked by gRPC.
    """

    find: Callable[[str, str], Object | None]
    token: Callable[[TokenRequest], Secret] = field(repr=False)
    images: Images
    engine: Engine = Engine()
    api: tuple[str, int] | None = None
    grpc: bool = True
