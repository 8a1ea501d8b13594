"""The one workflow document that map, form and source show and change, with one line of undo."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Concatenate, ParamSpec

from engine.errors import Problem
from flowdesk.exporting import Format, as_text
from flowdesk.replies import ChangeDoc
from flowdesk.same import same_json
from flowdesk.show.changes import changes_between
from flowdesk.tui.document.basics import Change, Document, EditRefused, clone
from flowdesk.tui.document.history import History
from flowdesk.tui.document.source import Reading, as_written, editable, read, write

P = ParamSpec("P")


class _State:
    """A document and the text that says it, which is written only when somebody looks: that takes long."""

    def __init__(self, document: Document, form: Format, origin: str, reading: Reading | None = None) -> None:
        self.document = document
        self.form = form
        self.origin = origin
        self._reading = reading

    @property
    def reading(self) -> Reading:
        """The text, with where things stand in it."""
        if self._reading is None:
            self._reading = read(write(self.origin, self.document, self.form), self.form)
        return self._reading

    @property
    def is_written(self) -> bool:
        """Whether the text is there already."""
        return self._reading is not None

    @property
    def latest_text(self) -> str:
        """The newest text that exists already, from which the next is made."""
        return self.origin if self._reading is None else self._reading.text

    @property
    def problem(self) -> Problem | None:
        """What is wrong with a text that was typed; one written here parses."""
        return None if self._reading is None else self._reading.problem


class Draft:
    """A document being edited. Its edits raise EditRefused while the source does not parse.

    `base` is the saved document it started from, None for one never saved. `version` is that of the base.
    """

    def __init__(
        self,
        document: Document,
        *,
        base: Document | None = None,
        source: str | None = None,
        form: Format = "yaml",
    ) -> None:
        self.base = None if base is None else clone(base)
        self.began = _body(as_written(base or {}))
        """The base as it is edited: everything that differs from this is a change."""
        body = _body(document)
        text = as_text(body, form) if source is None else source
        self._history = History(_State(body, form, text))
        self.selected: str | None = None
        if source is not None:
            reading = read(source, form)
            self._history = History(_State(reading.document or body, form, text, reading))

    @classmethod
    def of_saved(cls, saved: Document, *, form: Format = "yaml") -> Draft:
        """A draft without changes of a saved workflow."""
        return cls(as_written(saved), base=saved, form=form)

    @property
    def version(self) -> int | None:
        """The version of the saved document this started from."""
        found = (self.base or {}).get("version")
        return found if isinstance(found, int) else None

    @property
    def document(self) -> Document:
        """The document; the last that could be read while the source does not parse. Not to be changed in place."""
        return self._history.state.document

    @property
    def source_ready(self) -> bool:
        """Whether `source` and `reading` are there at once. If not, ask for `reading` in a thread.

        Writing takes some 2 ms for each step: 40 ms for 20 steps, 600 ms for 300, measured.
        """
        return self._history.state.is_written

    @property
    def form(self) -> Format:
        """The language of the source."""
        return self._history.state.form

    @property
    def source(self) -> str:
        """The text, exactly as typed. Written anew after an edit elsewhere, which takes long for long documents."""
        return self.reading.text

    @property
    def reading(self) -> Reading:
        """The text with the lines of steps and problems."""
        return self._history.state.reading

    @property
    def problem(self) -> Problem | None:
        """What keeps the source from being a document, with its line; map and form are read-only meanwhile."""
        return self._history.state.problem

    @property
    def changed(self) -> bool:
        """Whether there is something to save: the document says something else, or there is text that does not parse.

        A default that is written down says what it said before.
        """
        return self.problem is not None or self.base is None or not same_json(self.began, as_written(self.document))

    def changes(self) -> list[ChangeDoc]:
        """The differences to the base, by step."""
        return changes_between(self.began, as_written(self.document))

    @property
    def undo_what(self) -> str | None:
        """What the next undo takes back."""
        return self._history.undo_what

    @property
    def redo_what(self) -> str | None:
        """What the next redo does again."""
        return self._history.redo_what

    def undo(self) -> str | None:
        """Take the last edit back, wherever it was made; says which, None when there is none."""
        return self._history.undo()

    def redo(self) -> str | None:
        """Do again what was taken back; says what, None when there is nothing."""
        return self._history.redo()

    def checkpoint(self) -> None:
        """Typing from here on is undone on its own: call it when a field is left, or after a pause."""
        self._history.checkpoint()

    def edit(self, make: Callable[Concatenate[Document, P], Change], *args: P.args, **kwargs: P.kwargs) -> str | None:
        """Do one of the edits: `draft.edit(remove, "greet")`. Gives the step to stand on."""
        return self._take(self._make(make, *args, **kwargs), None)

    def type(
        self, field: Hashable, make: Callable[Concatenate[Document, P], Change], *args: P.args, **kwargs: P.kwargs
    ) -> str | None:
        """The same for a letter typed into a field: all of one field in a row are undone at once."""
        return self._take(self._make(make, *args, **kwargs), ("field", field))

    def replace_source(self, text: str, reading: Reading | None = None) -> None:
        """The source as it is now, with its reading if it was read elsewhere. Typing in one line is undone at once."""
        now = self._history.state
        if text == now.latest_text and now.problem is None and text == now.reading.text:
            return
        found = reading if reading is not None and reading.text == text else read(text, self.form)
        state = _State(found.document or now.document, self.form, text, found)
        self._history.record(state, "Edit the source", joins=("source", text.count("\n")))

    def show_as(self, form: Format) -> None:
        """Write the source in the other language. Comments are YAML's, so JSON goes without; undo brings them back."""
        if form == self.form:
            return
        self._refuse_broken()
        state = _State(self.document, form, as_text(self.document, form))
        self._history.record(state, f"Show the source as {form.upper()}")

    def rebase(self, saved: Document, merged: Document | None = None) -> None:
        """Start from another saved document: after saving, or with what was merged from it."""
        self.base = clone(saved)
        self.began = _body(as_written(saved))
        if merged is not None and not same_json(as_written(merged), as_written(self.document)):
            self._take(Change(as_written(merged), f"Take over version {saved.get('version', '')}".rstrip()), None)

    def revert(self) -> None:
        """Go back to the base; can be undone as everything else."""
        body = clone(self.began)
        self._history.record(_State(body, self.form, as_text(body, self.form)), "Discard all changes")

    def _make(self, make: Callable[Concatenate[Document, P], Change], *args: P.args, **kwargs: P.kwargs) -> Change:
        self._refuse_broken()
        return make(self.document, *args, **kwargs)

    def _take(self, change: Change, joins: Hashable | None) -> str | None:
        now = self._history.state
        if not same_json(now.document, change.document):
            self._history.record(_State(change.document, self.form, now.latest_text), change.what, joins=joins)
        self.selected = change.step
        return change.step

    def _refuse_broken(self) -> None:
        problem = self.problem
        if problem is not None:
            where = f"line {problem.line}: " if problem.line else ""
            raise EditRefused(f"the source does not parse: {where}{problem.message}", hint="put it right, or undo")


def _body(document: Document) -> Document:
    """What of a document is edited: with a list of steps, where it stood or else at the end."""
    body = editable(clone(document))
    body.setdefault("steps", [])
    return body
