"""The functions of sprig say what they say in Go, and see only what they are given."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.expressions import gotemplates, sprig
from ruleengine.expressions.language import ExpressionError, Limits, Meter
from ruleengine.expressions.sprig import Surroundings
from ruleengine.expressions.sprig.certificates import new_key
from ruleengine.expressions.sprig.passwords import bcrypt, decrypt, encrypt
from tests.expressions.reading import cases

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)

DATA: dict[str, Any] = {
    "s": "Hello World",
    "e": "",
    "n": None,
    "i": 5,
    "f": 2.5,
    "neg": -3,
    "l": ["a", "b", 1, None, 2.5],
    "ls": ["b", "a", "c", "a"],
    "m": {"a": 1, "b": {"c": "x"}},
    "u": "héllo wörld ☃",
    "t": True,
    "z": False,
    "em": {},
    "el": [],
    "num": "42",
    "oct": "010",
    "fl": "3.7",
    "sp": "  a b\tc\n",
    "ml": "l1\nl2\n",
    "nest": {"a": {"b": {"c": "deep"}}},
    "dup": [1, 1.0, "1", [1], [1], {"a": 1}, {"a": 1}, None, None],
}


def counted(count: int) -> bytes:
    """Return bytes that count up: chance that a test can rely on."""
    return bytes(at % 256 for at in range(count))


KEY = new_key("ecdsa")
FUNCTIONS = sprig.functions(Surroundings(now=NOW, random=counted, new_key=lambda _kind: KEY))
STILL = sprig.functions()


def rendered(text: str, data: Any = None) -> str:
    """Evaluate a template with all functions."""
    return gotemplates.compile(text, functions=FUNCTIONS).eval(DATA if data is None else data)


@pytest.mark.parametrize("case", cases("sprig"))
def test_a_function_gives_what_it_gives_in_go(case: dict[str, Any]) -> None:
    """Text for text, and an error where Go has one."""
    if "error" in case:
        with pytest.raises(ExpressionError) as raised:
            rendered(case["text"])
        assert case["error"] in str(raised.value)
    else:
        assert rendered(case["text"]) == case["out"]


def test_every_function_of_sprig_is_there() -> None:
    """Two hundred and some, each by its own name."""
    assert len(FUNCTIONS) == len(STILL) == 211
    assert all(function.name == name for name, function in FUNCTIONS.items())


@pytest.mark.parametrize("name", ["env", "expandenv", "getHostByName"])
def test_nothing_of_the_machine_is_seen(name: str) -> None:
    """Neither its environment nor its network."""
    with pytest.raises(ExpressionError, match="see nothing of the machine"):
        FUNCTIONS[name]("HOME")


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("now", (), "no clock here"),
        ("ago", (NOW,), "no clock here"),
        ("date", ("2006", "today"), "no clock here"),
        ("uuidv4", (), "no chance here"),
        ("randAlpha", (3,), "no chance here"),
        ("shuffle", ("abc",), "no chance here"),
        ("bcrypt", ("x",), "no chance here"),
        ("genPrivateKey", ("rsa",), "no keys are made here"),
        ("genCA", ("ca", 1), "no clock here"),
    ],
)
def test_what_is_not_handed_in_is_refused(name: str, arguments: tuple, message: str) -> None:
    """With what to do instead."""
    with pytest.raises(ExpressionError, match=message) as raised:
        STILL[name](*arguments)
    assert raised.value.hint


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("{{ now }}", "2026-03-04 05:06:07 +0000 UTC"),
        ('{{ ago (toDate "2006-01-02" "2026-03-04") }}', "5h6m7s"),
        ('{{ date "Jan 2" "no time" }}', "Mar 4"),
        ("{{ htmlDate nil }}", "2026-03-04"),
        ('{{ durationRound (toDate "2006-01-02" "2026-03-01") }}', "3d"),
        ("{{ duration 95 }}", "1m35s"),
        ('{{ now | date_modify "-48h" | date "2006-01-02" }}', "2026-03-02"),
        ("{{ randAlpha 5 }} {{ randNumeric 4 }} {{ randAlphaNum 0 }}", "lptxB 1739 "),
        ("{{ randInt 5 6 }} {{ randBytes 4 }} {{ len (randAscii 9) }}", "5 AAECAw== 9"),
        ("{{ uuidv4 }}", "00010203-0405-4607-8809-0a0b0c0d0e0f"),
        ("{{ shuffle .s | len }}", "11"),
    ],
)
def test_clock_and_chance_come_from_the_surroundings(text: str, out: str) -> None:
    """The same surroundings give the same text."""
    assert rendered(text) == out == rendered(text)


def test_the_local_zone_comes_from_the_surroundings() -> None:
    """Dates are read and written in it."""
    functions = sprig.functions(Surroundings(zone=ZoneInfo("Europe/Paris")))
    moment = functions["toDate"]("2006-01-02 15:04", "2024-07-01 12:00")
    assert moment.utcoffset() == timedelta(hours=2)
    assert functions["date"]("15:04 MST", moment) == "12:00 CEST"
    assert functions["dateInZone"]("15:04", moment, "UTC") == "10:00"


def test_a_shuffle_keeps_all_characters() -> None:
    """In another order."""
    functions = sprig.functions(Surroundings(random=lambda count: bytes([255]) * count))
    assert sorted(functions["shuffle"]("abcdef")) == list("abcdef")
    with pytest.raises(ExpressionError, match="not above"):
        functions["randInt"](3, 3)
    with pytest.raises(ExpressionError, match="negative"):
        functions["randBytes"](-1)


def test_maps_of_the_data_are_changed_only_inside_of_a_template() -> None:
    """As in Go a template sees the change; the data that it was given stays as it was."""
    data = {"m": {"a": {"b": 1}}}
    text = '{{ $_ := set .m "x" 2 }}{{ $_ := merge .m.a (dict "c" 3) }}{{ .m }}'
    assert rendered(text, data) == "map[a:map[b:1 c:3] x:2]"
    assert data == {"m": {"a": {"b": 1}}}


def test_a_function_called_alone_leaves_its_arguments_as_they_are() -> None:
    """Expressions have values, and no variables that change."""
    target, source = {"a": 1, "n": {"x": 1}}, {"n": {"y": 2}}
    assert STILL["set"](target, "b", 2) == {"a": 1, "n": {"x": 1}, "b": 2}
    assert STILL["unset"](target, "a") == {"n": {"x": 1}}
    assert STILL["merge"](target, source) == {"a": 1, "n": {"x": 1, "y": 2}}
    assert (target, source) == ({"a": 1, "n": {"x": 1}}, {"n": {"y": 2}})


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("upper", (), "wrong number of args for upper: want 1 got 0"),
        ("upper", ("a", "b"), "wrong number of args for upper: want 1 got 2"),
        ("upper", (1,), "wrong type of value for upper; expected string; got int"),
        ("trunc", (1.0, "a"), "wrong type of value for trunc; expected int; got float64"),
        ("trunc", (True, "a"), "wrong type of value for trunc; expected int; got bool"),
        ("upper", (None,), "invalid value for upper; expected string"),
        ("get", ([], "a"), "expected map[string]interface {}; got []interface {}"),
        ("max", (), "wrong number of args for max: want at least 1 got 0"),
        ("first", ("x",), "error calling first: Cannot find first on type string"),
        ("fail", ("my words",), "error calling fail: my words"),
        ("div", (1, 0), "error calling div: integer divide by zero"),
        ("set", (None, "a", 1), "a map is expected where <nil> is"),
        ("dig", ("a", 1, {"a": 1}, 5), "a key is a string, not int"),
        ("dig", ("a", "b", "no", {"a": 1}), "a map is expected where int is"),
        ("mustRegexMatch", ("(", "x"), "never closed"),
        ("addf", (float("nan"),), "infinite or undefined"),
    ],
)
def test_arguments_are_checked_as_go_checks_them(name: str, arguments: tuple, message: str) -> None:
    """The message names the function, and never holds a value."""
    with pytest.raises(ExpressionError) as raised:
        FUNCTIONS[name](*arguments)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "{{ repeat 1000000 .s }}",
        "{{ until 100000000 }}",
        "{{ untilStep 0 9223372036854775807 1 }}",
        "{{ seq 99999999 }}",
        "{{ indent 1000000 .ml }}",
        '{{ replace "" (repeat 1000 "x") (repeat 10000 "y") }}',
        '{{ wrapWith 1 (repeat 10000 "x") (repeat 10000 "y") }}',
        "{{ randAlpha 100000000 }}",
        "{{ randBytes 100000000 }}",
        '{{ $x := list "abc" }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ toString $x }}',
        "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ uniq (list $x) }}",
        "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ deepCopy $x }}",
        "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ deepEqual $x $x }}",
        "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ mustToJson $x }}",
        '{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ print $d }}',
        '{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ mustToJson $d }}',
        '{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ deepEqual $d (deepCopy $d) }}',
        '{{ $d := dict "d" (dict) }}{{ $_ := set $d.d "d" $d }}{{ merge $d (deepCopy $d) }}',
        '{{ range until 100 }}{{ $_ := derivePassword 1 "pin" "a" "b" "c" }}{{ end }}',
        '{{ $x := repeat 50000 "abcdefghi" }}{{ range until 999 }}{{ $_ := sha1sum $x }}{{ end }}',
        "{{ $x := .s }}{{ range until 60 }}{{ $x = cat $x $x }}{{ end }}",
        "{{ mulf " + "1e300 " * 3000 + "}}",
    ],
)
def test_no_function_runs_away(text: str) -> None:
    """Large results, values that share or hold themselves, and slow functions have limits."""
    with pytest.raises(ExpressionError):
        rendered(text)


def test_steps_of_a_function_are_those_of_the_evaluation() -> None:
    """Also where a function is called alone."""
    with pytest.raises(ExpressionError, match="more than 10 steps"):
        STILL["deepCopy"]([[1]] * 20, meter=Meter(Limits(steps=10)))


def test_derived_passwords_and_encryption_match_those_of_go() -> None:
    """What Go encrypted is read; what is broken is refused."""
    assert decrypt("k", encrypt("k", "plain", counted(16))) == "plain"
    assert FUNCTIONS["decryptAES"]("k", "") == FUNCTIONS["encryptAES"]("k", "") == ""
    for broken in ("x", "AAAA", encrypt("other", "plain", counted(16)) + "AAAA"):
        with pytest.raises(ExpressionError):
            decrypt("k", broken)
    for arguments in ((1, "huge", "a", "b", "c"), (-1, "pin", "a", "b", "c")):
        with pytest.raises(ExpressionError):
            FUNCTIONS["derivePassword"](*arguments)


def test_password_files_get_bcrypt() -> None:
    """A fixed salt gives the hash that every implementation gives."""
    salt = bytes.fromhex("144b3d691a7b4ecf39cf735c7fa7a79c")
    wanted = "$2a$10$DCq7YPn5Rq63x1Lad4cll."
    assert bcrypt("", salt).startswith(wanted)
    line = FUNCTIONS["htpasswd"]("me", "secret")
    assert line.startswith("me:$2a$10$")
    with pytest.raises(ExpressionError, match="colon"):
        FUNCTIONS["htpasswd"]("m:e", "secret")
    with pytest.raises(ExpressionError, match="72 bytes") as raised:
        FUNCTIONS["bcrypt"]("s3cret" * 20)
    assert "s3cret" not in str(raised.value)


def test_certificates_are_signed_by_their_authority() -> None:
    """Names, addresses and times are those that were asked for."""
    text = (
        '{{ $ca := genCA "my-ca" 365 }}'
        '{{ $cert := genSignedCert "me" (list "10.0.0.1" "::1") (list "me.example") 30 $ca }}'
        "{{ $ca.Cert }}|{{ $cert.Cert }}|{{ $cert.Key }}"
    )
    authority, certificate, key = rendered(text).split("|")
    parent = x509.load_pem_x509_certificate(authority.encode())
    child = x509.load_pem_x509_certificate(certificate.encode())
    child.verify_directly_issued_by(parent)
    assert child.subject.rfc4514_string() == "CN=me"
    assert child.not_valid_after_utc == NOW + timedelta(days=30)
    names = child.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["me.example"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.1", "::1"]
    assert parent.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert load_pem_private_key(key.encode(), None) is not None


@pytest.mark.parametrize("kind", ["ecdsa", "ed25519", "rsa 2048"])
def test_new_keys_are_pem_that_certificates_take(kind: str) -> None:
    """Signed with their own kind of signature."""
    key = new_key(kind)
    made = FUNCTIONS["genCAWithKey"]("ca", 1, key)
    assert made["Key"] == key
    signed = FUNCTIONS["genSelfSignedCertWithKey"]("", [], [], 1, key)
    x509.load_pem_x509_certificate(signed["Cert"].encode())
    again = FUNCTIONS["genSignedCertWithKey"]("x", [], [], 1, made, KEY)
    assert again["Key"] == KEY
    enc = FUNCTIONS["b64enc"]
    assert FUNCTIONS["buildCustomCert"](enc(made["Cert"]), enc(key)) == made


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("genPrivateKey", ("quantum",)),
        ("genCAWithKey", ("ca", 1, "no key")),
        ("genCA", ("x" * 100, 1)),
        ("genCA", ("ca", 10**9)),
        ("genSelfSignedCert", ("x", ["no address"], [], 1)),
        ("genSelfSignedCert", ("x", [], [5], 1)),
        ("genSignedCert", ("x", [], [], 1, {})),
        ("genSignedCert", ("x", [], [], 1, {"Cert": "a", "Key": "b"})),
        ("buildCustomCert", ("!", "!")),
    ],
)
def test_broken_keys_and_names_are_refused(name: str, arguments: tuple) -> None:
    """With one kind of error."""
    with pytest.raises(ExpressionError) as raised:
        FUNCTIONS[name](*arguments)
    assert raised.value.hint or raised.value.message


def test_a_version_has_its_methods() -> None:
    """Raised versions keep the letter in front."""
    text = '{{ $v := semver "v1.2.3-rc.1+b" }}{{ $v.IncMajor.Original }} {{ $v.IncPatch }}'
    assert rendered(text) == "v2.0.0 1.2.3"
    assert rendered('{{ (semver "1.2").LessThan (semver "1.3") }}') == "true"
    with pytest.raises(ExpressionError, match="a version is expected"):
        rendered('{{ (semver "1.2").Compare "1.3" }}')


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["2006-01-02", "1h", ">=1.2", "1.2.3", "(", "a|b", "%2", "http://x:y/", "é"])
    | st.just(NOW),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)

TYPED = {
    "interface {}": VALUES,
    "string": st.text(st.characters(), max_size=20)
    | st.sampled_from(["2006-01-02", "1h", ">=1.2 <3", "1.2.3", "a|b", "http://x:1/", "/a/../b"]),
    "int": st.integers(-20, 20) | st.integers(-(2**63), 2**63 - 1),
    "float64": st.floats(),
    "bool": st.booleans(),
    "[]interface {}": st.lists(VALUES, max_size=3),
    "map[string]interface {}": st.dictionaries(st.text(max_size=3), VALUES, max_size=3),
    "time.Time": st.datetimes(timezones=st.just(UTC)),
}


CHEAP = sorted(name for name, one in FUNCTIONS.items() if one.cost == 1)


@given(st.sampled_from(CHEAP), st.lists(VALUES, max_size=4))
def test_every_function_takes_or_refuses_every_value(name: str, values: list[Any]) -> None:
    """With any number of arguments, never with another error."""
    with suppress(ExpressionError):
        FUNCTIONS[name](*values)


@given(st.sampled_from(CHEAP), st.data())
def test_every_function_takes_or_refuses_values_of_its_types(
    name: str, data: st.DataObject
) -> None:
    """So that the checks of types are passed."""
    kinds = FUNCTIONS[name].parameters
    if FUNCTIONS[name].rest is not None:
        kinds = (*kinds, FUNCTIONS[name].rest)
    values = [data.draw(TYPED[kind.value]) for kind in kinds]
    with suppress(ExpressionError):
        FUNCTIONS[name](*values)


@pytest.mark.parametrize(
    "name",
    [
        *("Append", "Push", "Prepend", "First", "Last", "Rest", "Initial", "Reverse", "Compact"),
        *("Uniq", "Without", "Has", "Slice", "Chunk", "Merge", "MergeOverwrite", "DeepCopy"),
        *("RegexFind", "RegexFindAll", "RegexReplaceAll", "RegexReplaceAllLiteral", "RegexSplit"),
        "ToRawJson",
    ],
)
def test_the_strict_twin_of_a_function_is_the_same_here(name: str) -> None:
    """Where one panics in Go and the other fails, both fail."""
    plain = FUNCTIONS[name[0].lower() + name[1:]]
    assert replace(FUNCTIONS[f"must{name}"], name=plain.name) == plain


def test_functions_of_dates_have_names_with_underscores_too() -> None:
    """From the times before camel case."""
    now = {"at": NOW}
    text = '{{ date_in_zone "15:04" .at "Asia/Tokyo" }} {{ (date_modify "1h" .at).Hour }}'
    assert rendered(text, now) == "14:06 6"
    assert rendered('{{ (must_date_modify "-1h" .at).Hour }}', now) == "4"
    with pytest.raises(ExpressionError):
        rendered('{{ must_date_modify "soon" .at }}', now)
