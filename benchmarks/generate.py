"""Makes config repos of any size for the benchmarks: believable documents, committed to Git.

    python benchmarks/generate.py DIR DOCUMENTS

A quarter each are environments, pipelines, rollouts and triggers; half of them short forms.
Everything points at something: environments at folders of ``apps/``, triggers at pipelines,
rollouts at analysis templates. The same arguments give the same repo.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_ENVIRONMENTS = ("development", "staging", "production", "east", "west")
_APPS = 20
_FULL_EVERY = 2

_MANIFESTS = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{number}
spec:
  replicas: 2
  selector:
    matchLabels: {{app: app-{number}}}
  template:
    metadata:
      labels: {{app: app-{number}}}
    spec:
      containers:
      - name: main
        image: registry.example.com/app-{number}:1.0.{number}
        ports:
        - {{name: http, containerPort: 8080}}
---
apiVersion: v1
kind: Service
metadata:
  name: app-{number}
spec:
  selector: {{app: app-{number}}}
  ports:
  - {{name: http, port: 80, targetPort: http}}
"""

_APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: service-{number}-{environment}
  namespace: ruleengine
spec:
  project: default
  source:
    path: apps/app-{app}
  destination:
    server: https://kubernetes.default.svc
    namespace: {environment}
  syncPolicy:
    automated:
      prune: true
      selfHeal: true
    syncOptions: [CreateNamespace=true]
"""

_ENVIRONMENT = """\
source: {{path: apps/app-{app}}}
revisionHistoryLimit: {number}
"""

_WORKFLOW_TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: build-{number}
  namespace: ruleengine
spec:
  entrypoint: main
  arguments:
    parameters:
    - name: revision
      value: main
  templates:
  - name: main
    dag:
      tasks:
      - name: compile
        template: run
        arguments:
          parameters:
          - {{name: command, value: make all-{number}}}
      - name: test
        template: run
        dependencies: [compile]
        arguments:
          parameters:
          - {{name: command, value: make test-{number}}}
  - name: run
    inputs:
      parameters:
      - name: command
    container:
      image: alpine:3.20
      command: [sh, -c]
      args: ["{{{{inputs.parameters.command}}}}"]
"""

_PIPELINE = """\
parameters:
  revision: main
steps:
- name: compile
  image: alpine:3.20
  run: make all-{number}
- name: test
  image: alpine:3.20
  needs: [compile]
  run: make test-{number}
"""

_ROLLOUT_SPEC = """\
{indent}replicas: 3
{indent}selector:
{indent}  matchLabels: {{app: web-{number}}}
{indent}template:
{indent}  metadata:
{indent}    labels: {{app: web-{number}}}
{indent}  spec:
{indent}    containers:
{indent}    - name: web
{indent}      image: registry.example.com/web-{number}:1.0.0
{indent}      ports:
{indent}      - {{name: http, containerPort: 8080}}
{indent}strategy:
{indent}  canary:
{indent}    steps:
{indent}    - setWeight: 20
{indent}    - pause: {{duration: 1m}}
{indent}    - setWeight: 60
{indent}    - pause: {{}}
"""

_ROLLOUT = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: web-{number}
  namespace: {environment}
spec:
"""

_TRIGGER = """\
on:
  push:
    webhook: {{port: "12000", endpoint: /push-{number}, method: POST}}
do:
- pipeline: build-{target}
  parameters:
    revision: "{{{{ .Input.body.after }}}}"
"""

_EVENT_SOURCE = """\
apiVersion: argoproj.io/v1alpha1
kind: EventSource
metadata:
  name: hooks-{number}
  namespace: ruleengine
spec:
  webhook:
    push:
      port: "12000"
      endpoint: /hook-{number}
      method: POST
"""


def documents(number: int) -> Iterator[tuple[str, str]]:
    """Yield path and text of ``number`` documents."""
    quarter = max(number // 4, 1)
    for one in range(number):
        area, item = divmod(one, quarter)
        yield (_environment, _pipeline, _rollout, _trigger)[min(area, 3)](item, quarter)


def generate(folder: Path, number: int) -> None:
    """Make a Git repository with ``number`` documents in ``folder``, committed."""
    files = dict(documents(number))
    files["ruleengine.yaml"] = "apiVersion: ruleengine.dev/v1\nkind: Configuration\n"
    files["environments/_defaults.yaml"] = "Application:\n  spec:\n    project: default\n"
    for app in range(_APPS):
        files[f"apps/app-{app}/manifests.yaml"] = _MANIFESTS.format(number=app)
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "Begin"]):
        subprocess.run(["git", *command], cwd=folder, check=True, env=_environment_of_git())


def _environment(number: int, _: int) -> tuple[str, str]:
    environment = _ENVIRONMENTS[number % len(_ENVIRONMENTS)]
    values = {"number": number, "environment": environment, "app": number % _APPS}
    if number % _FULL_EVERY:
        return f"environments/{environment}/full-{number}.yaml", _APPLICATION.format(**values)
    return f"environments/{environment}/service-{number}.yaml", _ENVIRONMENT.format(**values)


def _pipeline(number: int, _: int) -> tuple[str, str]:
    text = _WORKFLOW_TEMPLATE if number % _FULL_EVERY else _PIPELINE
    return f"pipelines/build-{number}.yaml", text.format(number=number)


def _rollout(number: int, _: int) -> tuple[str, str]:
    environment = _ENVIRONMENTS[number % len(_ENVIRONMENTS)]
    path = f"rollouts/{environment}/web-{number}.yaml"
    if number % _FULL_EVERY:
        head = _ROLLOUT.format(number=number, environment=environment)
        return path, head + _ROLLOUT_SPEC.format(number=number, indent="  ")
    return path, _ROLLOUT_SPEC.format(number=number, indent="")


def _trigger(number: int, quarter: int) -> tuple[str, str]:
    if number % _FULL_EVERY:
        return f"triggers/hooks-{number}.yaml", _EVENT_SOURCE.format(number=number)
    target = (number * 7) % quarter
    return f"triggers/on-push-{number}.yaml", _TRIGGER.format(number=number, target=target)


def _environment_of_git() -> dict[str, str]:
    moment = "2026-01-02T03:04:05Z"
    who = {"NAME": "A Developer", "EMAIL": "dev@example.com", "DATE": moment}
    named = {
        f"GIT_{role}_{key}": one for role in ("AUTHOR", "COMMITTER") for key, one in who.items()
    }
    return {**os.environ, **named, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


if __name__ == "__main__":
    generate(Path(sys.argv[1]), int(sys.argv[2]))
