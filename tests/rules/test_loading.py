"""Loading: mistakes in rules are findings at the key, and names are kept apart."""

import pytest

from ruleengine.model.configuration import Engine
from ruleengine.rules.loading import Source, built_in_sources, load_sources
from ruleengine.rules.merging import conflicts
from ruleengine.rules.parsing import parse_rule
from ruleengine.rules.ruleset import Rank
from ruleengine.rules.templates import Constant
from tests.rules.helpers import documents, rules

_HEAD = "apiVersion: ruleengine.dev/v1\nkind: Rule\nmetadata: {name: r}\n"
_REFERENCE = "match: {}\nreferences:\n- kind: A\n  name: a\n"


@pytest.mark.parametrize("engine", list(Engine))
def test_the_built_in_rules_load_without_findings(engine: Engine) -> None:
    """Both packs, every expression compiled."""
    assert load_sources([], engine).findings == ()
    for source in built_in_sources():
        for one in documents(source.path, source.data.decode()):
            rule, findings = parse_rule(one, Rank.BUILT_IN, eager=True)
            assert findings == []
            assert rule is not None
            assert rule.description


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        ("match: {kind: A}\nsett: {}\n", "rule-key-unknown", 5),
        ("match:\n  kinds: A\n", "rule-key-unknown", 5),
        ("match: {form: tiny}\n", "rule-value-invalid", 4),
        ("match:\n  labels: 'a in'\n", "rule-value-invalid", 5),
        ("set: {}\n", "rule-value-invalid", 1),
        ("match: {}\nset: 5\n", "rule-value-invalid", 5),
        ("match: {}\nset:\n  a: ${{ b }\n", "rule-template-broken", 6),
        ("match: {}\nset:\n  a:\n  - ${{ x | nope }}\n", "rule-template-broken", 7),
        ("match: {}\nwhen: a b\n", "rule-template-broken", 5),
        ("match: {}\nrequire:\n- that: x\n", "rule-value-invalid", 6),
        ("match: {}\nrequire:\n- {that: x, message: m, remdy: y}\n", "rule-key-unknown", 6),
        ("match: {}\nrequire:\n- {that: x, message: m, at: 'a..b'}\n", "rule-value-invalid", 6),
        ("match: {}\nemit: {}\n", "rule-value-invalid", 5),
        ("match: {}\nemit:\n- {forEach: x}\n", "rule-template-broken", 6),
        ("match: {}\nreferences:\n- {kind: A}\n", "rule-value-invalid", 6),
        (_REFERENCE + "  passes: {parameters: 5}\n", "rule-value-invalid", 8),
        (_REFERENCE + "  passes: {parameters: 'a..b'}\n", "rule-value-invalid", 8),
        (_REFERENCE + "  passes: {args: a}\n  aspect: args\n", "rule-value-invalid", 8),
        ("match: {}\nvariables: {document: 1}\n", "rule-value-invalid", 5),
        ("match: {}\nactions:\n- {verbs: apply}\n", "rule-key-unknown", 6),
        ("match: {}\nengines: [argo]\n", "rule-value-invalid", 5),
        ("match: {}\nreplaces: nothing-we-know\n", "rule-replacement-unknown", 5),
    ],
)
def test_a_mistake_in_a_rule_is_a_finding_at_its_line(body: str, code: str, line: int) -> None:
    """Each with the place in the rule file; the rule is left out."""
    loaded = rules(_HEAD + body)
    assert [(one.code, one.place.path, one.place.line) for one in loaded.findings] == [
        (code, "rules/0.yaml", line)
    ]
    assert loaded.rules.rule("r") is None


def test_a_misspelt_key_gets_a_suggestion() -> None:
    """``requires`` is meant to be ``require``."""
    (finding,) = rules(_HEAD + "match: {}\nrequires: []\n").findings
    assert "did you mean 'require'" in finding.remedy


def test_a_built_in_rule_is_replaced_only_when_it_is_said() -> None:
    """The same name alone is a finding; ``replaces`` takes the place."""
    head = _HEAD.replace("{name: r}", "{name: environment-conventions}")
    (finding,) = rules(head + "match: {kind: A}\n").findings
    assert finding.code == "rule-name-taken"
    loaded = rules(head + "replaces: environment-conventions\nmatch: {kind: A}\n")
    assert loaded.findings == ()
    (rule,) = [one for one in loaded.rules.rules if one.name == "environment-conventions"]
    assert rule.rank is Rank.TEAM


def test_two_team_rules_of_one_name_are_a_finding() -> None:
    """The second is left out, the first is related."""
    (finding,) = rules(_HEAD + "match: {kind: A}\n", _HEAD + "match: {kind: B}\n").findings
    assert (finding.code, finding.place.path) == ("rule-name-taken", "rules/1.yaml")
    assert finding.related[0].place.path == "rules/0.yaml"


def test_a_document_that_is_no_rule_is_a_finding() -> None:
    """Nothing in the folder is silently ignored."""
    (finding,) = rules("apiVersion: v1\nkind: ConfigMap\n").findings
    assert finding.code == "rule-document-foreign"


@pytest.mark.parametrize("text", ["- a\n", "a\n", "5\n"])
def test_a_document_that_is_no_mapping_is_a_finding(text: str) -> None:
    """A list or a text among the rules, at its line."""
    (finding,) = rules(text).findings
    assert (finding.code, finding.place.line) == ("rule-document-foreign", 1)


def test_broken_yaml_in_a_rule_file_is_a_finding() -> None:
    """The other files still hold."""
    loaded = rules("a: [\n", _HEAD + "match: {kind: A}\n")
    assert loaded.findings[0].place.path == "rules/0.yaml"
    assert loaded.rules.rule("r") is not None


def test_the_digest_follows_the_content() -> None:
    """Equal rules have equal digests; any change, and the engine, change it."""

    def digest(data: bytes, blob: str, engine: Engine = Engine.NATIVE) -> str:
        return load_sources([Source("rules/a.yaml", blob, data)], engine).rules.digest

    text = (_HEAD + "match: {kind: A}\n").encode()
    assert digest(text, "1") == digest(text, "1")
    assert len({digest(text, "1"), digest(text, "2"), digest(text, "1", Engine.HANDOVER)}) == 3


@pytest.mark.parametrize("engine", list(Engine))
def test_the_built_in_rules_do_not_contradict_one_another(engine: Engine) -> None:
    """Evaluation trusts them not to; here every pair of constant defaults is compared."""
    stated = [
        (rule.match, rule.sets.value)
        for rule in load_sources([], engine).rules.rules
        if isinstance(rule.sets, Constant)
    ]
    assert len(stated) >= (3 if engine is Engine.NATIVE else 0)
    for at, (match, value) in enumerate(stated):
        for other, said in stated[:at]:
            if not match.kinds or not other.kinds or set(match.kinds) & set(other.kinds):
                assert list(conflicts(value, said)) == []
