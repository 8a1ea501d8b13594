"""Drafts on disk: what was typed outlives a crash. One file for each workflow of each server."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from engine.errors import BadJson
from engine.jsonio import dump_text, parse_json
from flowdesk.private import write_private

_FORMAT = 1


@dataclass(slots=True, frozen=True)
class StoredDraft:
    """A draft as it was left. `base` is the saved document it started from; `saved_at` an ISO-8601 time."""

    server: str
    workflow: str
    saved_at: str
    source: str
    form: Literal["yaml", "json"]
    document: dict[str, Any]
    base: dict[str, Any] | None


@dataclass(slots=True, frozen=True)
class Found:
    """A draft, or what was wrong with its file; neither when there is none."""

    draft: StoredDraft | None = None
    trouble: str | None = None


class DraftsStore:
    """The drafts below a state directory; with None nothing is kept. It never raises: troubles are told."""

    def __init__(self, state_dir: Path | None) -> None:
        self._directory = None if state_dir is None else state_dir / "drafts"

    def save(self, draft: StoredDraft) -> str | None:
        """Write it in place of an older one, readable by its owner only; says what went wrong, if anything did."""
        if self._directory is None:
            return None
        path = self._path(self._directory, draft.server, draft.workflow)
        try:
            write_private(path, dump_text({"format": _FORMAT, **asdict(draft)}) + "\n")
        except (OSError, BadJson, UnicodeError) as error:
            return f"the draft cannot be kept in {path}: {error}"
        return None

    def load(self, server: str, workflow: str) -> Found:
        """The draft of that workflow; an unreadable file is set aside and told."""
        if self._directory is None:
            return Found()
        path = self._path(self._directory, server, workflow)
        try:
            value = parse_json(path.read_bytes())
        except FileNotFoundError:
            return Found()
        except OSError as error:
            return Found(trouble=f"the draft in {path} cannot be read: {error.strerror}")
        except BadJson:
            value = None
        draft = _draft(value)
        if draft is not None and (draft.server, draft.workflow) == (server, workflow):
            return Found(draft)
        return Found(trouble=_set_aside(path))

    def among(self, server: str, workflows: Iterable[str]) -> set[str]:
        """Those of these workflows that have a draft, by one look into the directory."""
        if self._directory is None:
            return set()
        try:
            kept = {path.name for path in self._directory.iterdir()}
        except OSError:
            return set()
        return {workflow for workflow in workflows if self._path(self._directory, server, workflow).name in kept}

    def remove(self, server: str, workflow: str) -> None:
        """Forget the draft: it was saved or given up. One that cannot be removed is offered again."""
        if self._directory is not None:
            with contextlib.suppress(OSError):
                self._path(self._directory, server, workflow).unlink(missing_ok=True)

    @staticmethod
    def _path(directory: Path, server: str, workflow: str) -> Path:
        # Names of servers and workflows come from outside; a digest is a safe file name, and never that of another.
        name = hashlib.sha256(dump_text([server, workflow]).encode()).hexdigest()[:32]
        return directory / f"{name}.json"


def _draft(value: Any) -> StoredDraft | None:
    if not isinstance(value, dict) or value.get("format") != _FORMAT:
        return None
    texts = [value.get(key) for key in ("server", "workflow", "saved_at", "source")]
    document, base, form = value.get("document"), value.get("base"), value.get("form")
    if not all(isinstance(text, str) for text in texts) or form not in {"yaml", "json"}:
        return None
    if not isinstance(document, dict) or not (base is None or isinstance(base, dict)):
        return None
    return StoredDraft(**{key: item for key, item in value.items() if key in StoredDraft.__dataclass_fields__})


def _set_aside(path: Path) -> str:
    aside = path.with_suffix(".bad")
    try:
        path.replace(aside)
    except OSError:
        return f"the draft in {path} is not readable and is not used"
    return f"a draft was not readable; it is kept as {aside}"
