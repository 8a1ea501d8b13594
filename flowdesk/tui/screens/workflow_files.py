"""Workflows into and out of files: importing one, and editing one in the person's own editor."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from flowdesk.clean import clean
from flowdesk.errors import BadFile, ClientError
from flowdesk.replies import WorkflowDoc
from flowdesk.tui import toast

if TYPE_CHECKING:
    from flowdesk.files import WorkflowFile
    from flowdesk.tui.screens.area import AreaScreen
    from flowdesk.tui.screens.base import FlowScreen

_RECENT = "import"


async def import_file(screen: AreaScreen) -> None:
    """Ask for a file, save what it holds and stand on it."""
    saved = await ask_for_file(screen)
    if saved is not None:
        _tell(screen, saved)


async def ask_for_file(screen: FlowScreen) -> WorkflowDoc | None:
    """Ask for a file and save what it holds, after a question where that changes a workflow; None: nothing saved."""
    from flowdesk.files import SUFFIXES, read_workflow_file
    from flowdesk.tui.modals.choose import ChooseFileModal

    before = next(iter(screen.flow.memory.recall(_RECENT)), f"{Path.cwd()}/")
    given = await screen.app.push_screen_wait(ChooseFileModal("Import a workflow file", before, SUFFIXES))
    if given is None:
        return None
    screen.flow.memory.note(_RECENT, given)
    try:
        file = await asyncio.to_thread(lambda: read_workflow_file(Path(given).expanduser()))
        saved = await save_file(screen, file)
    except BadFile as error:
        toast.warn(screen, problems_of(error))
    except RuntimeError:
        toast.warn(screen, f"{given}: there is no such home directory")
    else:
        if saved is None:
            toast.say(screen, "nothing was saved")
        return saved
    return None


async def save_file(screen: FlowScreen, file: WorkflowFile) -> WorkflowDoc | None:
    """Save the file's workflow; None when nothing was to be saved. BadFile and InConflict tell why it cannot be."""
    from flowdesk.applying import carry_out, check, intend

    await check(screen.live.client, file)
    intent = await intend(screen.live.client, file)
    if intent.current is not None:
        changes = "1 change" if len(intent.changes) == 1 else f"{len(intent.changes)} changes"
        asked = f"Replace {intent.current['name']} v{intent.current['version']}?"
        detail = f"{changes}; the version it has now is kept."
        if intent.action == "unchanged" or not await screen.confirmed(asked, yes="Replace", detail=detail):
            return None
    elif not await screen.may_write("Save a new workflow"):
        return None
    return await carry_out(screen.live.client, intent)


async def edit_in_editor(screen: AreaScreen, workflow: WorkflowDoc) -> None:
    """The workflow as YAML in $EDITOR until it can be saved or is given up; nothing typed is lost on the way."""
    from flowdesk.exporting import as_text, exported
    from flowdesk.files import read_text
    from flowdesk.tui.editor_handoff import edit_outside

    document = await screen.live.client.workflows.get(workflow["id"])
    text = as_text({**exported(document, with_id=True), "version": document["version"]}, "yaml")
    while True:
        edited = await edit_outside(screen.app, text, ".yaml", screen.flow.options.environ)
        if edited is None:
            toast.say(screen, f"{workflow['name']} is as it was")
            return
        try:
            saved = await save_file(screen, read_text(Path("workflow.yaml"), edited))
        except ClientError as error:
            text = edited
            why = problems_of(error) if isinstance(error, BadFile) else toast.reason(error)
            if not await screen.confirmed("It is not saved. Edit it again?", yes="Edit", detail=why):
                return
        else:
            _tell(screen, saved)
            return


def problems_of(error: BadFile, most: int = 3) -> str:
    """What is wrong, each with its line."""
    places = [f"line {p.line}, column {p.column}: " if p.line and p.column else "" for p in error.problems]
    told = [place + problem.message for place, problem in zip(places, error.problems, strict=True)]
    if len(told) == 1 and told[0].endswith(error.message):
        return clean(told[0])
    if len(told) == 1 and error.message.endswith(error.problems[0].message):
        return clean(error.message)  # which tells the place already
    more = [f"and {len(told) - most} more"] if len(told) > most else []
    return clean("; ".join([error.message, *told[:most], *more]))


def _tell(screen: AreaScreen, saved: WorkflowDoc | None) -> None:
    if saved is None:
        toast.say(screen, "nothing was saved")
        return
    toast.say(screen, f"saved {saved['name']} v{saved['version']}")
    screen.listing.upsert(saved)
    screen.listing.point_at(saved["id"])
    screen.reload()
