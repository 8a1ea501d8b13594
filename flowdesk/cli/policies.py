"""`flowdesk quotas` and `flowdesk egress`: what holds for a whole workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from flowdesk.cli.base import Options, on_server, server_options

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.client_policies import EgressDoc, QuotaDoc
    from flowdesk.launch import Connection

FIELDS = {"workflows": "workflows", "runs": "runs", "queued": "queued", "payload_bytes": "payloadBytes"}


def limit(text: str) -> int | str:
    """A number, `none` for no limit, or `default` for what holds everywhere; 0 is how the API spells no limit."""
    if text in ("none", "default"):
        return 0 if text == "none" else "default"
    if text.isascii() and text.isdigit():
        return int(text)
    raise click.BadParameter(f"{text!r} is neither a number nor `none` nor `default`")


@click.group(invoke_without_command=True)
@server_options
@click.pass_context
def quotas(ctx: click.Context, options: Options) -> None:
    """Show the quotas of the workspace, and how much of each it uses."""
    if ctx.invoked_subcommand is None:

        async def work(connection: Connection, out: Output) -> int | None:
            _show_quotas(out, await connection.client.policies.quotas())
            return None

        on_server(options, work)


@quotas.command("set")
@click.argument("workspace_id", metavar="ID")
@click.option("--workflows", type=limit, help="Workflows there may be.")
@click.option("--runs", type=limit, help="Runs that are kept; the oldest go.")
@click.option("--queued", type=limit, help="Runs that may wait to begin.")
@click.option("--payload-bytes", type=limit, help="The largest body that starts a run.")
@server_options
def set_quotas(options: Options, workspace_id: str, **given: int | str | None) -> None:
    """Set quotas of a workspace, by its id; a personal one has its user's. For administrators.

    What is not named stays. `none` takes a limit away, `default` goes back to what holds for all workspaces.
    """
    wanted = {FIELDS[name]: value for name, value in given.items() if value is not None}
    if not wanted:
        raise click.UsageError("say which: --workflows, --runs, --queued or --payload-bytes")

    async def work(connection: Connection, out: Output) -> int | None:
        policies = connection.client.policies
        known: Any = await policies.quotas_of(workspace_id)
        own = {name: known[name]["limit"] or 0 for name in FIELDS.values() if known[name]["own"]}
        own = {name: value for name, value in {**own, **wanted}.items() if value != "default"}
        _show_quotas(out, await policies.set_quotas(workspace_id, own))
        return None

    on_server(options, work)


@click.command()
@click.option("--allow", multiple=True, metavar="TARGET", help="Let steps connect there; with any, nowhere else.")
@click.option("--deny", multiple=True, metavar="TARGET", help="Never let steps connect there.")
@click.option("--remove", multiple=True, metavar="TARGET", help="Take an entry out of both lists.")
@click.option("--clear", is_flag=True, help="Begin with empty lists.")
@server_options
def egress(
    options: Options, allow: tuple[str, ...], deny: tuple[str, ...], remove: tuple[str, ...], clear: bool
) -> None:
    """Show or change where the steps of the workspace may connect to. Changing is for owners.

    A TARGET is a name, *.name, an address or a network, perhaps with a port: api.example.com:443, 203.0.113.0/24.
    """

    async def work(connection: Connection, out: Output) -> int | None:
        policies = connection.client.policies
        lists = await policies.egress()
        if clear or allow or deny or remove:
            lists = await policies.set_egress(_changed(lists, allow, deny, remove, clear=clear))
        _show_egress(out, lists)
        return None

    on_server(options, work)


def _changed(
    lists: EgressDoc, allow: tuple[str, ...], deny: tuple[str, ...], remove: tuple[str, ...], *, clear: bool
) -> EgressDoc:
    gone = {entry.strip().lower() for entry in remove}
    unknown = sorted(gone - {*lists["allow"], *lists["deny"]})
    if unknown:
        raise click.UsageError(f"{unknown[0]!r} is in neither list")

    def after(known: list[str], more: tuple[str, ...]) -> list[str]:
        kept = [] if clear else [entry for entry in known if entry not in gone]
        return list(dict.fromkeys([*kept, *(entry.strip().lower() for entry in more)]))

    return {"allow": after(lists["allow"], allow), "deny": after(lists["deny"], deny)}


def _show_quotas(out: Output, found: QuotaDoc) -> None:
    from flowdesk.show.policies import quota_table

    if out.json:
        out.document(found)
    else:
        out.table(*quota_table(found, out.paint), empty="no quotas")


def _show_egress(out: Output, lists: EgressDoc) -> None:
    from flowdesk.show.policies import egress_table

    if out.json:
        out.document(lists)
    else:
        out.table(*egress_table(lists, out.paint), empty="no lists: steps may connect to all public addresses")
