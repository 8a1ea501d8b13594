"""`flowdesk validate`: everything that is wrong with workflow files, for people and for CI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowdesk.cli.base import Options, on_server, server_options

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.client import Client
    from flowdesk.errors import BadFile
    from flowdesk.launch import Connection

PATHS = click.Path(exists=True, path_type=Path)


@click.command()
@click.argument("files", nargs=-1, required=True, type=PATHS, metavar="FILE|DIR...")
@server_options
def validate(options: Options, files: tuple[Path, ...]) -> None:
    """Check workflow files without saving them.

    Every problem is one line, FILE:LINE:COLUMN first. The exit code is 1 when there is any.
    """
    from flowdesk.files import find_files

    found = list(find_files(files))

    async def work(connection: Connection, out: Output) -> int | None:
        verdicts = [(path, await _problems(connection.client, path)) for path in found]
        report(out, verdicts)
        return 1 if any(error for _, error in verdicts) else 0

    on_server(options, work)


async def _problems(client: Client, path: Path) -> BadFile | None:
    from flowdesk.applying import check
    from flowdesk.errors import BadFile
    from flowdesk.files import read_workflow_file

    try:
        await check(client, read_workflow_file(path))
    except BadFile as error:
        return error
    return None


def report(out: Output, verdicts: list[tuple[Path, BadFile | None]]) -> None:
    """Print what is wrong with each file; files in order without a remark are only counted."""
    from flowdesk.cli.output import problem_document
    from flowdesk.show.problems import problem_lines

    if out.json:
        out.document(
            [
                _document(path, [problem_document(p) for p in error.problems] if error else [])
                for path, error in verdicts
            ]
        )
        return
    for path, error in verdicts:
        if error is not None:
            out.lines(problem_lines(error.problems, out.paint, str(path)))
    wrong = sum(1 for _, error in verdicts if error)
    files = "1 file" if len(verdicts) == 1 else f"{len(verdicts)} files"
    out.remark(f"{files} checked, {f'{wrong} with problems' if wrong else 'no problems'}")


def _document(path: Path, problems: list[dict[str, Any]]) -> dict[str, Any]:
    return {"file": str(path), "valid": not problems, "problems": problems}
