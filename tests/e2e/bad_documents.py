"""Files that somebody could write by mistake, and what they are to be told about each."""

from dataclasses import dataclass, field

from tests.validation.config_repos import MANIFESTS, TEMPLATE, TRIGGER

PIPELINE = "pipelines/x.yaml"
ENVIRONMENT = "environments/staging/x.yaml"
TRIGGER_FILE = "triggers/on-push.yaml"


@dataclass(frozen=True)
class Case:
    """Files over those of a good repo; ``says`` are parts of what is printed about them."""

    name: str
    files: dict[str, str | bytes]
    says: tuple[str, ...]
    code: int = 1
    never: tuple[str, ...] = field(default=())


def pipeline(name: str, content: str | bytes, *says: str, code: int = 1) -> Case:
    """Return a case of one pipeline."""
    return Case(name, {PIPELINE: content}, says, code)


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 12)
)

FILES = (
    pipeline("an open list", "steps: [\n", f"{PIPELINE}:2:1 error file-syntax-invalid"),
    pipeline(
        "a line between two indentations",
        "steps:\n  - name: a\n image: b\n",
        f"{PIPELINE}:3:2 error file-syntax-invalid",
        "indentation",
        "3 |  image: b",
    ),
    pipeline(
        "a tab",
        "steps:\n\t- name: a\n",
        f"{PIPELINE}:2:1 error file-syntax-invalid",
        "tab",
        "remedy: indent with spaces",
    ),
    pipeline(
        "a quote that is not closed",
        'steps: "x\nb: 1\n',
        f"{PIPELINE}:1:8 error file-syntax-invalid",
        "remedy: add the closing quote",
    ),
    pipeline("two colons", "a: b: c\n", f"{PIPELINE}:1:5 error file-syntax-invalid", "colon"),
    pipeline(
        "an unquoted template",
        "steps:\n- name: a\n  image: {{workflow.name}}\n",
        f"{PIPELINE}:3:10 error file-template-unquoted",
        "quotes around",
    ),
    pipeline(
        "a key twice",
        "steps:\n- {name: a, image: b, run: c}\nsteps:\n- {name: a, image: b, run: c}\n",
        f"{PIPELINE}:3:1 error file-key-duplicate",
        "'steps'",
        f"see {PIPELINE}:1:1: it is first written here",
    ),
    pipeline("an unknown alias", "a: *b\n", f"{PIPELINE}:1:4 error file-alias-unknown", "&b"),
    pipeline(
        "a tag that would run code",
        "a: !!python/object/apply:os.system [ls]\n",
        f"{PIPELINE}:1:4 error file-tag-unknown",
        "python/object/apply:os.system",
    ),
    pipeline(
        "a control character", "a: \x01b\n", f"{PIPELINE}:1 error file-character-invalid", "\\x01"
    ),
    pipeline("a list as a key", "? [a]\n: b\n", f"{PIPELINE}:1:3 error file-key-invalid"),
    pipeline("no number", "steps: .nan\n", f"{PIPELINE}:1:8 error file-value-invalid", ".nan"),
    pipeline("a merge of a number", "<<: 3\n", f"{PIPELINE}:1:5 error file-merge-invalid", "<<"),
    pipeline("a list", "- a\n", f"{PIPELINE}:1:1 error file-document-invalid", "a list"),
    pipeline("a text", "hello\n", f"{PIPELINE}:1:1 error file-document-invalid", "a text"),
    pipeline("nothing", "", f"{PIPELINE} info file-document-missing", code=0),
    pipeline("a comment", "# later\n", f"{PIPELINE} info file-document-missing", code=0),
    pipeline(
        "one broken document among others",
        "steps: 5\n---\na: ]\n---\nsteps: 6\n",
        f"{PIPELINE}:1:1 error schema-value-type",
        f"{PIPELINE}:3:4 error file-syntax-invalid",
        f"{PIPELINE}:5:1 error schema-value-type",
    ),
    pipeline("a program", b"\x7fELF\x02\x01\x01\0\0", f"{PIPELINE} error file-text-binary"),
    pipeline("a picture", b"\x89PNG\r\n\x1a\n\0", f"{PIPELINE} error file-text-binary"),
    pipeline(
        "Latin-1",
        "a: 1\nb: caf\u00e9\n".encode("latin-1"),
        f"{PIPELINE}:2 error file-encoding-invalid",
        "remedy: save it as UTF-8",
    ),
    pipeline(
        "UTF-16 is read, and its document is wrong",
        "steps: 5\n".encode("utf-16"),
        f"{PIPELINE}:1:1 error schema-value-type",
        "'steps'",
    ),
    pipeline("half of UTF-16", "a: 1".encode("utf-16")[:-1], "file-encoding-invalid"),
    pipeline("a bomb of aliases", BOMB, f"{PIPELINE}:5:30 error file-aliases-exceeded"),
    pipeline(
        "five thousand brackets",
        "a: " + "[" * 5000 + "]" * 5000,
        f"{PIPELINE}:1:103 error file-depth-exceeded",
    ),
    pipeline(
        "three hundred indentations",
        "".join(f"{' ' * level}a:\n" for level in range(300)),
        f"{PIPELINE}:101:101 error file-depth-exceeded",
    ),
    pipeline(
        "fifty megabytes",
        b"a: " + b"x" * 50_000_000,
        f"{PIPELINE} error file-size-exceeded",
        "50000003 bytes",
        "remedy: split it",
    ),
    Case(
        "a broken manifest that an environment shows",
        {"apps/web/service.yaml": "apiVersion: v1\nkind: Service\n metadata: 1\n"},
        ("apps/web/service.yaml:3:10 error file-syntax-invalid",),
    ),
)

APPLICATION = """\
apiVersion: {version}
kind: {kind}
metadata: {{name: x, namespace: ruleengine}}
spec:
  project: default
  source: {{path: apps/web}}
  destination: {{server: https://kubernetes.default.svc, namespace: staging}}
"""


def kind(name: str, version: str, word: str, *says: str, code: int = 1) -> Case:
    """Return a case of a full document with an apiVersion and a kind."""
    text = APPLICATION.format(version=version, kind=word)
    return Case(name, {ENVIRONMENT: text}, says, code)


SHAPES = (
    pipeline(
        "wrong types in a short form",
        "steps: 5\nparameters: [a]\n",
        f"{PIPELINE}:1:1 error schema-value-type: 'steps'",
        f"{PIPELINE}:2:1 error schema-value-type: 'parameters'",
    ),
    Case(
        "wrong types in an environment",
        {ENVIRONMENT: "source: apps/web\nsyncPolicy: {automated: 'yes'}\nproject: 7\n"},
        (
            f"{ENVIRONMENT}:1:1 error schema-value-type: 'source'",
            f"{ENVIRONMENT}:2:14 error schema-value-type: 'syncPolicy.automated'",
            f"{ENVIRONMENT}:3:1 error schema-value-type: 'project'",
            "remedy: put the value in quotes",
        ),
    ),
    Case(
        "an unknown field",
        {ENVIRONMENT: "source: {pth: apps/web}\n"},
        (f"{ENVIRONMENT}:1:10 error schema-field-unknown", "did you mean 'path'?"),
    ),
    Case(
        "an unknown field of a manifest that an environment shows",
        {"apps/web/service.yaml": MANIFESTS.replace("ports:", "prots:")},
        ("apps/web/service.yaml:6:3 error schema-field-unknown", "did you mean 'ports'?"),
    ),
    Case(
        "a missing field",
        {ENVIRONMENT: "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\n"},
        (f"{ENVIRONMENT}:1:1 error schema-field-missing", "'spec'"),
    ),
    kind(
        "a misspelt kind",
        "argoproj.io/v1alpha1",
        "Aplication",
        f"{ENVIRONMENT}:2:7 error schema-kind-unknown",
        "did you mean 'Application'?",
    ),
    kind(
        "a misspelt group",
        "argoprj.io/v1alpha1",
        "Application",
        f"{ENVIRONMENT}:1:13 error schema-kind-unknown",
        "did you mean 'apiVersion: argoproj.io/v1alpha1'?",
    ),
    kind(
        "a version that does not exist",
        "argoproj.io/v1",
        "Application",
        f"{ENVIRONMENT}:1:13 error schema-kind-unknown",
        "did you mean 'apiVersion: argoproj.io/v1alpha1'?",
    ),
    kind(
        "a misspelt built-in kind",
        "apps/v1",
        "Deploymnt",
        f"{ENVIRONMENT}:2:7 error schema-kind-unknown",
        "did you mean 'Deployment'?",
    ),
    kind(
        "a misspelt built-in group",
        "app/v1",
        "Deployment",
        f"{ENVIRONMENT}:1:13 error schema-kind-unknown",
        "did you mean 'apiVersion: apps/v1'?",
    ),
    kind(
        "a misspelt kind of a forgotten group",
        "v1",
        "Deploymnt",
        f"{ENVIRONMENT}:2:7 error schema-kind-unknown",
        "did you mean 'Deployment' of apps/v1?",
    ),
    kind(
        "a foreign kind",
        "example.com/v1",
        "Widget",
        f"{ENVIRONMENT}:2:1 info schema-kind-foreign",
        code=0,
    ),
    kind(
        "a kind whose group was forgotten",
        "v1alpha1",
        "Application",
        f"{ENVIRONMENT}:1:13 error schema-kind-unknown",
        "did you mean 'apiVersion: argoproj.io/v1alpha1'?",
    ),
    kind(
        "a number for a kind",
        "argoproj.io/v1alpha1",
        "7",
        f"{ENVIRONMENT}:2:1 error schema-value-type: 'kind'",
    ),
    Case(
        "an unknown field in an item of a list",
        {
            "apps/web/list.yaml": "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n"
            "  kind: Service\n  metadata: {name: a}\n  spec: {prots: []}\n"
        },
        ("apps/web/list.yaml:7:10 error schema-field-unknown", "did you mean 'ports'?"),
    ),
    Case(
        "a kind without apiVersion",
        {ENVIRONMENT: "kind: Application\nmetadata: {name: x}\n"},
        (f"{ENVIRONMENT}:1:1 error schema-kind-incomplete", "'apiVersion'"),
    ),
    Case(
        "a short form where no path says the environment",
        {"environments/x.yaml": "source: {path: apps/web}\n"},
        ("environments/x.yaml:1:1 error rule-convention-unmet", "remedy: move it"),
    ),
    Case(
        "a file that is not read",
        {"pipelines/x.yaml.bak": "steps: 5\n"},
        ("pipelines/x.yaml.bak info file-name-unread", ".yaml"),
        0,
    ),
    Case(
        "an empty trigger",
        {TRIGGER_FILE: "on: {}\ndo: []\n"},
        (
            f"{TRIGGER_FILE}:1:1 error schema-value-invalid: 'on'",
            f"{TRIGGER_FILE}:2:1 error schema-value-invalid: 'do'",
        ),
    ),
)


def twins(first: str, second: str) -> tuple[str, ...]:
    """Return what is said about two places that declare one object."""
    return (
        f"{first} error identity-object-duplicate",
        f"{second} error identity-object-duplicate",
        f"see {first}: declared here too",
        f"see {second}: declared here too",
    )


IDENTITIES = (
    Case(
        "a copied file",
        {"pipelines/copy.yaml": TEMPLATE},
        (
            *twins("pipelines/build.yaml:1:1", "pipelines/copy.yaml:1:1"),
            "WorkflowTemplate/ruleengine/build",
        ),
    ),
    Case(
        "a short form and a full document",
        {"environments/y.yaml": APPLICATION.format(
            version="argoproj.io/v1alpha1", kind="Application"
        ).replace("name: x", "name: web-staging")},
        (*twins("environments/staging/web.yaml:1:1", "environments/y.yaml:1:1"),),
    ),
    Case(
        "two endings of one name",
        {"environments/staging/web.yml": "source: {path: apps/web}\n"},
        (*twins("environments/staging/web.yaml:1:1", "environments/staging/web.yml:1:1"),),
    ),
    Case(
        "two documents of one file",
        {"pipelines/build.yaml": f"{TEMPLATE}---\n{TEMPLATE}"},
        (*twins("pipelines/build.yaml:1:1", "pipelines/build.yaml:12:1"),),
    ),
)  # fmt: skip

ROLLOUT = """\
replicas: 1
selector: {{matchLabels: {{app: web}}}}
template:
  metadata: {{labels: {{app: web}}}}
  spec: {{containers: [{{name: web, image: web}}]}}
strategy:
  canary:
    steps:
    - analysis:
        templates: [{{templateName: {template}}}]
        args: [{{name: {argument}, value: a}}]
"""
ANALYSIS = """\
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: rate, namespace: staging}
spec:
  args: [{name: service}]
  metrics:
  - name: rate
    provider: {web: {url: "http://metrics/{{args.service}}"}}
"""
WORKFLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{generateName: a-, namespace: ruleengine}}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - name: one
        templateRef: {{name: {name}, template: {template}}}
        arguments: {{parameters: [{{name: {parameter}, value: 1}}]}}
"""
SHARED = TEMPLATE + "  - {name: two, inputs: {parameters: [{name: p}]}, container: {image: a}}\n"
EVENTS = """\
apiVersion: argoproj.io/v1alpha1
kind: EventSource
metadata: {{name: hooks, namespace: ruleengine}}
spec:
  webhook:
    push: {{port: "12000", endpoint: /push, method: POST}}
---
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {{name: s, namespace: ruleengine}}
spec:
  dependencies: [{{name: d, eventSourceName: {source}, eventName: {event}}}]
  triggers:
  - template: {{name: t, log: {{}}}}
"""
ARTIFACTS = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{name: a, namespace: ruleengine}}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {{name: first, template: make}}
    - - name: second
        template: take
        arguments:
          artifacts: [{{name: {name}, from: "{{{{steps.{step}.outputs.artifacts.out}}}}"}}]
  - {{name: make, container: {{image: a}}, outputs: {{artifacts: [{{name: out, path: /x}}]}}}}
  - {{name: take, container: {{image: a}}, inputs: {{artifacts: [{{name: source, path: /y}}]}}}}
"""
MISSING, LACKS, SURPLUS = (
    f"error reference-{word}"
    for word in ("target-missing", "parameter-missing", "parameter-unknown")
)


def artifacts(name: str, argument: str, step: str, *says: str) -> Case:
    """Return a case of a workflow that passes an artifact from step to step."""
    return Case(name, {"pipelines/w.yaml": ARTIFACTS.format(name=argument, step=step)}, says)


def rollout(name: str, template: str, argument: str, *says: str) -> Case:
    """Return a case of a rollout that asks an analysis template."""
    text = ROLLOUT.format(template=template, argument=argument)
    return Case(name, {"rollouts/staging/web.yaml": text, "rollouts/rate.yaml": ANALYSIS}, says)


def workflow(name: str, to: str, template: str, parameter: str, *says: str) -> Case:
    """Return a case of a workflow that uses a template of another document."""
    text = WORKFLOW.format(name=to, template=template, parameter=parameter)
    return Case(name, {"pipelines/w.yaml": text, "pipelines/build.yaml": SHARED}, says)


POINTERS = (
    Case(
        "trigger to pipeline",
        {TRIGGER_FILE: TRIGGER.replace("pipeline: build", "pipeline: biuld")},
        (f"{TRIGGER_FILE}:5:13 {MISSING}", "'biuld'", "did you mean 'build'?"),
    ),
    Case(
        "a parameter that the pipeline needs",
        {TRIGGER_FILE: TRIGGER.replace("{revision: main}", "{}")},
        (f"{TRIGGER_FILE}:5:13 {LACKS}", "'revision'", "see pipelines/build.yaml:3:12"),
    ),
    Case(
        "a parameter that the pipeline does not know",
        {TRIGGER_FILE: TRIGGER.replace("main}", "main, revisoin: x}")},
        (f"{TRIGGER_FILE}:6:32 {SURPLUS}", "'revision'?", "see pipelines/build.yaml:3:12"),
    ),
    rollout(
        "rollout to analysis template",
        "raet",
        "service",
        f"rollouts/staging/web.yaml:10:36 {MISSING}",
        "did you mean 'rate'?",
    ),
    rollout(
        "arguments of an analysis template",
        "rate",
        "srvice",
        f"rollouts/staging/web.yaml:10:36 {LACKS}",
        f"rollouts/staging/web.yaml:11:17 {SURPLUS}",
        "did you mean 'service'?",
        "see rollouts/rate.yaml:3:12",
    ),
    artifacts(
        "artifacts of a template",
        "sorce",
        "first",
        f"pipelines/w.yaml:11:19 {LACKS}: Template 'Workflow/a/take' needs the artifact 'source'",
        "warning reference-parameter-unknown: Template 'Workflow/a/take'",
        "declares no artifact 'sorce'",
    ),
    artifacts(
        "an artifact from no step",
        "source",
        "frist",
        "error reference-tag-unresolved: nothing stands for {{steps.frist.outputs.artifacts.",
        "there is no step 'frist' in this template",
    ),
    Case(
        "services of a rollout",
        {
            "rollouts/staging/web.yaml": ROLLOUT.format(
                template="rate", argument="service"
            ).replace("canary:", "canary:\n    canaryService: wbe-canary", 1),
            "rollouts/rate.yaml": ANALYSIS,
        },
        ("rollouts/staging/web.yaml:", "warning reference-target-missing", "'wbe-canary'"),
        code=0,
    ),
    Case(
        "a workflow to its own templates",
        {
            "pipelines/w.yaml": ARTIFACTS.format(name="source", step="first")
            .replace("entrypoint: main", "entrypoint: mian")
            .replace("template: take", "template: tkae")
        },
        (
            "pipelines/w.yaml:5:15 error reference-target-missing",
            "no template mian to begin with",
            "no template tkae",
        ),
    ),
    workflow("to no template", "buld", "two", "p", f"pipelines/w.yaml:10:29 {MISSING}", "buld"),
    workflow("to a part that is not", "build", "tow", "p", f"pipelines/w.yaml:10:29 {MISSING}"),
    workflow(
        "parameters of a template",
        "build",
        "two",
        "q",
        f"pipelines/w.yaml:10:29 {LACKS}",
        "pipelines/w.yaml:11:35 warning reference-parameter-unknown",
        "see pipelines/build.yaml:11:",
    ),
    Case(
        "environment to path and project",
        {ENVIRONMENT: "source: {path: apps/wbe}\nproject: shpo\n"},
        (
            f"{ENVIRONMENT}:1:16 error reference-path-missing",
            "apps/wbe",
            f"{ENVIRONMENT}:2:10 {MISSING}",
            "'shpo'",
        ),
    ),
    Case(
        "environment to a path outside",
        {ENVIRONMENT: "source: {path: ../../../etc}\n"},
        (f"{ENVIRONMENT}:1:16 error reference-path-missing", "../../../etc"),
        never=("root:",),
    ),
    *(
        Case(
            f"sensor to {source}/{event}",
            {"triggers/t.yaml": EVENTS.format(source=source, event=event)},
            ("triggers/t.yaml:12:", MISSING, source, event, f"did you mean {meant!r}?"),
        )
        for source, event, meant in (("hoks", "push", "hooks/push"), ("hooks", "psuh", "push"))
    ),
)
