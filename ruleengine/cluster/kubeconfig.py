"""Reading a kubeconfig: which server, whom to trust, and who we are.

Plain entries (token, certificates, basic authentication) are read here, which is quick;
entries that need a program or a cloud login are left to the ``kubernetes`` package.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ruleengine.formats import json_text
from ruleengine.model.errors import UsageError
from ruleengine.model.secrets import Secret
from ruleengine.model.values import Object, Value, lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to reach one API server.

    ``headers`` returns the headers that say who we are; it is called for every request, so
    that tokens can be renewed. Certificates and keys are PEM texts. ``external`` says that
    the credentials come from a program or a cloud login.
    """

    server: str
    context: str
    authority: bytes = b""
    certificate: bytes = b""
    key: Secret | None = None
    insecure: bool = False
    server_name: str = ""
    external: bool = False
    headers: Callable[[], Mapping[str, str]] = field(default=dict, repr=False)


def read_access(paths: Sequence[Path], context: str = "") -> Access:
    """Return how kubeconfigs say to reach a cluster; no context means the current one.

    Several files count as one, as for kubectl: of entries of one name the first counts whole,
    and paths in an entry start at its own file. Raises ``UsageError`` where a file cannot be
    read, or none has the context.
    """
    merged = _Merged([(path, _read(path)) for path in paths])
    name = context or merged.current()
    chosen, _ = merged.context(name)
    cluster, cluster_path = merged.entry("clusters", "cluster", str(chosen.get("cluster", "")))
    user: Object = {}
    user_path = cluster_path
    if chosen.get("user"):
        user, user_path = merged.entry("users", "user", str(chosen["user"]))
    if not cluster.get("server"):
        what = f"{cluster_path}: the cluster of context {name!r} has no server"
        raise UsageError(what, "add it")
    return Access(
        server=str(cluster["server"]).rstrip("/"),
        context=name,
        authority=_material(cluster, "certificate-authority", cluster_path),
        certificate=_material(user, "client-certificate", user_path),
        key=_secret(_material(user, "client-key", user_path)),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        server_name=str(cluster.get("tls-server-name") or ""),
        external="exec" in user or "auth-provider" in user,
        headers=_identity(user, user_path),
    )


@dataclass(frozen=True, slots=True)
class _Merged:
    """Several kubeconfigs as one; every entry comes with the file that it stands in."""

    files: Sequence[tuple[Path, Object]]

    def current(self) -> str:
        """Return the current context: that of the first file which names one."""
        named = (str(value.get("current-context") or "") for _, value in self.files)
        return next((one for one in named if one), "")

    def context(self, name: str) -> tuple[Object, Path]:
        """Return a context. Raises ``UsageError`` with the names that there are."""
        known = self._rows("contexts")
        if name in known:
            row, path = known[name]
            return _inner(row, "context"), path
        what = f"has no context {name!r}" if name else "names no current context"
        listed = ", ".join(sorted(known)) or "none"
        raise UsageError(f"{self._shown()} {what}", f"contexts it has: {listed}")

    def entry(self, section: str, key: str, name: str) -> tuple[Object, Path]:
        """Return a cluster or a user. Raises ``UsageError`` where there is none."""
        found = self._rows(section).get(name)
        if found is None:
            raise UsageError(
                f"{self._shown()} has no entry {name!r} among its {section}",
                "correct the context's entry",
            )
        return _inner(found[0], key), found[1]

    def _rows(self, section: str) -> dict[str, tuple[Object, Path]]:
        rows: dict[str, tuple[Object, Path]] = {}
        for path, value in self.files:
            listed = value.get(section)
            for row in listed if isinstance(listed, list) else []:
                if isinstance(row, dict):
                    rows.setdefault(str(row.get("name")), (row, path))
        return rows

    def _shown(self) -> str:
        return ", ".join(str(path) for path, _ in self.files)


def _inner(row: Object, key: str) -> Object:
    found = row.get(key)
    return found if isinstance(found, dict) else {}


def _read(path: Path) -> Object:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"the kubeconfig {path} cannot be read: {error.strerror}",
            "name another one with --kubeconfig, or leave it out to use the local control plane",
        ) from error
    value = _parse(data, path)
    if not isinstance(value, dict):
        raise UsageError(f"{path} is no kubeconfig", "name another one with --kubeconfig")
    return value


def _parse(data: bytes, path: Path) -> Value:
    """Return what a kubeconfig holds; JSON, which ours is, needs no YAML to be loaded."""
    with suppress(ValueError):
        return json_text.loads(data)
    from ruleengine.formats import yaml_reader

    parsed = yaml_reader.read(data, str(path))
    return parsed.documents[0].value if parsed.documents and not parsed.findings else None


def _material(entry: Object, name: str, path: Path) -> bytes:
    """Return PEM text that stands in the file itself, or in a file that it names."""
    inline, file = entry.get(f"{name}-data"), entry.get(name)
    try:
        if inline:
            return base64.b64decode(str(inline), validate=True)
        return (path.parent / str(file)).read_bytes() if file else b""
    except (OSError, binascii.Error) as error:
        raise UsageError(f"{path}: {name} cannot be read", "correct the kubeconfig") from error


def _secret(key: bytes) -> Secret | None:
    return Secret(key.decode("utf-8", "replace")) if key else None


def _identity(user: Object, path: Path) -> Callable[[], Mapping[str, str]]:
    """Return what gives the headers of a user; a token file is read anew each time."""
    token_file = user.get("tokenFile")
    if token_file:
        file = path.parent / str(token_file)
        return lambda: {"authorization": f"Bearer {file.read_text().strip()}"}
    text = ""
    if user.get("token"):
        text = f"Bearer {user['token']}"
    elif user.get("username"):
        pair = f"{user['username']}:{lookup(user, 'password', default='')}"
        text = f"Basic {base64.b64encode(pair.encode()).decode()}"
    secret = Secret(text)
    return lambda: {"authorization": secret.reveal()} if text else {}
