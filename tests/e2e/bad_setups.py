"""Settings, defaults, rules and schemas that somebody could write by mistake, or in bad faith."""

from tests.e2e.bad_documents import Case

SETTINGS = "ruleengine.yaml"
DEFAULTS = "environments/_defaults.yaml"
RULES = "rules/r.yaml"
SCHEMA = "schemas/d.json"
NOTE = "environments/note.yaml"
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: z}\n"
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: x, namespace: z}
stringData: {password: hunter2}
"""


def rule(body: str, name: str = "r") -> str:
    """Return the text of a rule; its body begins at line 4."""
    return f"apiVersion: ruleengine.dev/v1\nkind: Rule\nmetadata: {{name: {name}}}\n{body}"


def emitting(expression: str, kind: str = "Application") -> str:
    """Return a rule that puts an expression, at 9:10, into an object."""
    return rule(
        f"match: {{kind: {kind}}}\nemit:\n- apiVersion: v1\n  kind: ConfigMap\n"
        f'  metadata: {{name: made}}\n  data: {{a: "${{{{ {expression} }}}}"}}\n'
    )


SETUPS = (
    Case(
        "settings that are no YAML",
        {SETTINGS: "engine: [\n"},
        (f"{SETTINGS}:2:1 error file-syntax-invalid",),
    ),
    Case(
        "settings that are a list",
        {SETTINGS: "- engine\n"},
        (f"{SETTINGS}:1:1 error configuration-value-invalid", "mapping"),
    ),
    Case("settings that are binary", {SETTINGS: b"\0\1"}, (f"{SETTINGS} error file-text-binary",)),
    Case(
        "every setting wrong",
        {
            SETTINGS: "engin: native\nengine: turbo\nnamespace: 5\nclusters: [a]\n"
            "waivers: [3, {code: a}]\n"
        },
        (
            f"{SETTINGS}:1:1 error configuration-field-unknown",
            "did you mean engine?",
            f"{SETTINGS}:2:1 error configuration-value-invalid",
            "native or handover",
            f"{SETTINGS}:3:1 error configuration-value-invalid",
            f"{SETTINGS}:4:1 error configuration-value-invalid",
            f"{SETTINGS}:5:11 error configuration-value-invalid",
            f"{SETTINGS}:5:14 error configuration-value-invalid",
            "reason and expires",
        ),
    ),
    Case(
        "a waiver until some day",
        {SETTINGS: "waivers:\n- {code: file-key-invalid, reason: x, expires: some day}\n"},
        (f"{SETTINGS}:2:39 error configuration-value-invalid", "2027-01-31"),
    ),
    Case(
        "a waiver that ran out",
        {SETTINGS: "waivers:\n- {code: file-key-invalid, reason: x, expires: 2020-01-31}\n"},
        (SETTINGS, "warning policy-waiver-expired", "file-key-invalid", "2020-01-31"),
        0,
    ),
    Case(
        "defaults that are no YAML",
        {DEFAULTS: "Application: {\n"},
        (f"{DEFAULTS}:2:1 error file-syntax-invalid",),
    ),
    Case(
        "defaults that are a list",
        {DEFAULTS: "- Application\n"},
        (f"{DEFAULTS}:1 error configuration-defaults-invalid", "mapping"),
    ),
    Case(
        "defaults of the wrong type",
        {DEFAULTS: "Application: shop\n"},
        (f"{DEFAULTS}:1:1 error configuration-defaults-invalid", "Application"),
    ),
    Case(
        "defaults with an unknown field",
        {DEFAULTS: "Application: {spec: {projekt: x}}\n"},
        (f"{DEFAULTS}:1:22 error schema-field-unknown", "did you mean 'project'?"),
    ),
    Case("rules that are no YAML", {RULES: "a: [\n"}, (f"{RULES}:2:1 error file-syntax-invalid",)),
    Case("rules that are binary", {RULES: b"\0\1"}, (f"{RULES} error file-text-binary",)),
    Case(
        "something else among the rules",
        {RULES: CONFIG_MAP},
        (f"{RULES}:1:1 error rule-document-foreign", "kind: Rule"),
    ),
    Case(
        "a rule about nothing",
        {RULES: rule("")},
        (f"{RULES}:1:1 error rule-value-invalid", "`match`"),
    ),
    Case(
        "an unknown key of a rule",
        {RULES: rule("match: {kind: Application}\nemitt: []\n")},
        (f"{RULES}:5:1 error rule-key-unknown", "did you mean 'emit'?"),
    ),
    Case(
        "a wrong type in a rule",
        {RULES: rule("match: 3\n")},
        (f"{RULES}:4:1 error rule-value-invalid", "'match'"),
    ),
    Case(
        "one name for two rules",
        {RULES: rule("match: {kind: A}\n") + "---\n" + rule("match: {kind: B}\n")},
        (f"{RULES}:8:12 error rule-name-taken", "'r'", f"see {RULES}:1: rule r"),
    ),
    Case(
        "the name of a built-in rule",
        {RULES: rule("match: {kind: A}\n", "environment-short-form")},
        (f"{RULES}:3:12 error rule-name-taken", "replaces: environment-short-form"),
    ),
    Case(
        "a replacement of nothing",
        {RULES: rule("match: {kind: A}\nreplaces: nothing\n")},
        (f"{RULES}:5:1 error rule-replacement-unknown", "'nothing'", "ruleengine rules list"),
    ),
    Case(
        "two rules that set one field",
        {
            RULES: rule("match: {kind: ConfigMap}\nset: {data: {a: '1'}}\n", "one")
            + "---\n"
            + rule("match: {kind: ConfigMap}\nset: {data: {a: '2'}}\n", "two"),
            NOTE: CONFIG_MAP,
        },
        (
            f"{NOTE}:1:1 error rule-set-conflict",
            "one and two",
            f"see {RULES}:5:14: rule one",
            f"see {RULES}:11:14: rule two",
        ),
    ),
    Case(
        "rules that emit for one another",
        {
            RULES: rule(
                "match: {kind: ConfigMap}\nemit:\n- {apiVersion: v1, kind: Secret, "
                "metadata: {name: a}}\n",
                "one",
            )
            + "---\n"
            + rule(
                "match: {kind: Secret}\nemit:\n- {apiVersion: v1, kind: ConfigMap, "
                "metadata: {name: a}}\n",
                "two",
            ),
            NOTE: CONFIG_MAP,
        },
        (
            f"{NOTE}:1:1 error rule-emit-cycle",
            "one → two → one",
            f"see {RULES}:5:1: rule one",
            f"see {RULES}:12:1: rule two",
            "remedy: narrow `match`",
        ),
    ),
    Case(
        "a rule that emits for itself",
        {
            RULES: rule(
                "match: {kind: ConfigMap}\nemit:\n- {apiVersion: v1, kind: ConfigMap, "
                "metadata: {name: a}}\n"
            ),
            NOTE: CONFIG_MAP,
        },
        (f"{NOTE}:1:1 error rule-emit-cycle", "r → r"),
    ),
    Case(
        "a rule that emits without bound",
        {
            RULES: rule(
                "match: {kind: ConfigMap}\nemit:\n- forEach: ${{ range(9999) | list }}\n"
                "  value: {apiVersion: v1, kind: Secret, metadata: {name: 'a${{ item }}'}}\n"
            ),
            NOTE: CONFIG_MAP,
        },
        (f"{NOTE}:1:1 error rule-emit-unbounded", "2000"),
    ),
    Case(
        "an object without a name",
        {
            RULES: rule("match: {kind: ConfigMap}\nemit:\n- {apiVersion: v1, kind: Secret}\n"),
            NOTE: CONFIG_MAP,
        },
        (f"{RULES}:6:3 error rule-expression-failed", "metadata.name", f"see {NOTE}:1:1"),
    ),
    *(
        Case(
            f"{name} inside of a value",
            {RULES: emitting(expression)},
            (f"{RULES}:6:3 error rule-expression-failed", "no plain data"),
        )
        for name, expression in (
            ("a function", "{'a': [path.get]}"),
            ("a name that is not there", "{'a': nonsense}"),
            ("an omission", "[[omit]]"),
        )
    ),
    Case(
        "a schema that is no JSON",
        {SCHEMA: '{"a": '},
        (f"{SCHEMA}:", "error file-syntax-invalid"),
    ),
    Case(
        "a schema that is a list",
        {SCHEMA: "[1]"},
        (f"{SCHEMA}:1:1 error file-document-invalid",),
    ),
    Case(
        "a schema for nothing",
        {SCHEMA: '{"type": "object"}'},
        (f"{SCHEMA}:1:1 error schema-definition-broken", "x-ruleengine"),
    ),
    Case(
        "a schema that is none",
        {SCHEMA: '{"x-ruleengine": {"folder": "databases"}, "type": "strng"}'},
        (f"{SCHEMA}:1:43 error schema-definition-broken",),
    ),
    Case(
        "a pattern that is none",
        {
            SCHEMA: '{"x-ruleengine": {"folder": "databases"}, '
            '"properties": {"a": {"pattern": "("}}}'
        },
        (f"{SCHEMA}:1:64 error schema-definition-broken",),
    ),
    Case(
        "a schema that reads files",
        {SCHEMA: '{"x-ruleengine": {"folder": "databases"}, "$ref": "file:///etc/passwd"}'},
        (f"{SCHEMA}:1:1 error schema-definition-broken",),
        never=("root:",),
    ),
    Case(
        "a schema for a kind of ours",
        {SCHEMA: '{"x-ruleengine": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}}'},
        (f"{SCHEMA}:1:2 error schema-definition-broken", "Application has a schema already"),
    ),
    Case(
        "a pattern that would take for ever",
        {
            SCHEMA: '{"x-ruleengine": {"folder": "databases"}, '
            '"properties": {"a": {"pattern": "^(a+)+$"}}}',
            RULES: rule("match: {folder: databases, form: short}\nemit: []\n"),
            "databases/x.yaml": f"a: {'a' * 60}!\n",
        },
        ("databases/x.yaml:1:4 error schema-value-invalid", "'a'"),
    ),
)

FAILING = {
    "a name that is not there": "nonsense",
    "a field that is not there": "spec.source.pfad",
    "texts and numbers": "1 + spec.source.path",
    "division by zero": "1 / 0",
    "a filter that is not there": "spec.source.path | shout",
    "half an expression": "1 +",
    "a statement": "{% for one in spec %}",
}
"""Expressions that fail by mistake."""

LEAVING = {
    "the class of a text": "''.__class__.__mro__",
    "the globals of a method": "path.get.__globals__",
    "an attribute by filter": "path | attr('__class__')",
    "an attribute by key": "path['__class__']",
    "an attribute by format": "'{0.__class__}'.format(path)",
    "an attribute by an operator": "'%s' % path.__class__",
    "an import": "__import__('os').system('id')",
    "Jinja's own objects": "cycler.__init__.__globals__.os",
    "Jinja's namespace": "namespace(a=1)",
    "Jinja's text": "lipsum.__globals__",
    "the template itself": "self",
    "a method as a value": "path.get",
    "a huge range": "range(100000000) | list",
    "a huge text": "'x' * 1000000000",
    "a huge list": "[1] * 1000000000",
    "a huge power": "9 ** 999999999",
    "a huge number": "9" * 5000,
    "a wide number": "'%1000000000d' % 1",
    "a join of repetitions": "(['x' * 200000] * 200000) | join",
    "a replacement by repetition": "('x' * 200000) | replace('x', 'y' * 200000)",
    "deep parentheses": "(" * 900 + ")" * 900,
    "deep lists": "[" * 900 + "]" * 900,
    "a long chain": "1" + "+1" * 1900,
}
"""Expressions that try to leave their data, or to take all time and memory."""

HELD = ("hunter2", "hunter3", "aHVudGVyMw")
"""What the Secrets of the cases hold, and what no output may ever show."""


def secret(name: str, body: str, *says: str, code: int = 1) -> Case:
    """Return a case of a Secret that an environment shows; its body begins at line 4."""
    text = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{body}"
    return Case(name, {MANIFEST: text}, says, code, HELD)


def reading(name: str, expression: str) -> Case:
    """Return a case of a rule that reads a Secret and fails."""
    files: dict[str, str | bytes] = {RULES: emitting(expression, "Secret"), NOTE: SECRET}
    return Case(name, files, (f"{RULES}:9:10 error rule-expression-failed",), 1, HELD)


MANIFEST = "apps/web/secret.yaml"
SECRETS = (
    secret(
        "a value of the wrong type",
        "stringData:\n  password: [hunter2]\n  hunter: {a: hunter3}\n",
        f"{MANIFEST}:5:3 error schema-value-type: 'stringData.password'",
        f"{MANIFEST}:6:3 error schema-value-type: 'stringData.hunter'",
    ),
    secret(
        "a text in place of the map",
        "data: hunter2\n",
        f"{MANIFEST}:4:1 error schema-value-type: 'data'",
    ),
    secret(
        "a misspelt field",
        "stringdata: {password: hunter2}\n",
        f"{MANIFEST}:4:1 error schema-field-unknown",
        "did you mean 'stringData'?",
    ),
    secret(
        "a key twice",
        "stringData:\n  password: hunter2\n  password: hunter3\n",
        f"{MANIFEST}:6:3 error file-key-duplicate",
    ),
    secret(
        "a colon too many",
        "stringData:\n  password: hunter2: hunter3\n",
        f"{MANIFEST}:5:20 error file-syntax-invalid",
    ),
    secret(
        "a quote too many",
        "stringData:\n  password: 'hunter2' hunter3\n",
        f"{MANIFEST}:5:",
        "error file-syntax-invalid",
    ),
    *(
        secret(
            f"the tag {tag}",
            f"stringData:\n  password: {tag} hunter2\n",
            f"{MANIFEST}:5:13 error file-",
        )
        for tag in ("!!int", "!!float", "!!bool", "!!null", "!vault")
    ),
    reading("a Secret as a key", "path[stringData.password]"),
    reading("a Secret as a function", "stringData.password()"),
    reading("a Secret and a number", "1 + stringData.password"),
    Case(
        "a policy that quotes a Secret",
        {
            RULES: rule(
                "match: {kind: Secret}\nrequire:\n- that: 'false'\n"
                "  message: not ${{ stringData.password }}\n"
                "  remedy: do not write ${{ stringData.password }}\n"
            ),
            NOTE: SECRET,
        },
        (f"{NOTE}:1:1 error policy-requirement-unmet: not ",),
        never=HELD,
    ),
    Case(
        "a Secret that a sensor creates",
        {
            "triggers/s.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Sensor\n"
            "metadata: {name: a, namespace: ruleengine}\nspec:\n"
            "  dependencies: [{name: d, eventSourceName: on-push, eventName: push}]\n"
            "  triggers:\n  - template:\n      name: t\n      k8s:\n"
            "        operation: create\n        source:\n          resource:\n"
            "            apiVersion: v1\n            kind: Secret\n"
            "            metadata: {name: a}\n            stringData: {password: [hunter2]}\n"
        },
        ("triggers/s.yaml:16:26 error schema-value-type", "stringData.password"),
        never=HELD,
    ),
    Case(
        "a password in a short form",
        {"rollouts/staging/x.yaml": "replicas: many\npassword: hunter2\n"},
        ("rollouts/staging/x.yaml:2:1 error schema-field-unknown", "'password'"),
        never=HELD,
    ),
)
