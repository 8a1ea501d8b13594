"""The server's workflows as files: which file each belongs in, and what it will hold."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.jsonio import dump_text
from flowdesk.applying import normal
from flowdesk.errors import BadFile
from flowdesk.files import SUFFIXES, read_workflow_file
from flowdesk.private import replace_file
from flowdesk.replies import WorkflowDoc
from flowdesk.same import same_json

Format = Literal["yaml", "json"]
State = Literal["written", "updated", "unchanged", "differs"]


@dataclass(slots=True, frozen=True)
class Export:
    """One workflow and the file it goes to."""

    workflow: WorkflowDoc
    path: Path


def exported(workflow: WorkflowDoc, *, with_id: bool) -> dict[str, Any]:
    """The document as a file holds it: what people write, and the id unless it is to stay secret."""
    document = normal(dict(workflow), short=True)
    return {"id": workflow["id"], **document} if with_id else document


def as_text(document: dict[str, Any], form: Format) -> str:
    """The document as YAML or JSON text."""
    if form == "json":
        return dump_text(document, pretty=True) + "\n"
    from flowdesk.yaml_writer import dump_yaml

    return dump_yaml(document)


def place(workflows: list[WorkflowDoc], directory: Path, form: Format) -> list[Export]:
    """A file for each workflow: the one that names its id already, else one named after it by us."""
    known, taken = _files_by_id(directory)
    placed = []
    for workflow in workflows:
        path = known.get(workflow["id"])
        if path is None:
            path = directory / f"{_slug(workflow['name'])}.{form}"
            if path.name in taken:
                path = directory / f"{path.stem}-{workflow['id']}.{form}"
            taken.add(path.name)
        placed.append(Export(workflow, path))
    return placed


def write(export: Export, form: Format, *, with_id: bool, force: bool) -> State:
    """Write one file. A file that says something else is only changed with `force`, and keeps its comments."""
    document = exported(export.workflow, with_id=with_id)
    path = export.path
    if path.is_symlink():
        raise BadFile(f"{path}: is a link", hint="export into a directory of real files")
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, as_text(document, form))
            return "written"
        old = read_workflow_file(path)
        if same_json(normal(old.document), normal(document)) and (not with_id or old.workflow_id == document["id"]):
            return "unchanged"
        if not force:
            return "differs"
        replace_file(path, _updated(old.text, document, path))
    except OSError as error:
        raise BadFile(f"{path}: cannot be written: {error.strerror}") from None
    return "updated"


def _updated(text: str, document: dict[str, Any], path: Path) -> str:
    if path.suffix.lower() == ".json":
        return as_text(document, "json")
    from flowdesk.yaml_writer import update_yaml

    return update_yaml(text, document)


def _files_by_id(directory: Path) -> tuple[dict[str, Path], set[str]]:
    """Files by the id they name, and the names that are taken by files without one or with another's."""
    known: dict[str, Path] = {}
    taken: set[str] = set()
    files = sorted(p for p in directory.iterdir() if p.suffix.lower() in SUFFIXES) if directory.is_dir() else []
    for path in files:
        try:
            found = read_workflow_file(path)
        except BadFile:
            taken.add(path.name)
            continue
        if found.workflow_id is not None:
            known.setdefault(found.workflow_id, path)
            taken.add(path.name)
    return known, taken


def _slug(name: str) -> str:
    """A file name that is safe everywhere: `Hello, World!` as `hello-world`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:80] or "workflow"
