"""``git`` artifacts: a revision of a repository, checked out where the step looks for it."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ruleengine.model.errors import RuleEngineError
from ruleengine.model.secrets import Secret
from ruleengine.model.values import Object
from ruleengine.repository.checkouts import Wanted, check_out
from ruleengine.repository.clones import Login
from ruleengine.services.artifacts.store import Access, ArtifactError

_USUAL_USER: Final = "git"


def check_out_artifact(stated: Object, target: Path, access: Access) -> None:
    """Check out what a ``git`` location states. Raises ``ArtifactError``."""
    login = _login(stated, access)
    wanted = Wanted(
        url=str(stated.get("repo") or ""),
        revision=str(stated.get("revision") or ""),
        branch=str(stated.get("branch") or ""),
        depth=_depth(stated),
        single_branch=bool(stated.get("singleBranch")),
        fetch=tuple(stated.get("fetch") or ()),
        submodules=not stated.get("disableSubmodules"),
        trusting=bool(stated.get("insecureIgnoreHostKey") or stated.get("insecureSkipTLS")),
    )
    try:
        check_out(wanted, target, lambda _: login)
    except RuleEngineError as error:
        raise ArtifactError(f"{error.message}; {error.remedy}") from error


def _depth(stated: Object) -> int:
    """Return how many commits are fetched, 0 for all. Raises ``ArtifactError``."""
    depth = stated.get("depth") or 0
    if not isinstance(depth, int) or depth < 0:
        raise ArtifactError(f"`depth` must be a whole number of 0 or more, not {depth!r}")
    return depth


def _login(stated: Object, access: Access) -> Login | None:
    """Return how to prove who we are; ``None`` where no Secret is named."""

    def secret(name: str) -> Secret | None:
        return access.secret(stated[name]) if stated.get(name) else None

    user, word, key = map(secret, ("usernameSecret", "passwordSecret", "sshPrivateKeySecret"))
    if user is None and word is None and key is None:
        return None
    try:
        named = urlsplit(str(stated.get("repo"))).username or _USUAL_USER
    except ValueError:  # brackets around what is no address
        raise ArtifactError("`repo` is no address of a Git repository") from None
    return Login(username=user.reveal() if user else named, password=word, private_key=key)
