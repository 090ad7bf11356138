"""Reading values of a document whose types nobody has promised.

Each function returns what a field holds, or raises ``WrongError`` with the field's place.
"""

from ruleengine.model.values import Object, Value
from ruleengine.triggers.problems import WrongError


def mapping(value: Object, name: str, where: str) -> Object:
    """Return a map, empty where there is none."""
    found = value.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise WrongError(f"{where}.{name} must be a map, not {found!r}".lstrip("."))
    return found


def text(value: Object, name: str, where: str) -> str:
    """Return a text, empty where there is none."""
    found = value.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise WrongError(f"{where}.{name} must be a text, not {found!r}")
    return found


def maps(value: Object, name: str, where: str) -> list[Object]:
    """Return a list of maps, empty where there is none."""
    found = listed(value, name, where)
    for index, one in enumerate(found):
        if not isinstance(one, dict):
            raise WrongError(f"{where}.{name}[{index}] must be a map, not {one!r}")
    return found


def texts(value: Object, name: str, where: str) -> list[str]:
    """Return a list of texts, empty where there is none."""
    found = listed(value, name, where)
    for index, one in enumerate(found):
        if not isinstance(one, str):
            raise WrongError(f"{where}.{name}[{index}] must be a text, not {one!r}")
    return found


def listed(value: Object, name: str, where: str) -> list[Value]:
    """Return a list, empty where there is none."""
    found = value.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise WrongError(f"{where}.{name} must be a list, not {found!r}")
    return found


def flag(value: Object, name: str, where: str) -> bool:
    """Return a truth value, false where there is none."""
    found = value.get(name)
    if found is None:
        return False
    if not isinstance(found, bool):
        raise WrongError(f"{where}.{name} must be true or false, not {found!r}")
    return found


def choice(value: Object, name: str, where: str, known: tuple[str, ...]) -> str:
    """Return a text that is one of the known ones; the first of them where there is none."""
    found = text(value, name, where) or known[0]
    if found not in known:
        raise WrongError(f"{where}.{name} must be one of {', '.join(known)}, not {found!r}")
    return found
