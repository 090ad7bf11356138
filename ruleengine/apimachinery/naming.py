"""Which names Kubernetes accepts: RFC 1123 and 1035 names, qualified names, label values.

Every check returns the problem in words, or ``None`` where the text is fine. Limits and
patterns follow the reference, Kubernetes API section 3.
"""

import re
from typing import Final

LABEL_LENGTH: Final = 63
SUBDOMAIN_LENGTH: Final = 253
GENERATED_LENGTH: Final = 5
"""How many random characters follow the base of a generated name."""

SAFE_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
"""What generated names and hashes are made of: no vowels, so no words."""

_DNS_1123_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DNS_1035_LABEL: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DNS_1123_SUBDOMAIN: Final = re.compile(
    r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
)
_NAME_PART: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_CONFIG_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+")
_PORT_NAME: Final = re.compile(r"[-a-z0-9]*[a-z][-a-z0-9]*")

_LABEL_TEXT: Final = (
    "must consist of lower case alphanumeric characters or '-', "
    "and start and end with an alphanumeric character"
)
_SUBDOMAIN_TEXT: Final = (
    "must consist of lower case alphanumeric characters, '-' or '.', "
    "and start and end with an alphanumeric character"
)


def _too_long(text: str, limit: int) -> str | None:
    return f"must be no more than {limit} characters" if len(text) > limit else None


def check_dns_label(text: str) -> str | None:
    """Check an RFC 1123 label, such as the name of a Namespace."""
    if not _DNS_1123_LABEL.fullmatch(text):
        return f"a lowercase RFC 1123 label {_LABEL_TEXT}"
    return _too_long(text, LABEL_LENGTH)


def check_dns_1035_label(text: str) -> str | None:
    """Check an RFC 1035 label, which also has to begin with a letter."""
    if not _DNS_1035_LABEL.fullmatch(text):
        return (
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
            "start with an alphabetic character, and end with an alphanumeric character"
        )
    return _too_long(text, LABEL_LENGTH)


def check_dns_subdomain(text: str) -> str | None:
    """Check an RFC 1123 subdomain, which most objects are named by."""
    if not _DNS_1123_SUBDOMAIN.fullmatch(text):
        return f"a lowercase RFC 1123 subdomain {_SUBDOMAIN_TEXT}"
    return _too_long(text, SUBDOMAIN_LENGTH)


def check_path_segment(text: str) -> str | None:
    """Check a name that only has to fit into a URL, such as that of a Role."""
    if text in ("", ".", ".."):
        return f"may not be {text!r}"
    if "/" in text or "%" in text:
        return "may not contain '/' or '%'"
    return None


def check_qualified_name(text: str) -> str | None:
    """Check the key of a label or annotation: ``name`` or ``prefix.example.com/name``."""
    prefix, slash, name = text.rpartition("/")
    if slash and not prefix:
        return "prefix part must be non-empty"
    if prefix:
        problem = check_dns_subdomain(prefix)
        if problem:
            return f"prefix part {problem}"
    if not name:
        return "name part must be non-empty"
    if not _NAME_PART.fullmatch(name):
        return (
            "name part must consist of alphanumeric characters, '-', '_' or '.', "
            "and must start and end with an alphanumeric character"
        )
    problem = _too_long(name, LABEL_LENGTH)
    return f"name part {problem}" if problem else None


def check_label_value(text: str) -> str | None:
    """Check the value of a label; the empty text is fine."""
    if text and not _NAME_PART.fullmatch(text):
        return (
            "a valid label must be an empty string or consist of alphanumeric characters, "
            "'-', '_' or '.', and must start and end with an alphanumeric character"
        )
    return _too_long(text, LABEL_LENGTH)


def check_config_key(text: str) -> str | None:
    """Check a key of a ConfigMap or Secret."""
    if not _CONFIG_KEY.fullmatch(text):
        return "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
    if text in (".", "..") or text.startswith(".."):
        return "must not be '.' or begin with '..'"
    return _too_long(text, SUBDOMAIN_LENGTH)


def check_environment_name(text: str) -> str | None:
    """Check the name of an environment variable of a container."""
    printable = text and "=" not in text and all(" " <= character <= "~" for character in text)
    return None if printable else "must be printable ASCII without '='"


def check_port_name(text: str) -> str | None:
    """Check the name of a container or service port (an IANA service name)."""
    if len(text) > 15:
        return "must be no more than 15 characters"
    if not _PORT_NAME.fullmatch(text) or "--" in text or text[0] == "-" or text[-1] == "-":
        return (
            "must contain only lower case alphanumeric characters and single '-', "
            "at least one letter, and must not begin or end with '-'"
        )
    return None


def generate_name(base: str, random_text: str) -> str:
    """Return a name from ``metadata.generateName`` and random characters.

    ``random_text`` comes from outside and is made of :data:`SAFE_ALPHABET`; the base is cut
    so that the whole is a label.
    """
    suffix = random_text[:GENERATED_LENGTH]
    return base[: LABEL_LENGTH - GENERATED_LENGTH] + suffix
