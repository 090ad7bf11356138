"""Names are accepted and refused as Kubernetes does."""

from collections.abc import Callable

import pytest

from ruleengine.apimachinery import naming

LONG = "a" * 64


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (naming.check_dns_label, ["a", "a-1", "1a"], ["", "A", "-a", "a-", "a.b", LONG, "a\n"]),
        (naming.check_dns_1035_label, ["a", "a-1"], ["", "1a", "a-", LONG]),
        (naming.check_dns_subdomain, ["a.b-c", LONG], ["", "a..b", ".a", "a_b", "a" * 254]),
        (naming.check_path_segment, ["system:x", "A b"], ["", ".", "..", "a/b", "a%"]),
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


def test_a_generated_name_is_a_label() -> None:
    """The base is cut, five characters are added."""
    assert naming.generate_name("web-", "bcdfghj") == "web-bcdfg"
    assert len(naming.generate_name(LONG, "bcdfg")) == 63
