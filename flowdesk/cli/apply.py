"""`flowdesk apply`: make the server's workflows what the files say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowdesk.cli.base import Options, on_server, server_options
from flowdesk.cli.validate import PATHS

if TYPE_CHECKING:
    from flowdesk.applying import Intent
    from flowdesk.cli.output import Output
    from flowdesk.client import Client
    from flowdesk.files import WorkflowFile
    from flowdesk.launch import Connection
    from flowdesk.replies import WorkflowDoc


@click.command()
@click.argument("files", nargs=-1, required=True, type=PATHS, metavar="FILE|DIR...")
@click.option("--dry-run", is_flag=True, help="Show what would change and save nothing.")
@click.option("--write-id", is_flag=True, help="Write each workflow's id into its file; nothing else in it changes.")
@server_options
def apply(options: Options, files: tuple[Path, ...], dry_run: bool, write_id: bool) -> None:
    """Create or update workflows from files.

    A file belongs to the workflow with its `id`, else to the one with its name. All files are checked before any is
    saved. An update that would change nothing makes no new version.
    """
    from flowdesk.files import find_files

    if dry_run and write_id:
        raise click.UsageError("--dry-run saves nothing, so there is no id to write")
    found = list(find_files(files))

    async def work(connection: Connection, out: Output) -> int | None:
        intents = await _intents(connection.client, out, found)
        if intents is None:
            return 1
        done = [await _apply(connection.client, out, i, dry_run=dry_run, write_id=write_id) for i in intents]
        if out.json:
            out.document(done)
        return 0

    on_server(options, work)


async def _intents(client: Client, out: Output, paths: list[Path]) -> list[Intent] | None:
    """What each file would do; None when any has problems, which are then printed."""
    from flowdesk.applying import intend, refuse_twins
    from flowdesk.cli.validate import report

    files, bad = [], []
    for path in paths:
        file, error = await _checked(client, path)
        if file is not None:
            files.append(file)
        if error is not None:
            bad.append((path, error))
    if bad:
        report(out, bad)
        out.remark("nothing was applied")
        return None
    intents = [await intend(client, file) for file in files]
    refuse_twins(intents)
    return intents


async def _checked(client: Client, path: Path) -> tuple[WorkflowFile | None, Any]:
    from flowdesk.applying import check
    from flowdesk.errors import BadFile
    from flowdesk.files import read_workflow_file

    try:
        file = read_workflow_file(path)
        await check(client, file)
    except BadFile as error:
        return None, error
    return file, None


async def _apply(client: Client, out: Output, intent: Intent, *, dry_run: bool, write_id: bool) -> dict[str, Any]:
    """Do it and tell what was done."""
    from flowdesk.applying import carry_out
    from flowdesk.file_edits import write_id as write_id_into

    saved: WorkflowDoc | None = intent.current if dry_run else await carry_out(client, intent)
    if write_id and saved is not None and intent.file.workflow_id != saved["id"]:
        write_id_into(intent.file, saved["id"])
    if not out.json:
        _show(out, intent, saved, dry_run)
    return _document(intent, saved, dry_run)


def _show(out: Output, intent: Intent, saved: WorkflowDoc | None, dry_run: bool) -> None:
    from flowdesk.clean import clean
    from flowdesk.show.changes import change_lines

    done = {"create": "created", "update": "updated", "unchanged": "unchanged"}[intent.action]
    text = f"would be {done}" if dry_run and intent.action != "unchanged" else done
    known = f"  {saved['id']}  v{saved['version']}" if saved is not None else ""
    name = clean(str(intent.file.document.get("name", "")))
    shown = out.paint.good(text) if intent.action != "unchanged" else out.paint.dim(text)
    out.lines([f"{shown}  {clean(str(intent.file.path))}  {out.paint.bold(name)}{known}"])
    out.lines(f"  {line}" for line in change_lines(intent.changes, out.paint))
    if intent.note:
        out.remark(f"  {intent.note}")


def _document(intent: Intent, saved: WorkflowDoc | None, dry_run: bool) -> dict[str, Any]:
    return {
        "file": str(intent.file.path),
        "action": intent.action,
        "dryRun": dry_run,
        "id": saved["id"] if saved else None,
        "version": saved["version"] if saved else None,
        "changes": intent.changes,
        "note": intent.note,
    }
