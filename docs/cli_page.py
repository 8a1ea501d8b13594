"""docs/cli.md: the command line, its commands and exit codes drawn from the code."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

import click

from flowdesk.cli import exits
from flowdesk.cli.root import COMMANDS, NAME, root

_EVERYWHERE: Final = {"--help", "--json", "--url", "--context"}
"""Options the text describes once for all commands."""
_TEXT: Final = Path(__file__).with_name("cli_text.md")


def render() -> str:
    """The whole page."""
    page = _TEXT.read_text(encoding="utf-8")
    page = page.replace("<!-- table: exit codes -->", "\n".join(_exit_codes()))
    return page.replace("<!-- commands -->\n", "\n".join(_all_commands()))


def _exit_codes() -> Iterator[str]:
    yield "| code | meaning |"
    yield "|---|---|"
    for name, meaning in documented(exits.Exit).items():
        yield f"| {exits.Exit[name].value} | {meaning} |"


def documented(kind: type) -> dict[str, str]:
    """The members of a class with the docstring under each."""
    (tree,) = ast.parse(inspect.getsource(kind)).body
    found: dict[str, str] = {}
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    for member, text in pairwise(body):
        if isinstance(member, ast.Assign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            (target,) = member.targets
            if isinstance(target, ast.Name):
                found[target.id] = str(text.value.value)
    return found


def _all_commands() -> Iterator[str]:
    context = click.Context(root, info_name=NAME)
    for name in COMMANDS:
        command = root.get_command(context, name)
        if command is not None:
            yield from _command(command, context, name, "###")


def _command(command: click.Command, parent: click.Context, name: str, heading: str) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent)
    pieces = " ".join(command.collect_usage_pieces(context))
    yield f"{heading} {context.command_path}"
    yield ""
    yield f"    {context.command_path} {pieces}"
    yield ""
    yield _text(command.help or "")
    yield ""
    options = [p for p in command.get_params(context) if isinstance(p, click.Option) and not _EVERYWHERE & {*p.opts}]
    if options:
        yield "| option | meaning |"
        yield "|---|---|"
        yield from (_option(option, context) for option in options)
        yield ""
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None:
                yield from _command(found, context, inner, heading + "#")


def _text(text: str) -> str:
    """A docstring as Markdown; what click must not wrap is a block of its own."""
    lines = []
    for part in inspect.cleandoc(text).split("\n\n"):
        if part.startswith("\b\n"):
            lines.append("\n".join(f"    {line}" for line in part.splitlines()[1:]))
        else:
            lines.append(part)
    return "\n\n".join(lines)


def _option(option: click.Option, context: click.Context) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    metavar = "" if option.is_flag else f" {option.make_metavar(context)}"
    default = f" Default: {option.default}." if option.show_default else ""
    shown = f"{names}{metavar}".replace("|", "\\|")
    return f"| `{shown}` | {(option.help or '').replace('|', chr(92) + '|')}{default} |"
