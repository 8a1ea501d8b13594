"""One field: its name, what is typed, and below it the problem, the preview or the explanation."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Select, Static, TextArea

from flowdesk.clean import clean
from flowdesk.tui.draw.field_values import Mode, Unreadable, fault, mode_of, placeholder, text_of, value_of
from flowdesk.tui.draw.form_shapes import GROUPS
from flowdesk.tui.draw.paths import GONE, Path, path_text
from flowdesk.tui.draw.schema_fields import Field
from flowdesk.tui.widgets.form.completing import Completing
from flowdesk.tui.widgets.form.draft import Draft, Edited
from flowdesk.tui.widgets.saying import say
from flowdesk.tui.widgets.text_fields import AreaInput, LineInput
from flowdesk.tui.widgets.tick import Tick


class FieldRow(Completing):
    """A field of any kind. `detached` leaves keeping the value to whoever hears Edited; `late` sends it on leaving.

    `start` is what stands here when the draft has nothing.
    """

    DEFAULT_CSS = """
    FieldRow { height: auto; }
    FieldRow > .label { dock: left; width: 18; height: auto; padding-right: 1; }
    FieldRow.-bare > .label { display: none; }
    FieldRow > .note { height: auto; display: none; }
    FieldRow.-noted > .note { display: block; }
    FieldRow > Input { background: $surface; padding: 0 1; }
    FieldRow > AreaInput { height: auto; min-height: 1; max-height: 12; background: $surface; padding: 0 1; }
    FieldRow > Checkbox { width: auto; }
    FieldRow.-wrong > .label { color: $text-error; }
    """
    HELP = "Type a value. `{{` offers what the step can see; `ctrl+t` shows the value as JSON, `ctrl+e` in $EDITOR."

    class Flip(Message):
        """A field that stands for a whole group is to be drawn as fields again."""

    def __init__(
        self,
        draft: Draft,
        path: Path,
        field: Field,
        *,
        bare: bool = False,
        detached: bool = False,
        late: bool = False,
        start: Any = GONE,
    ) -> None:
        super().__init__(classes="-bare" if bare else "")
        self.draft, self.path, self.field = draft, path, field
        held = draft.get(path)
        self.value = start if held is GONE else held
        self.mode: Mode = mode_of(field, self.value)
        self.text = text_of(self.value, self.mode)
        self.wrong: str | None = None
        self.unreadable = False
        """Whether what is typed is no JSON, so that the value is still the one before."""
        self._detached, self._late = detached, late

    @property
    def place(self) -> str:
        """The path as problems name it."""
        return path_text(self.path)

    def compose(self) -> ComposeResult:
        """Label, control, note."""
        title = clean(self.field.title) + (" *" if self.field.required and not self.has_class("-bare") else "")
        yield Static(Content(title), classes="label", markup=False)
        yield self._control()
        yield Static("", classes="note", markup=False)

    def on_mount(self) -> None:
        """What is known already is said."""
        self.renote()

    def _control(self) -> Widget:
        if self.mode == "line":
            secret = self.field.kind == "secret" and "{{" not in self.text
            return LineInput(self.text, placeholder=placeholder(self.field), password=secret, compact=True)
        if self.mode in ("area", "json"):
            return AreaInput(self.text, placeholder=placeholder(self.field), compact=True, highlight_cursor_line=False)
        if self.mode == "check":
            on = self.value is True or (self.value is GONE and self.field.default is True)
            return Tick(_yes(on), value=on, compact=True)
        options = [(Content(clean(text_of(choice, "line"))), at) for at, choice in enumerate(self._choices())]
        chosen = next((at for at, choice in enumerate(self._choices()) if choice == self.value), Select.NULL)
        blank = not self.field.required or chosen is Select.NULL
        hint = placeholder(self.field) or "not set"
        prompt = "the default" if "[" in hint else hint  # a prompt is read as markup
        return Select(options, prompt=prompt, allow_blank=blank, value=chosen, compact=True)

    def _choices(self) -> tuple[Any, ...]:
        return (True, False) if self.field.kind == "boolean" else self.field.choices

    # what the controls say

    def on_input_changed(self, event: Input.Changed) -> None:
        """Something was typed into a line."""
        event.stop()
        if self.field.kind == "secret":
            event.input.password = "{{" not in event.value
        self._typed(event.value)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Something was typed into an area."""
        event.stop()
        self._typed(event.text_area.text)

    def on_select_changed(self, event: Select.Changed) -> None:
        """A choice was made."""
        event.stop()
        value = self._choices()[event.value] if isinstance(event.value, int) else GONE
        if value != self.value:
            self._set(value)

    def on_checkbox_changed(self, event: Checkbox.Changed) -> None:
        """Switched on or off; what only shows the default is not touched."""
        event.stop()
        event.checkbox.label = _yes(event.value)
        if self.value is not GONE or event.value is not (self.field.default is True):
            self._set(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter keeps what a late field waits with."""
        event.stop()
        self._keep_late()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The explanation is shown while the field is edited."""
        self.renote()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Leaving closes the suggestions."""
        self.close_suggestions()
        self._keep_late()
        self.renote()

    def _typed(self, text: str) -> None:
        if text == self.text:
            return
        self.text = text
        try:
            value = value_of(self.field, text, self.mode)
        except Unreadable as error:
            self.unreadable, self.wrong = True, str(error)
            self.renote()
        else:
            self.unreadable = False
            self._set(value)
        self.suggest(not self._late)

    def _set(self, value: Any) -> None:
        self.wrong = fault(self.field, value)
        if not self._late:
            self._keep(value)
        self.renote()

    def _keep_late(self) -> None:
        if self._late and self.wrong is None:
            self._keep(value_of(self.field, self.text, self.mode))

    def _keep(self, value: Any) -> None:
        if type(value) is type(self.value) and value == self.value:
            return
        self.value = value
        self.draft.problems.pop(self.place, None)
        if not self._detached:
            self.draft.put(self.path, value)
        self.post_message(Edited(self, self.path, value))

    # what others do to it

    def put_text(self, text: str) -> None:
        """Type this instead of what is there, as coming back from $EDITOR does."""
        control = self.control_widget
        if isinstance(control, LineInput):
            control.value = "".join(char for char in text.rstrip("\n") if char.isprintable())
        elif isinstance(control, AreaInput):
            control.replace(text, (0, 0), control.document.end)

    async def flip(self) -> None:
        """Between the field's own form and JSON text."""
        if self.unreadable:
            return
        if self.field.kind in GROUPS:
            self.post_message(self.Flip())
            return
        usual = mode_of(self.field, self.value)
        self.mode = "json" if self.mode != "json" else usual
        self.text = text_of(self.value, self.mode)
        await self.recompose()
        self.renote()
        self.control_widget.focus()

    def renote(self) -> None:
        """Say what there is to say below the field."""
        if not self.is_mounted:
            return
        notes = self._notes()
        self.set_class(bool(notes), "-noted")
        self.set_class(bool(self.wrong or self.draft.problems.get(self.place)), "-wrong")
        for note in self.query(".note").results(Static):
            say(note, Content("\n").join(notes))

    def _notes(self) -> list[Content]:
        problems = [self.wrong] if self.wrong else self.draft.problems.get(self.place, [])
        signs = self.draft.signs
        notes = [Content.assemble((f"{signs.problem} {clean(problem)}", "$text-error")) for problem in problems]
        preview = self.draft.previews.get(self.place)
        if preview is not None and "{{" in self.text:
            if preview.error and preview.error not in problems:
                notes.append(Content.assemble((f"{signs.preview} {clean(preview.error)}", "$text-error")))
            elif preview.text is not None:
                source = f"  from {clean(self.draft.source)}" if self.draft.source else ""
                notes.append(Content.assemble(f"{signs.preview} {clean(preview.text)}", (source, "$text-muted")))
        if self.has_pseudo_class("focus-within") and self.field.description:
            notes.append(Content.assemble((clean(self.field.description.replace("\n", " ")), "$text-muted")))
        return notes


def _yes(on: bool) -> Content:
    """The state in a word, since a cross in another colour is none."""
    return Content("yes" if on else "no")
