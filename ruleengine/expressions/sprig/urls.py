"""URLs taken apart and put together, as Go's ``net/url`` does."""

import re
import urllib.parse
from typing import Any, Final

from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.language import ExpressionError
from ruleengine.formats.go_text import from_bytes, to_bytes, type_name

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_HEX: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPED_ASCII: Final = re.compile("%(?!25)[0-7]")
_PORT: Final = re.compile(r":([0-9]*)\Z")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_USER: Final = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
_HOST: Final = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:\[\]<>\"%]|[^\x00-\x7f])*")

_PATH_SAFE: Final = "-_.~$&+,/:;=@"
_FRAGMENT_SAFE: Final = _PATH_SAFE + "?!()*"
_USER_SAFE: Final = "-_.~$&+,;="
_HOST_SAFE: Final = "-_.~!$&'()*+,;=:[]<>\""


def parse(text: str) -> dict[str, str]:
    """Return the parts of a URL. Raises ``ExpressionError`` for a text that is none."""
    rest, _, fragment = text.partition("#")
    if _CONTROL.search(rest):
        raise _unfit("it holds a control character")
    match = _SCHEME.match(rest)
    scheme = match[1].lower() if match else ""
    rest = rest[match.end() :] if match else rest
    if not match and rest.startswith(":"):
        raise _unfit("missing protocol scheme")
    rest, _, query = rest.partition("?")
    parts = dict.fromkeys(("host", "hostname", "path", "opaque", "userinfo"), "")
    if scheme and not rest.startswith("/"):
        parts["opaque"] = rest
    else:
        if not scheme and ":" in rest.split("/", 1)[0]:
            raise _unfit("first path segment in URL cannot contain colon")
        parts.update(_hierarchy(rest, scheme=scheme))
    return parts | {"scheme": scheme, "query": query, "fragment": _decoded(fragment)}


def _hierarchy(rest: str, *, scheme: str) -> dict[str, str]:
    if not rest.startswith("//") or (not scheme and rest.startswith("///")):
        return {"path": _decoded(rest)}
    authority, slash, path = rest[2:].partition("/")
    user, at, host = authority.rpartition("@")
    if at and not _USER.fullmatch(user):
        raise _unfit("invalid userinfo")
    name = _checked_host(host)
    return {
        "userinfo": _user_text(user) if at else "",
        "host": name,
        "hostname": _without_port(name),
        "path": _decoded(slash + path),
    }


def _checked_host(host: str) -> str:
    if not _HOST.fullmatch(host):
        raise _unfit("invalid character in host name")
    if _ESCAPED_ASCII.search(host):
        raise _unfit("a host escapes only what is not ASCII")
    closing = host.rfind("]") if host.startswith("[") else 0
    if closing < 0 or "[" in host[1:]:
        raise _unfit("the brackets of the host do not match")
    tail = host[closing + 1 :] if closing else host[host.rfind(":") :] if ":" in host else ""
    if tail and not _PORT.fullmatch(tail):
        raise _unfit("invalid port after host")
    return _decoded(host)


def _without_port(host: str) -> str:
    name = _PORT.sub("", host)
    return name[1:-1] if name.startswith("[") and name.endswith("]") else name


def _user_text(user: str) -> str:
    name, colon, password = user.partition(":")
    return _encoded(_decoded(name), _USER_SAFE) + colon + _encoded(_decoded(password), _USER_SAFE)


def _decoded(text: str) -> str:
    if _HEX.search(text):
        raise _unfit("invalid URL escape")
    return from_bytes(urllib.parse.unquote_to_bytes(to_bytes(text)))


def _encoded(text: str, safe: str) -> str:
    return urllib.parse.quote(to_bytes(text), safe=safe)


def _unfit(why: str) -> ExpressionError:
    return ExpressionError(f"unable to parse url: {why}")


def join(parts: dict[Any, Any]) -> str:
    """Return the URL of parts as ``parse`` gives them. Raises ``ExpressionError``."""
    texts = {name: _part(parts, name) for name in _NAMES}
    user = ""
    if texts["userinfo"]:
        user = parse(f"proto://{texts['userinfo']}@host")["userinfo"]
        user += "@" if user else ""
    scheme, host, path = texts["scheme"], texts["host"], texts["path"]
    made = f"{scheme}:" if scheme else ""
    if texts["opaque"]:
        made += texts["opaque"]
    else:
        if scheme or host or user:
            made += f"//{user}{_encoded(host, _HOST_SAFE)}" if host or path or user else ""
            path = f"/{path}" if path and not path.startswith("/") and host else path
        elif ":" in path.split("/", 1)[0]:
            made += "./"
        made += "*" if path == "*" else _encoded(path, _PATH_SAFE)
    made += f"?{texts['query']}" if texts["query"] else ""
    return made + (f"#{_encoded(texts['fragment'], _FRAGMENT_SAFE)}" if texts["fragment"] else "")


_NAMES: Final = ("scheme", "host", "path", "query", "opaque", "fragment", "userinfo")


def _part(parts: dict[Any, Any], name: str) -> str:
    value = parts.get(name, "")
    if not isinstance(value, str):
        raise ExpressionError(f"the part {name} is a string, not {type_name(value)}")
    return value


FUNCTIONS: Final = (
    Function("urlParse", parse, (Kind.STRING,)),
    Function("urlJoin", join, (Kind.MAP,)),
)
