"""Saving a draft as a new version, together with what others saved meanwhile; and keeping it when it is not saved."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import Any, Final, cast

from textual.timer import Timer

from flowdesk.errors import InConflict, Rejected
from flowdesk.show.changes import change_lines, changes_between
from flowdesk.show.paint import Paint
from flowdesk.show.text import day_time
from flowdesk.tui import toast
from flowdesk.tui.document.basics import Change, clone
from flowdesk.tui.document.draft import Draft
from flowdesk.tui.document.drafts_store import DraftsStore, StoredDraft
from flowdesk.tui.document.merge import Merged, three_way
from flowdesk.tui.document.source import as_written
from flowdesk.tui.drafts import store_of, whose
from flowdesk.tui.modals.conflict import ConflictModal
from flowdesk.tui.modals.versions import VersionsModal
from flowdesk.tui.people import people
from flowdesk.tui.screens.editor.steps import EditorSteps

AUTOSAVE_S: Final = 2.0
_MOST_LINES: Final = 12
NEW: Final = "new"
"""Under which name the draft of a workflow without an id is kept."""


class EditorSaving(EditorSteps):
    """Everything about keeping what was typed."""

    def __init__(self, workflow_id: str | None, run_id: str | None) -> None:
        super().__init__(workflow_id, run_id)
        self.slot = workflow_id or NEW
        """Under which name the draft is kept."""
        self._autosave: Timer | None = None

    @property
    def store(self) -> DraftsStore:
        """The drafts on disk."""
        return store_of(self.flow)

    @cached_property
    def server(self) -> str:
        """Whose drafts these are. Asked for when the workflow is opened: whoever leaves has no connection any more."""
        return whose(self.flow)

    # drafts

    def after_change(self) -> None:
        """Keep the draft when a moment has passed."""
        super().after_change()
        if self._autosave is None:
            self._autosave = self.set_timer(AUTOSAVE_S, self._keep_beside)

    def _keep_beside(self) -> None:
        self._autosave = None
        self.settle()
        self.background(self._keep(), what="Keeping the draft", group="draft")

    async def _keep(self) -> None:
        draft = self.draft
        if not draft.changed:
            self.store.remove(self.server, self.slot)
            return
        trouble = await asyncio.to_thread(lambda: self.store.save(self._stored(draft)))
        if trouble is not None:
            toast.warn(self, trouble)

    def _stored(self, draft: Draft) -> StoredDraft:
        base = None if draft.base is None else dict(draft.base)
        now = self.flow.clock().isoformat()
        return StoredDraft(self.server, self.slot, now, draft.source, draft.form, draft.document, base)

    def keep_now(self) -> None:
        """Keep the draft before the screen is gone, and say so."""
        if not self.loaded:
            return
        if self._typed is not None:
            self.draft.replace_source(self._typed)
        if not self.draft.changed or self.flow.options.state_dir is None or self.flow.read_only:
            return
        trouble = self.store.save(self._stored(self.draft))
        if trouble is not None:
            toast.warn(self.app, trouble)
        else:
            toast.say(self.app, f"your changes of {self.workflow_name or 'the new workflow'} are kept as a draft")

    def restore_draft(self) -> bool:
        """Take up the draft that was left here, as one change that can be undone; False when there is none."""
        found = self.store.load(self.server, self.slot)
        if found.trouble is not None:
            toast.warn(self, found.trouble)
        stored = found.draft
        if stored is None:
            return False
        began = as_written(stored.base) if stored.base is not None else self.draft.document
        newer = self.draft.version
        draft = Draft(clone(began), base=stored.base, form=stored.form)
        if draft.source != stored.source:
            draft.replace_source(stored.source)
        if draft.problem is not None:
            draft = Draft(clone(stored.document), base=stored.base, form=stored.form)
            draft.replace_source(stored.source)
        if not draft.changed:
            return False
        self.draft = draft
        said = f"draft of {day_time(stored.saved_at)} restored; u undoes, D discards it"
        if newer is not None and newer != draft.version:
            said += f"; v{newer} was saved meanwhile, saving brings both together"
        toast.say(self, said, seconds=10)
        return True

    def action_editor_discard(self) -> None:
        """Back to what is saved; `u` brings the changes back."""
        self.settle()
        self.draft.revert()
        self.changed()
        toast.say(self, "changes discarded; u brings them back")

    # saving

    def action_editor_save(self) -> None:
        """Save as a new version."""
        self.background(self._save_asked(), what="Saving the workflow", group="save")

    async def _save_asked(self) -> None:
        await self.save()

    async def save(self) -> bool:
        """Whether the draft is saved now; if not, why was said. Only inside background work."""
        self.settle()
        why = self.refusal("editor.save")
        if why is not None:
            toast.warn(self, f"not saved: {why}")
            return False
        if not await self.may_write("Save the workflow"):
            return False
        sent = self.draft.document
        try:
            saved = await self._send(sent)
        except InConflict as error:
            if error.code != "version_conflict" or self.workflow_id is None:
                raise
            await self._bring_together(self.workflow_id)
            return False
        except Rejected as error:
            if not error.problems:
                raise
            self.problems = error.problems
            self.show_problems()
            toast.warn(self, f"not saved: {error.message}; ! goes to the first problem")
            return False
        self._saved(sent, saved)
        return True

    async def _send(self, document: dict[str, Any]) -> dict[str, Any]:
        workflows = self.live.client.workflows
        if self.workflow_id is None:
            return cast(dict[str, Any], await workflows.create(document))
        body = document if self.draft.version is None else {**document, "version": self.draft.version}
        return cast(dict[str, Any], await workflows.save(self.workflow_id, body))

    def _saved(self, sent: dict[str, Any], saved: dict[str, Any]) -> None:
        self.store.remove(self.server, self.slot)
        self.workflow_id = self.slot = saved["id"]
        still = self.draft.document is sent
        self.draft.rebase(saved, saved if still else None)
        self.changed()
        toast.say(self, f"saved as v{saved['version']}")

    # what others saved

    async def _bring_together(self, workflow_id: str) -> None:
        theirs = cast(dict[str, Any], await self.live.client.workflows.get(workflow_id))
        page, known = await asyncio.gather(
            self.live.client.workflows.versions(workflow_id, limit=1), people(self.live.client)
        )
        who = known.called(page.items[0]["savedBy"]) if page.items else "somebody"
        base, mine, came = self.draft.began, self.draft.document, as_written(theirs)
        merged = three_way(base, as_written(mine), came)
        if merged.conflicts:
            choices = await self.app.push_screen_wait(ConflictModal(merged.conflicts, who))
            if choices is None:
                toast.warn(self, f"not saved: v{theirs['version']} by {who} changed the same; your draft is as it was")
                return
            merged = three_way(base, as_written(mine), came, choices)
        elif not await self._shown_what_came(base, came, theirs["version"], who):
            toast.warn(self, f"not saved: v{theirs['version']} by {who} is newer; your draft is as it was")
            return
        self._merge(theirs, merged, mine, who)

    async def _shown_what_came(self, base: dict[str, Any], came: dict[str, Any], version: int, who: str) -> bool:
        lines = change_lines(changes_between(base, came), Paint())
        more = [f"and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else []
        question = f"{who} saved v{version} meanwhile. Take their changes into your draft?"
        return await self.confirmed(question, yes="Merge", detail="\n".join([*lines[:_MOST_LINES], *more]))

    def _merge(self, theirs: dict[str, Any], merged: Merged, mine: dict[str, Any], who: str) -> None:
        if self.draft.document is not mine:
            toast.warn(self, "you went on editing meanwhile: save again to bring both together")
            return
        self.draft.rebase(theirs, merged.document)
        self.changed()
        toast.say(self, f"merged v{theirs['version']} by {who}; save again")

    # versions

    def action_editor_versions(self) -> None:
        """What was saved before."""
        self.background(self._versions(), what="Reading the versions", group="dialog")

    async def _versions(self) -> None:
        workflow_id = self.workflow_id
        if workflow_id is None:
            return
        self.settle()
        client = self.live.client

        async def fetch(number: int) -> dict[str, Any]:
            return cast(dict[str, Any], await client.workflows.version(workflow_id, number))

        page, known = await asyncio.gather(client.workflows.versions(workflow_id), people(client))
        why = "this session is read-only; esc leaves" if self.flow.read_only else None
        modal = VersionsModal(page.items, self.draft.document, fetch, called=known.called, why_not=why)
        number = await self.app.push_screen_wait(modal)
        if number is not None and await self.may_write(f"Restore v{number}"):
            await self._restore(workflow_id, number)

    async def _restore(self, workflow_id: str, number: int) -> None:
        if self.draft.changed:
            question = f"Restore v{number} in place of your draft?"
            detail = "Your changes are not saved; u brings them back afterwards."
            if not await self.confirmed(question, yes="Restore", detail=detail):
                return
        saved = cast(dict[str, Any], await self.live.client.workflows.restore(workflow_id, number))
        if self.draft.problem is not None:
            self.draft.revert()
        body = as_written(saved)
        self.draft.edit(lambda _now: Change(body, f"Restore version {number}"))
        self.draft.rebase(saved)
        self.changed()
        toast.say(self, f"v{number} is saved again as v{saved['version']}")
