"""`invalidator completion`: what makes a shell complete commands and options."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_INVALIDATOR_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that completes commands and options in a shell.

    \b
    Examples, once for each shell; a new one completes:
      invalidator completion bash >> ~/.bashrc
      invalidator completion zsh >> ~/.zshrc
      invalidator completion fish > ~/.config/fish/completions/invalidator.fish
    """
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(made(context.find_root().command, {}, "invalidator", VARIABLE).source())
