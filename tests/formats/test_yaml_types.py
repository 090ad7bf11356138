"""Values have the types that kubectl gives them, measured with kubectl 1.34."""

import pytest

from ruleengine.formats.yaml_reader import read
from ruleengine.model.values import Value

KUBECTL = {
    "on": True, "yes": True, "y": True, "Off": False, "n": False, "true": True,
    "010": 8, "0644": 420, "0o10": 8, "08": 8, "-0x1F": -31, "0b11": 3, "+12": 12, "00": 0,
    "1e3": 1000, "1_000": 1000, "1_0.5": 10.5, "1.": 1, ".5": 0.5, "-.5": -0.5, "09.5": 9.5,
    "1e-3": 0.001, "1e25": 1e25, "1e400": "1e400", "._5": "._5", "-": "-",
    "60:30": "60:30", "2024-01-02": "2024-01-02", "2024-01-02T03:04:05Z": "2024-01-02T03:04:05Z",
    "=": "=", "~": None, "null": None, '"1"': "1", "'on'": "on", '!!int "12"': 12,
    "!!str 5": "5", "!!float 3": 3, "!!binary aGVsbG8=": "hello", "0x": "0x",
}  # fmt: skip


def value_of(text: str) -> Value:
    """Return the value of the key ``a``."""
    (document,) = read(f"a: {text}\n".encode(), "a.yaml").documents
    return document.value["a"]


@pytest.mark.parametrize(("text", "expected"), KUBECTL.items())
def test_a_word_means_what_it_means_to_kubectl(text: str, expected: Value) -> None:
    """The same value, and of the same type."""
    value = value_of(text) if text != "-" else value_of("'-'")
    assert (value, type(value)) == (expected, type(expected))


@pytest.mark.parametrize("number", [2**64, -(10**30), 18446744073709551615])
def test_integers_beyond_64_bits_stay_exact(number: int) -> None:
    """Kubectl rounds them; nobody wants that."""
    assert value_of(str(number)) == number


@pytest.mark.parametrize(
    ("key", "expected"),
    [("010", "8"), ("1e3", "1000"), ("1.10", "1.1"), ("True", "true"), ("8080", "8080")],
)
def test_keys_become_texts_as_in_json(key: str, expected: str) -> None:
    """JSON has no other keys than texts."""
    assert list(read(f"{key}: x\n".encode(), "a.yaml").documents[0].value) == [expected]


@pytest.mark.parametrize("key", ["on", "off", "y", "n", "yes", "No"])
def test_a_key_that_reads_like_a_switch_stays_as_it_is_written(key: str) -> None:
    """Triggers are written under ``on``, which must not become ``true``."""
    assert list(read(f"{key}: x\n".encode(), "a.yaml").documents[0].value) == [key]


@pytest.mark.parametrize("text", [".nan", "-.inf", "!!int x", '!!binary "?"', "!!bool 1"])
def test_a_value_that_json_cannot_hold_is_a_finding(text: str) -> None:
    """It has a place and a remedy."""
    parsed = read(f"a: {text}\n".encode(), "a.yaml")
    assert [(one.code, one.place.line) for one in parsed.findings] == [("file-value-invalid", 1)]
