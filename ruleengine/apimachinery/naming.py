"""Which names Kubernetes accepts: RFC 1123 and 1035 names, qualified names, label values.

Every check returns the problem in words, or ``None`` where the text is fine. Limits and
patterns follow the reference, Kubernetes API section 3.
"""

import re
from functools import lru_cache
from typing import Final

LABEL_LENGTH: Final = 63
SUBDOMAIN_LENGTH: Final = 253
_LONGEST_NAME: Final = SUBDOMAIN_LENGTH + len("/") + LABEL_LENGTH
GENERATED_LENGTH: Final = 5
"""How many random characters follow the base of a generated name."""

SAFE_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
"""What generated names and hashes are made of: no vowels, so no words."""

_DNS_LABEL_PATTERN: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN_PATTERN: Final = rf"{_DNS_LABEL_PATTERN}(\.{_DNS_LABEL_PATTERN})*"
_DNS_1035_PATTERN: Final = "[a-z]([-a-z0-9]*[a-z0-9])?"
_NAME_PATTERN: Final = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_CONFIG_KEY_PATTERN: Final = "[-._a-zA-Z0-9]+"

_DNS_LABEL: Final = re.compile(_DNS_LABEL_PATTERN)
_SUBDOMAIN: Final = re.compile(_SUBDOMAIN_PATTERN)
_DNS_1035_LABEL: Final = re.compile(_DNS_1035_PATTERN)
_WILDCARD: Final = re.compile(rf"\*\.{_SUBDOMAIN_PATTERN}")
_NAME_PART: Final = re.compile(_NAME_PATTERN)
_CONFIG_KEY: Final = re.compile(_CONFIG_KEY_PATTERN)
_PORT_NAME: Final = re.compile(r"[-a-z0-9]+")


def _with_pattern(text: str, pattern: str, *examples: str) -> str:
    """Return a problem with examples of what is right, as the API words it."""
    listed = " or ".join(f"'{one}', " for one in examples)
    return f"{text} (e.g. {listed}regex used for validation is '{pattern}')"


_LABEL_TEXT: Final = _with_pattern(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character",
    _DNS_LABEL_PATTERN,
    "my-name",
    "123-abc",
)
_SUBDOMAIN_TEXT: Final = _with_pattern(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character",
    _SUBDOMAIN_PATTERN,
    "example.com",
)
_DNS_1035_TEXT: Final = _with_pattern(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character",
    _DNS_1035_PATTERN,
    "my-name",
    "abc-123",
)
_WILDCARD_TEXT: Final = _with_pattern(
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, "
    "which must consist of lower case alphanumeric characters, '-' or '.' and end with an "
    "alphanumeric character",
    _WILDCARD.pattern,
    "*.example.com",
)
_NAME_TEXT: Final = _with_pattern(
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character",
    _NAME_PATTERN,
    "MyName",
    "my.name",
    "123-abc",
)
_LABEL_VALUE_TEXT: Final = _with_pattern(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character",
    f"({_NAME_PATTERN})?",
    "MyValue",
    "my_value",
    "12345",
)
_CONFIG_KEY_TEXT: Final = _with_pattern(
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    _CONFIG_KEY_PATTERN,
    "key.name",
    "KEY_NAME",
    "key-name",
)


def _too_long(text: str, limit: int) -> str | None:
    """Return the problem of a text with too many bytes."""
    return f"must be no more than {limit} characters" if len(text.encode()) > limit else None


def check_dns_label(text: str) -> str | None:
    """Check an RFC 1123 label, such as the name of a Namespace."""
    problem = _too_long(text, LABEL_LENGTH)
    if problem or _DNS_LABEL.fullmatch(text):
        return problem
    return "must not contain dots" if _SUBDOMAIN.fullmatch(text) else _LABEL_TEXT


def check_dns_1035_label(text: str) -> str | None:
    """Check an RFC 1035 label, which also has to begin with a letter."""
    problem = _too_long(text, LABEL_LENGTH)
    return problem if problem or _DNS_1035_LABEL.fullmatch(text) else _DNS_1035_TEXT


def check_dns_subdomain(text: str) -> str | None:
    """Check an RFC 1123 subdomain, which most objects are named by."""
    problem = _too_long(text, SUBDOMAIN_LENGTH)
    return problem if problem or _SUBDOMAIN.fullmatch(text) else _SUBDOMAIN_TEXT


def check_wildcard_subdomain(text: str) -> str | None:
    """Check a subdomain whose first part is ``*``, such as a host of an Ingress."""
    problem = _too_long(text, SUBDOMAIN_LENGTH)
    return problem if problem or _WILDCARD.fullmatch(text) else _WILDCARD_TEXT


def check_path_segment(text: str) -> str | None:
    """Check a name that only has to fit into a URL, such as that of a Role."""
    if text in (".", ".."):
        return f"may not be '{text}'"
    found = next((sign for sign in "/%" if sign in text), None)
    return f"may not contain '{found}'" if found else None


def check_qualified_name(text: str) -> str | None:
    """Check the key of a label or annotation: ``name`` or ``prefix.example.com/name``.

    The same few are on every object; what is too long for one is not remembered.
    """
    return _name_problem(text) if len(text) > _LONGEST_NAME else _known_name_problem(text)


def _name_problem(text: str) -> str | None:
    prefix, slash, name = text.partition("/")
    if not slash:
        prefix, name = "", text
    elif "/" in name:
        return (
            f"a qualified name {_NAME_TEXT} with an optional DNS subdomain prefix and '/' "
            "(e.g. 'example.com/MyName')"
        )
    elif not prefix:
        return "prefix part must be non-empty"
    problem = check_dns_subdomain(prefix) if prefix else None
    if problem:
        return f"prefix part {problem}"
    if not name:
        return "name part must be non-empty"
    problem = _too_long(name, LABEL_LENGTH)
    if problem or _NAME_PART.fullmatch(name):
        return f"name part {problem}" if problem else None
    return f"name part {_NAME_TEXT}"


_known_name_problem: Final = lru_cache(maxsize=4096)(_name_problem)


def check_label_value(text: str) -> str | None:
    """Check the value of a label; the empty text is fine."""
    problem = _too_long(text, LABEL_LENGTH)
    return problem if problem or not text or _NAME_PART.fullmatch(text) else _LABEL_VALUE_TEXT


def check_config_key(text: str) -> str | None:
    """Check a key of a ConfigMap or Secret."""
    problem = _too_long(text, SUBDOMAIN_LENGTH)
    if problem or not _CONFIG_KEY.fullmatch(text):
        return problem or _CONFIG_KEY_TEXT
    if text in (".", ".."):
        return f"must not be '{text}'"
    return "must not start with '..'" if text.startswith("..") else None


def check_environment_name(text: str) -> str | None:
    """Check the name of an environment variable of a container."""
    if not text:
        return "environment variable name must be non-empty"
    printable = "=" not in text and all(" " <= character <= "~" for character in text)
    wanted = "must consist only of printable ASCII characters other than '='"
    return None if printable else f"a valid environment variable name {wanted}"


def check_port_name(text: str) -> str | None:
    """Check the name of a container or service port (an IANA service name)."""
    if len(text) > 15:
        return "must be no more than 15 characters"
    if not _PORT_NAME.fullmatch(text):
        return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
    if not any("a" <= character <= "z" for character in text):
        return "must contain at least one letter (a-z)"
    if "--" in text:
        return "must not contain consecutive hyphens"
    outside = text[0] == "-" or text[-1] == "-"
    return "must not begin or end with a hyphen" if outside else None


def generate_name(base: str, random_text: str) -> str:
    """Return a name from ``metadata.generateName`` and random characters.

    ``random_text`` comes from outside and is made of :data:`SAFE_ALPHABET`; the base is cut
    so that the whole is a label.
    """
    suffix = random_text[:GENERATED_LENGTH]
    return base[: LABEL_LENGTH - GENERATED_LENGTH] + suffix
