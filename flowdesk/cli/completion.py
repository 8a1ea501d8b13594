"""`flowdesk completion`: the script that teaches a shell our words."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print a completion script.

    \b
    bash: echo 'eval "$(flowdesk completion bash)"' >> ~/.bashrc
    zsh:  echo 'eval "$(flowdesk completion zsh)"' >> ~/.zshrc
    fish: flowdesk completion fish > ~/.config/fish/completions/flowdesk.fish
    """
    from click.shell_completion import get_completion_class

    from flowdesk.cli.root import COMPLETE, NAME, root

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(found(root, {}, NAME, COMPLETE).source())
