"""Names are accepted and refused as Kubernetes does."""

from collections.abc import Callable

import pytest

from ruleengine.apimachinery import naming

LONG = "a" * 64
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
    "'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or "
    "'123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
    "'-' or '.', and must start and end with an alphanumeric character (e.g. "
    "'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    "(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (naming.check_dns_label, ["a", "a-1", "1a"], ["", "A", "-a", "a-", "a.b", LONG, "a\n"]),
        (naming.check_dns_1035_label, ["a", "a-1"], ["", "1a", "a-", LONG]),
        (naming.check_dns_subdomain, ["a.b-c", LONG], ["", "a..b", ".a", "a_b", "a" * 254]),
        (naming.check_path_segment, ["system:x", "A b"], [".", "..", "a/b", "a%"]),
        (naming.check_wildcard_subdomain, ["*.a", "*.a.b"], ["", "*", "*.", "a", "*.*.a", "a.*"]),
        (naming.check_qualified_name, ["a", "example.com/a_B"], ["", "/a", "a/", "A.b/c/d", LONG]),
        (naming.check_label_value, ["", "a", "A_b.c"], ["-a", "a b", LONG]),
        (naming.check_config_key, ["a.b", "_x", "UPPER"], ["", ".", "..", "..a", "a/b", "a b"]),
        (naming.check_environment_name, ["A", "a.b-c", "9x"], ["", "a=b", "\n"]),
        (naming.check_port_name, ["http", "h2c-1"], ["", "80", "a--b", "-a", "a-", "H", "a" * 16]),
    ],
)
def test_a_check_knows_good_from_bad(
    check: Callable[[str], str | None], good: list[str], bad: list[str]
) -> None:
    """Good texts give no problem, bad ones a problem in words."""
    assert [check(text) for text in good] == [None] * len(good)
    assert all(check(text) for text in bad)


@pytest.mark.parametrize(
    ("check", "text", "problem"),
    [
        (naming.check_dns_label, "A", LABEL),
        (naming.check_dns_label, "a.b", "must not contain dots"),
        (naming.check_dns_label, LONG, "must be no more than 63 characters"),
        (naming.check_dns_subdomain, "a_b", SUBDOMAIN),
        (naming.check_qualified_name, "/a", "prefix part must be non-empty"),
        (naming.check_qualified_name, "a/", "name part must be non-empty"),
        (naming.check_path_segment, "a%b", "may not contain '%'"),
        (naming.check_config_key, "..a", "must not start with '..'"),
        (naming.check_port_name, "80", "must contain at least one letter (a-z)"),
        (naming.check_port_name, "a--b", "must not contain consecutive hyphens"),
    ],
)
def test_a_problem_is_told_in_the_words_of_the_api(
    check: Callable[[str], str | None], text: str, problem: str
) -> None:
    """Clients and people know these sentences."""
    assert check(text) == problem


def test_a_generated_name_is_a_label() -> None:
    """The base is cut, five characters are added."""
    assert naming.generate_name("web-", "bcdfghj") == "web-bcdfg"
    assert len(naming.generate_name(LONG, "bcdfg")) == 63
