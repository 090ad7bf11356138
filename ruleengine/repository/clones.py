"""Keeps bare clones of other repositories and brings them up to date.

A clone appears whole or not at all: it is made under another name and moved. A lock per
repository keeps two processes from fetching the same one at once. Credentials come from a
callback and are never written anywhere.
"""

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ruleengine.model.errors import UnreachableError, UsageError
from ruleengine.model.secrets import Secret
from ruleengine.repository.git import Git
from ruleengine.repository.revisions import Repository, RevisionTree
from ruleengine.repository.versions import highest

_URL: Final = re.compile(r"(?P<scheme>file|https?|ssh)://(?P<rest>[^\s]+)")
_SCP: Final = re.compile(r"[\w.-]+@[\w.-]+:[^\s:][^\s]*")
_LOGIN: Final = re.compile(r"(?<=://)[^/@\s]+@")
_EVERYTHING: Final = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How to prove who we are: a password or token, or else an SSH key with its passphrase."""

    username: str
    password: Secret | None = None
    private_key: Secret | None = None


Credentials = Callable[[str], Login | None]
"""Returns the login for a URL, or ``None`` where there is none."""


class Clones:
    """The bare clones below one folder.

    ``credentials`` is asked when a server wants a login. ``environment`` is that of the process.
    """

    def __init__(
        self,
        folder: Path,
        credentials: Credentials | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._credentials = credentials
        self._environment = environment

    def fetch(self, url: str) -> "Clone":
        """Return the clone of ``url``, brought up to date.

        Raises ``UsageError`` for a URL of a kind that we do not fetch, ``UnreachableError``
        where the repository does not answer or lets us not in.
        """
        local = check_address(url)
        name = hashlib.sha256(url.encode()).hexdigest()[:32]
        place = self._folder / f"{name}.git"
        self._folder.mkdir(parents=True, exist_ok=True)
        with _locked(self._folder / f"{name}.lock"):
            if place.exists():
                self._update(place, url, local=local)
            else:
                self._create(place, url, local=local)
        return Clone(place, url)

    def _create(self, place: Path, url: str, *, local: bool) -> None:
        unfinished = place.with_suffix(".partial")
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            if local:
                # The git program clones local repositories six times as fast as libgit2.
                self._run(url, "clone", "--mirror", "--quiet", "--", url, str(unfinished))
            else:
                self._fetch(_initialise(unfinished), url)
            unfinished.replace(place)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _update(self, place: Path, url: str, *, local: bool) -> None:
        if local:
            arguments = ("fetch", "--quiet", "--prune", "--no-write-fetch-head", "--", url)
            self._run(url, "--git-dir", str(place), *arguments, *_EVERYTHING)
        else:
            import pygit2

            self._fetch(pygit2.Repository(str(place)), url)

    def _run(self, url: str, *arguments: str) -> None:
        try:
            Git(self._folder, self._environment).run(*arguments)
        except UsageError as error:
            raise unreachable(url, error.message) from error

    def _fetch(self, repository: Any, url: str) -> None:
        import pygit2
        from pygit2.enums import FetchPrune

        self._trust(url)
        remote = repository.remotes.create_anonymous(url)
        callbacks = make_callbacks(url, self._credentials)
        try:
            heads = remote.list_heads(callbacks=callbacks)
            remote.fetch(list(_EVERYTHING), callbacks=callbacks, prune=FetchPrune.PRUNE)
        except (pygit2.GitError, KeyError, ValueError) as error:
            raise unreachable(url, str(error)) from error
        for head in heads:
            if head.name == "HEAD" and head.symref_target:
                repository.set_head(head.symref_target)

    def _trust(self, url: str) -> None:
        """Trust the authority besides the system's that Git's own settings name for a URL."""
        if not url.startswith("https:"):
            return
        import pygit2

        environment = os.environ if self._environment is None else self._environment
        asked = ("config", "--type=path", "--get-urlmatch", "http.sslCAInfo", url)
        file = environment.get("GIT_SSL_CAINFO") or Git(self._folder, environment).ask(*asked)
        if file and Path(file).is_file():
            pygit2.settings.set_ssl_cert_locations(file, None)


class Clone:
    """A bare clone: names of revisions become commits, commits become trees."""

    def __init__(self, place: Path, url: str) -> None:
        self._repository = Repository(place)
        self._url = url

    def resolve(self, revision: str) -> str:
        """Return the commit id that a ``targetRevision`` means (the reference, Argo CD).

        Empty or ``HEAD`` is the default branch. Otherwise a branch, a tag, a full reference or
        a commit id of any length; then a constraint, which means the highest tag that it allows.
        Raises ``UsageError`` where nothing matches.
        """
        names = self._repository.references()
        for name in (f"refs/heads/{revision}", f"refs/tags/{revision}", revision):
            if name in names:
                return names[name]
        try:
            return self._repository.resolve(revision or "HEAD")
        except UsageError as unknown:
            tag = _highest_tag(names, revision)
            if tag is None:
                raise UsageError(
                    f"{shown_url(self._url)}: {unknown.message}", unknown.remedy
                ) from unknown
            return names[f"refs/tags/{tag}"]

    def tree(self, revision: str) -> RevisionTree:
        """Return the tree that a ``targetRevision`` means. Raises as :meth:`resolve`."""
        return self._repository.tree(self.resolve(revision))


def shown_url(url: str) -> str:
    """Return a URL that may be shown: without user name and password."""
    return _LOGIN.sub("", url)


def check_address(url: str) -> bool:
    """Return whether a URL is of this machine. Raises ``UsageError`` for unknown kinds."""
    match = _URL.fullmatch(url)
    if match is None and _SCP.fullmatch(url) is None:
        raise UsageError(
            f"{shown_url(url)!r} is no address of a Git repository",
            "write https://…, ssh://…, user@host:path or file:///…",
        )
    return match is not None and match["scheme"] == "file"


def _highest_tag(names: Mapping[str, str], constraint: str) -> str | None:
    tags = [name.removeprefix("refs/tags/") for name in names if name.startswith("refs/tags/")]
    try:
        return highest(tags, constraint)
    except ValueError:
        return None


def _initialise(place: Path) -> Any:
    import pygit2

    return pygit2.init_repository(str(place), bare=True)


def unreachable(url: str, reason: str) -> UnreachableError:
    """Return the error for a repository that cannot be fetched, without what is secret."""
    words = shown_url(reason.replace(url, shown_url(url)))
    remedy = "check the address, the network and the credentials of the repository"
    if "hostkey" in reason:
        remedy = (
            "add the server's key to ~/.ssh/known_hosts, once you have made sure that it is his"
        )
    elif "certificate" in reason.lower():
        remedy = "name the certificate authority of the server in Git's setting http.sslCAInfo"
    return UnreachableError(f"{shown_url(url)} cannot be fetched: {words}", remedy)


def make_callbacks(url: str, credentials: Credentials | None, *, trusting: bool = False) -> Any:
    """Return what answers a server's questions; ``trusting`` takes it for who it says it is."""
    import pygit2
    from pygit2.enums import CredentialType

    class _Callbacks(pygit2.RemoteCallbacks):
        """Answers a server that asks for a login, once: a second time it was refused."""

        asked = False

        def certificate_check(self, certificate: None, valid: bool, host: bytes) -> bool:
            """Trust no server whose key is unknown; pygit2 would take any SSH key."""
            del certificate, host
            return valid or trusting

        def credentials(self, _url: str, username: str | None, allowed: CredentialType) -> Any:
            login = credentials(url) if credentials else None
            if login is None:
                raise pygit2.GitError("a login is needed and none is configured")
            if self.asked:
                raise pygit2.GitError("the login was refused")
            self.asked = True
            if login.private_key and allowed & CredentialType.SSH_KEY:
                phrase = login.password.reveal() if login.password else ""
                key = login.private_key.reveal()
                return pygit2.KeypairFromMemory(username or login.username, "", key, phrase)
            if login.password is None:
                raise pygit2.GitError("the login has no password")
            return pygit2.UserPass(login.username, login.password.reveal())

    return _Callbacks()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock that the system gives back even after a crash."""
    import fcntl

    with path.open("ab") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        yield
