"""The `flowdesk` command: verbs that are imported when they are used, and one place where every error ends."""

from __future__ import annotations

import importlib
import io
import os
import sys
from typing import Final, NoReturn

import click

NAME: Final = "flowdesk"
COMPLETE: Final = "_FLOWDESK_COMPLETE"
COMMANDS: Final = {
    "up": "flowdesk.cli.up:up",
    "serve": "flowdesk.cli.serve:serve",
    "web": "flowdesk.cli.web:web",
    "run": "flowdesk.cli.run:run",
    "validate": "flowdesk.cli.validate:validate",
    "apply": "flowdesk.cli.apply:apply",
    "export": "flowdesk.cli.export:export",
    "ls": "flowdesk.cli.workflows:ls",
    "show": "flowdesk.cli.show:show",
    "enable": "flowdesk.cli.workflows:enable",
    "disable": "flowdesk.cli.workflows:disable",
    "delete": "flowdesk.cli.workflows:delete",
    "versions": "flowdesk.cli.versions:versions",
    "diff": "flowdesk.cli.versions:diff",
    "restore": "flowdesk.cli.database:restore",
    "runs": "flowdesk.cli.runs:runs",
    "logs": "flowdesk.cli.logs:logs",
    "cancel": "flowdesk.cli.runs:cancel",
    "rerun": "flowdesk.cli.runs:rerun",
    "move": "flowdesk.cli.runs:move",
    "hooks": "flowdesk.cli.hooks:hooks",
    "samples": "flowdesk.cli.practice:samples",
    "pins": "flowdesk.cli.practice:pins",
    "try": "flowdesk.cli.try_step:try_step",
    "decide": "flowdesk.cli.decide:decide",
    "signal": "flowdesk.cli.signal:signal",
    "jobs": "flowdesk.cli.jobs:jobs",
    "retry": "flowdesk.cli.jobs:retry",
    "schedules": "flowdesk.cli.schedules:schedules",
    "cron": "flowdesk.cli.cron:cron",
    "steps": "flowdesk.cli.steps:steps",
    "secrets": "flowdesk.cli.secrets:secrets",
    "workers": "flowdesk.cli.workers:workers",
    "workspaces": "flowdesk.cli.workspaces:workspaces",
    "members": "flowdesk.cli.members:members",
    "quotas": "flowdesk.cli.policies:quotas",
    "egress": "flowdesk.cli.policies:egress",
    "keys": "flowdesk.cli.api_keys:keys",
    "audit": "flowdesk.cli.audit:audit",
    "audit-log": "flowdesk.cli.audit_log:audit_log",
    "password": "flowdesk.cli.login:password",
    "login": "flowdesk.cli.login:login",
    "logout": "flowdesk.cli.login:logout",
    "contexts": "flowdesk.cli.contexts:contexts",
    "doctor": "flowdesk.cli.database:doctor",
    "backup": "flowdesk.cli.database:backup",
    "db": "flowdesk.cli.database:db",
    "completion": "flowdesk.cli.completion:completion",
}


class Verbs(click.Group):
    """A group that imports a command only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order people learn them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest verb when there is none of that name."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1, cutoff=0.5)
            ctx.fail(f"there is no command {args[0]!r}{f'; did you mean {near[0]}?' if near else ''}")
        return super().resolve_command(ctx, args)


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"flowdesk {version('flowdesk')}")
        ctx.exit()


@click.group(
    cls=Verbs,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
@click.option("--url", metavar="URL", help="Without a command: the server to open (FLOWDESK_URL).")
@click.option("--context", metavar="NAME", help="Without a command: the context to open (FLOWDESK_CONTEXT).")
@click.option("--workspace", metavar="NAME", help="Without a command: the workspace to open (FLOWDESK_WORKSPACE).")
@click.option("--read-only", is_flag=True, help="Without a command: look, and change nothing.")
@click.pass_context
def root(ctx: click.Context, url: str | None, context: str | None, workspace: str | None, read_only: bool) -> None:
    """Durable workflows in the terminal.

    Without a command: the terminal UI. Commands talk to the server named by --url or --context, else to the chosen
    context, else to the local server, which is started when needed.
    """
    if ctx.invoked_subcommand is not None:
        if read_only:
            raise click.UsageError("--read-only is for the terminal UI, that is flowdesk without a command")
        for name in [
            name for name, value in (("--url", url), ("--context", context), ("--workspace", workspace)) if value
        ]:
            raise click.UsageError(f"{name} comes after the command: flowdesk {ctx.invoked_subcommand} {name} …")
        return
    if url and context:
        raise click.UsageError("--url and --context name two servers; give one of them")
    from flowdesk.launch import Wish
    from flowdesk.tui.run import open_ui

    ctx.exit(open_ui(Wish(url, context, workspace), read_only=read_only))


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run one command and leave with its exit code; no error gets past here as a traceback."""
    given = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may know fewer characters than we use
    if COMPLETE in os.environ:
        root.main(given, prog_name=NAME, complete_var=COMPLETE)
    try:
        code = _run(given)
        sys.stdout.flush()
    except BrokenPipeError:
        # What Python would still flush at exit has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    try:
        with root.make_context(NAME, list(arguments)) as context:
            root.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:
        raise
    except Exception as error:
        from flowdesk.cli.failures import explain

        return explain(error, json="--json" in arguments)
    return 0
