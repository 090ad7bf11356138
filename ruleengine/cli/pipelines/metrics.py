"""``ruleengine pipeline metrics``."""

import click

from ruleengine.cli.pipelines.options import Where, printing

_EPILOG = """\b
Examples:
  ruleengine pipeline metrics
  ruleengine run --metrics-port 9090     serves them, with those in real time
"""


@click.command(epilog=_EPILOG)
@printing()
def command(*, where: Where) -> None:
    """Print what workflows told as metrics, in the text format of Prometheus."""
    from ruleengine.app.metrics import metrics_path, told_metrics
    from ruleengine.web.metrics_page import page

    with where.opened() as place:
        found = told_metrics(metrics_path(place.cluster, place.state))
    for one in found:
        if one.problem:
            click.echo(f"warning: the metric {one.name}: {one.problem}", err=True)
    click.echo(page(lambda: found), nl=False)
