"""``ruleengine pipeline template``."""

import click

from ruleengine.cli.lazy import SuggestingGroup
from ruleengine.cli.pipelines import completing, lint
from ruleengine.cli.pipelines.options import Where, all_namespaces, declared_by_files, placed
from ruleengine.model.values import Object, lookup


class _Templates(SuggestingGroup):
    done_elsewhere = declared_by_files("create", "update", "delete")


@click.group(cls=_Templates, epilog="Example: ruleengine pipeline template list")
def command() -> None:
    """See to templates of workflows, as they are on the cluster."""


command.add_command(lint.command)


@command.command("list", epilog="Example: ruleengine pipeline template list -A")
@all_namespaces
@placed
def list_command(*, all_namespaces: bool, where: Where) -> None:
    """List templates, those of the whole cluster after those of namespaces."""
    from ruleengine.app.pipelines import finding
    from ruleengine.cli.pipelines.showing import show_objects
    from ruleengine.cli.printing import columns

    with where.opened() as place:
        namespace = "" if all_namespaces else place.namespace
        found = [
            *finding.objects(place, "WorkflowTemplate", namespace),
            *finding.objects(place, "ClusterWorkflowTemplate", ""),
        ]
    rows = [("KIND", "NAMESPACE", "NAME", "ENTRYPOINT", "PARAMETERS"), *map(_row, found)]
    show_objects(where.output, found, lambda _: columns(rows) if found else "none\n")


def _row(template: Object) -> tuple[str, ...]:
    metadata = template["metadata"]
    return (
        str(template["kind"]),
        str(metadata.get("namespace") or "-"),
        str(metadata["name"]),
        str(lookup(template, "spec", "entrypoint", default="-")),
        ", ".join(str(one.get("name")) for one in _maps(template, "arguments", "parameters"))
        or "-",
    )


@command.command("get", epilog="Example: ruleengine pipeline template get build -o yaml")
@click.argument("name", metavar="NAME|KIND/NAME", shell_complete=completing.templates)
@placed
def get_command(*, name: str, where: Where) -> None:
    """Show one template: how it is called, and what it is made of."""
    from ruleengine.app.pipelines import finding
    from ruleengine.cli.pipelines.showing import show_objects

    word, _, rest = name.rpartition("/")
    kind = finding.kind_of(word or "wftmpl", finding.TEMPLATES, "of templates")
    with where.opened() as place:
        found = finding.live(place, kind, rest)
    show_objects(where.output, [found], lambda _: _text(found))


def _text(template: Object) -> str:
    words = ("Kind", "Namespace", "Name", "Entrypoint")
    lines = [
        f"{word + ':':<12}{text}\n" for word, text in zip(words, _row(template)[:4], strict=True)
    ]
    for one in _maps(template, "arguments", "parameters"):
        value = one.get("value", one.get("default"))
        enum = one.get("enum")
        allowed = f" (one of {', '.join(map(str, enum))})" if isinstance(enum, list) else ""
        about = f"  {one['description']}" if one.get("description") else ""
        lines.append(
            f"Parameter:  {one.get('name')}={'' if value is None else value}{allowed}{about}\n"
        )
    names = [str(one.get("name")) for one in _maps(template, "templates")]
    lines.append(f"{'Templates:':<12}{', '.join(names) or '-'}\n")
    return "".join(lines)


def _maps(template: Object, *path: str) -> list[Object]:
    """Return a list of its spec; what of it is of another type than it must be is left out."""
    found = lookup(template, "spec", *path)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
