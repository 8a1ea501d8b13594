"""What shells may offer for arguments; nothing that needs a server."""

from __future__ import annotations

import click


def complete_files(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[object]:
    """Let the shell offer files."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]
