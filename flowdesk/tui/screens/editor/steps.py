"""What can be done with the steps of the workflow, each of it undone by `u`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from flowdesk.tui import toast
from flowdesk.tui.document import arrows, edits
from flowdesk.tui.document.basics import GOOD_ID, Change, Document, Step, arrows_of, clone
from flowdesk.tui.document.removal import loose, remove
from flowdesk.tui.modals.ask import AskModal
from flowdesk.tui.modals.connect_to import ConnectToModal
from flowdesk.tui.modals.step_picker import StepPicker
from flowdesk.tui.screens.editor.checking import EditorChecking

if TYPE_CHECKING:
    from textual.app import App

_copied: Final[WeakKeyDictionary[App[Any], Step]] = WeakKeyDictionary()
"""The step that was copied, for pasting also into another workflow."""


class EditorSteps(EditorChecking):
    """The actions on the chosen step."""

    def action_editor_add(self) -> None:
        """Choose a kind of step and put it behind this one."""
        self.background(self._add(before=False), what="Adding a step", group="dialog")

    def action_editor_add_before(self) -> None:
        """The same in front of this one."""
        self.background(self._add(before=True), what="Adding a step", group="dialog")

    async def _add(self, *, before: bool) -> None:
        step = await self._pick(f"Add a step {'before' if before else 'after'} {self.chosen}" if self.chosen else "")
        if step is None:
            return
        if before and self.chosen is not None:
            self.edit(edits.add_before, self.chosen, step)
        else:
            self.edit(edits.add_after, self.chosen, step)

    async def _pick(self, title: str) -> Step | None:
        has_steps = bool(self.draft.document["steps"])
        picker = StepPicker(list(self.kinds.values()), title or "Add a step", triggers_last=has_steps)
        ref = await self.app.push_screen_wait(picker)
        return None if ref is None else edits.new_step(self.kinds[ref])

    def action_editor_branch(self) -> None:
        """A further way from this step, with a condition."""
        self.background(self._branch(), what="Adding a branch", group="dialog")

    async def _branch(self) -> None:
        source = self.chosen
        step = await self._pick(f"Add a branch to {source}")
        if step is None or source is None:
            return
        hint = "a condition such as data.amount > 100, or otherwise, or nothing: always"
        when = await self.app.push_screen_wait(AskModal("When is this branch taken?", hint=hint))
        if when is not None:
            self.edit(edits.add_branch, source, step, condition_of(when))

    def action_editor_remove(self) -> None:
        """Take the step away; what led to it leads on."""
        notes: list[str] = []

        def without(document: Document, step_id: str) -> Change:
            change = remove(document, step_id)
            notes.append(change.note)
            return change

        self.settle()
        before = self.draft.document
        if self.chosen is not None and self.edit(without, self.chosen):
            toast.say(self, "; ".join(filter(None, [self.draft.undo_what, *notes, "u undoes it"])))
            if loose_steps := loose(before, self.draft.document):
                toast.warn(self, f"nothing leads to {', '.join(loose_steps)} any more; C on another step connects")

    def action_editor_duplicate(self) -> None:
        """A copy behind this step."""
        if self.chosen is not None:
            self.edit(edits.duplicate, self.chosen)

    def action_editor_copy(self) -> None:
        """Remember the step for pasting."""
        if self.chosen is not None:
            self.settle()
            _copied[self.app] = edits.copied(self.draft.document, self.chosen)
            toast.say(self, f"copied step {self.chosen}; v pastes it, here or in another workflow")

    def action_editor_paste(self) -> None:
        """Put the copied step behind this one."""
        if self.app in _copied:
            self.edit(edits.add_after, self.chosen, clone(_copied[self.app]))

    def action_editor_rename(self) -> None:
        """Another id, said everywhere."""
        self.background(self._rename(), what="Renaming", group="dialog")

    async def _rename(self) -> None:
        old = self.chosen
        if old is None:
            return
        taken = {step["id"] for step in self.draft.document["steps"]} - {old}

        def wrong(typed: str) -> str | None:
            if not GOOD_ID.match(typed):
                return "letters, digits, _ and -, at most 64, beginning with a letter or digit"
            return f"there is a step called {typed} already" if typed in taken else None

        hint = "arrows, templates and conditions that name it are changed too"
        new = await self.app.push_screen_wait(AskModal(f"Rename {old} to", value=old, hint=hint, wrong=wrong))
        if new is not None and new != old:
            self.rename(old, new)

    def rename(self, old: str, new: str) -> bool:
        """Give a step another id, said everywhere; False when that makes no sense."""
        paths = {ref: kind["expressions"] for ref, kind in self.kinds.items() if "expressions" in kind}
        return self.edit(edits.rename, old, new, paths)

    def action_editor_connect(self) -> None:
        """Choose where this step leads."""
        self.background(self._connect(), what="Connecting", group="dialog")

    async def _connect(self) -> None:
        step = self.step
        if step is None:
            return
        source = str(step["id"])
        others = [other["id"] for other in self.draft.document["steps"] if other["id"] != source]
        wanted = await self.app.push_screen_wait(ConnectToModal(source, others, arrows_of(step)))
        if wanted is None:
            return
        if wanted.cut:
            self.edit(arrows.disconnect, source, wanted.target)
        else:
            self.edit(reconnect, source, wanted.target, wanted.condition)

    def can_paste(self) -> bool:
        """Whether a step was copied."""
        return self.app in _copied


def reconnect(document: dict[str, Any], source: str, target: str, condition: Mapping[str, Any]) -> Change:
    """Lead there under this condition only, in place of every arrow that led there."""
    found = next((step for step in document["steps"] if step["id"] == source), None)
    if found is not None and any(arrow["to"] == target for arrow in arrows_of(found)):
        document = arrows.disconnect(document, source, target).document
    return arrows.connect(document, source, target, condition)


def condition_of(typed: str) -> dict[str, Any]:
    """What was typed as the condition of an arrow."""
    if not typed:
        return {}
    return {"otherwise": True} if typed == "otherwise" else {"when": typed}
