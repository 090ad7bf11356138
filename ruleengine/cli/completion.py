"""``ruleengine completion``: the script with which a shell completes commands and options."""

import click

_VARIABLE = "_RULEENGINE_COMPLETE"
_COMMA = 'string split "," $completion'
"""Where fish parts what it is told of a word: its kind, and the rest, which may have commas too."""
_EPILOG = """\b
Examples:
  echo 'eval "$(ruleengine completion bash)"' >> ~/.bashrc
  echo 'eval "$(ruleengine completion zsh)"' >> ~/.zshrc
  ruleengine completion fish > ~/.config/fish/completions/ruleengine.fish
"""


@click.command(epilog=_EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(*, shell: str) -> None:
    """Print the script with which SHELL completes commands and options."""
    from click.shell_completion import get_completion_class

    from ruleengine.cli.main import root

    completion = get_completion_class(shell)
    if completion is None:
        raise click.UsageError(f"this version of click knows no completion for {shell}")
    script = completion(root, {}, "ruleengine", _VARIABLE).source()
    click.echo(script.replace(_COMMA, _COMMA.replace("split", "split --max 1")))
