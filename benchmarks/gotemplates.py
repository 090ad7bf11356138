"""How long Go templates take: compiling, and evaluating once compiled.

    python benchmarks/gotemplates.py [--smoke]

Measured as in ``expressions.py``, beside Jinja doing the like. The first template names an
application, as an ApplicationSet does; the second is the text of a notification, with a loop
over five conditions and one over eight labels.
"""

from typing import Any

from expressions import Claim, report
from jinja2 import Environment

from ruleengine.expressions import fasttemplate, gotemplates, sprig
from ruleengine.expressions.gotemplates.parser import parse

NAME = '{{ .path.basename | lower | trunc 20 | trimSuffix "-" }}-{{ default "dev" .values.env }}'
LIKE_NAME = "{{ (path.basename | lower)[:20].removesuffix('-') }}-{{ values.env | default('dev') }}"
FLAT_NAME = "{{path.basename}}-{{values.env}}"
PARAMETERS = {"path": {"basename": "Guestbook-UI-Service"}, "values": {"env": "staging"}}
FLAT = {"path.basename": "guestbook", "values.env": "staging"}

NOTICE = """Application {{.app.metadata.name}} is {{.app.status.sync.status}}.
{{ if eq .app.status.sync.status "Synced" }}All good.{{ else }}Look at it.{{ end }}
{{ range $i, $c := .app.status.conditions }}{{ if $i }}, {{ end }}{{ $c.type }}:
{{ $c.message | trunc 40 }}{{ end }}
{{ range $k, $v := .app.metadata.labels }}{{ $k }}={{ $v }} {{ end }}"""
LIKE_NOTICE = """Application {{ app.metadata.name }} is {{ app.status.sync.status }}.
{% if app.status.sync.status == "Synced" %}All good.{% else %}Look at it.{% endif %}
{% for c in app.status.conditions %}{% if not loop.first %}, {% endif %}{{ c.type }}:
{{ c.message[:40] }}{% endfor %}
{% for k, v in app.metadata.labels.items() %}{{ k }}={{ v }} {% endfor %}"""
CONDITIONS = [
    {"type": f"T{number}", "message": "longer than it should be " * 3} for number in range(5)
]
APPLICATION = {
    "app": {
        "metadata": {"name": "web", "labels": {f"label{number}": "x" for number in range(8)}},
        "status": {"sync": {"status": "OutOfSync"}, "conditions": CONDITIONS},
    }
}


def compiled(text: str, functions: Any) -> Any:
    """Read a template without the cache."""
    return parse(text, "{{", "}}", functions)


def claims() -> list[Claim]:
    """Return everything that is measured."""
    jinja = Environment(autoescape=True)
    functions = sprig.functions()
    name = gotemplates.compile(NAME, functions=functions)
    notice = gotemplates.compile(NOTICE, functions=functions)
    flat = fasttemplate.compile(FLAT_NAME)
    like_name, like_notice = jinja.from_string(LIKE_NAME), jinja.from_string(LIKE_NOTICE)
    known = frozenset(functions) | frozenset(gotemplates.BUILTINS)
    return [
        Claim(
            "Go template: compile the name of an application",
            lambda: compiled(NAME, known),
            lambda: jinja.from_string(LIKE_NAME),
        ),
        Claim("Go template: find it again", lambda: gotemplates.compile(NAME, functions=functions)),
        Claim(
            "Go template: evaluate it",
            lambda: name.eval(PARAMETERS),
            lambda: like_name.render(PARAMETERS),
        ),
        Claim(
            "Go template: compile a notification",
            lambda: compiled(NOTICE, known),
            lambda: jinja.from_string(LIKE_NOTICE),
        ),
        Claim(
            "Go template: evaluate it",
            lambda: notice.eval(APPLICATION),
            lambda: like_notice.render(APPLICATION),
        ),
        Claim("flat template: evaluate a name", lambda: flat.eval(FLAT)),
        Claim("sprig: the table for new surroundings", sprig.functions),
    ]


if __name__ == "__main__":
    report(claims())
