"""Reading a kubeconfig: which server, whom to trust, and who we are.

Plain entries (token, certificates, basic authentication) are read here, which is quick;
entries that need a program or a cloud login are left to the ``kubernetes`` package.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ruleengine.formats import yaml_reader
from ruleengine.model.errors import UsageError
from ruleengine.model.secrets import Secret
from ruleengine.model.values import Object, lookup


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


def read_access(path: Path, context: str = "") -> Access:
    """Return how a kubeconfig says to reach a cluster; no context means the current one.

    Raises ``UsageError`` where the file cannot be read, or does not have the context.
    """
    value = _read(path)
    name = context or str(value.get("current-context") or "")
    contexts = _named(value, "contexts")
    if name not in contexts:
        listed = ", ".join(sorted(contexts)) or "none"
        what = f"has no context {name!r}" if name else "names no current context"
        raise UsageError(f"{path} {what}", f"contexts it has: {listed}")
    chosen = contexts[name].get("context") or {}
    cluster = _part(value, "clusters", str(chosen.get("cluster", "")), path).get("cluster") or {}
    user: Object = {}
    if chosen.get("user"):
        user = _part(value, "users", str(chosen["user"]), path).get("user") or {}
    if not cluster.get("server"):
        raise UsageError(f"{path}: the cluster of context {name!r} has no server", "add it")
    return Access(
        server=str(cluster["server"]).rstrip("/"),
        context=name,
        authority=_material(cluster, "certificate-authority", path),
        certificate=_material(user, "client-certificate", path),
        key=_secret(_material(user, "client-key", path)),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        server_name=str(cluster.get("tls-server-name") or ""),
        external="exec" in user or "auth-provider" in user,
        headers=_identity(user, path),
    )


def _read(path: Path) -> Object:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"the kubeconfig {path} cannot be read: {error.strerror}",
            "name another one with --kubeconfig, or leave it out to use the local control plane",
        ) from error
    parsed = yaml_reader.read(data, str(path))
    value = parsed.documents[0].value if parsed.documents else None
    if parsed.findings or not isinstance(value, dict):
        raise UsageError(f"{path} is no kubeconfig", "name another one with --kubeconfig")
    return value


def _named(value: Object, section: str) -> dict[str, Object]:
    rows = value.get(section)
    rows = rows if isinstance(rows, list) else []
    return {str(row.get("name")): row for row in reversed(rows) if isinstance(row, dict)}


def _part(value: Object, section: str, name: str, path: Path) -> Object:
    found = _named(value, section).get(name)
    if found is None:
        raise UsageError(
            f"{path} has no entry {name!r} among its {section}", "correct the context's entry"
        )
    return found


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
