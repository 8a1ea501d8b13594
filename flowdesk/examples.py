"""The example workflows that come with FlowDesk, and a first load of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from flowdesk.applying import carry_out, check, intend
from flowdesk.client import Client
from flowdesk.errors import BadFile
from flowdesk.files import SUFFIXES, read_workflow_file
from flowdesk.replies import WorkflowDoc


@dataclass(slots=True)
class Loaded:
    """What became of the example files."""

    workflows: list[WorkflowDoc] = field(default_factory=list)
    refused: list[BadFile] = field(default_factory=list)


def examples_dir() -> Path | None:
    """The directory of the examples: beside the packages in a checkout, inside this one when installed."""
    here = Path(__file__).resolve().parent
    places = (here.parent / "examples", here / "examples")
    return next((p for p in places if p.is_dir() and (p / "hello.yaml").is_file()), None)


async def load_when_empty(client: Client) -> Loaded:
    """Load every example for a user who has no workflow yet; an example the server refuses does not stop the others."""
    loaded = Loaded()
    directory = examples_dir()
    if directory is None or (await client.workflows.list(limit=1)).items:
        return loaded
    for path in sorted(p for p in directory.iterdir() if p.suffix in SUFFIXES):
        try:
            file = read_workflow_file(path)
            await check(client, file)
            loaded.workflows.append(await carry_out(client, await intend(client, file)))
        except BadFile as error:
            loaded.refused.append(error)
    return loaded
