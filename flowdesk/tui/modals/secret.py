"""A new secret, or another value for one. What is typed as a value goes to the server and nowhere else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Select, Static

from flowdesk.clean import clean
from flowdesk.errors import ApiError, ClientError
from flowdesk.secret_replies import SecretDoc
from flowdesk.tui import toast
from flowdesk.tui.modals.secret_fields import FIELDS, KINDS, Kept, SecretField, document_of, kept_as, missing, shown
from flowdesk.tui.tasks import task
from flowdesk.tui.widgets.text_fields import LineInput, SecretInput

Save = Callable[[str, dict[str, Any]], Awaitable[SecretDoc]]
_AGAIN = "Client secret and parameters are not shown. When a line of the connection changes, give them again."


class SecretModal(ModalScreen[SecretDoc | None]):
    """Gives the secret as it was saved, None when left. A refusal is shown here, and what was typed stays."""

    DEFAULT_CSS = """
    SecretModal .dialog { width: 84; height: auto; }
    SecretModal .row { height: 1; }
    SecretModal .label { width: 16; }
    SecretModal Input { width: 1fr; border: none; height: 1; padding: 0 1; background: $boost; }
    SecretModal Input:focus { background: $panel; }
    SecretModal Select { width: 1fr; }
    SecretModal .problem, SecretModal .hint { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back"),
        Binding("ctrl+s", "take", "Save", priority=True),
    ]

    def __init__(self, save: Save, before: SecretDoc | None = None) -> None:
        super().__init__()
        self._save, self._before = save, before
        self._shown = shown(before)

    def compose(self) -> ComposeResult:
        """A line for each; only those that go with the chosen kind are seen."""
        title = "New secret" if self._before is None else f"Replace the value of {clean(self._before['name'])}"
        with Vertical(classes="dialog"):
            yield Static(Text(title, style="bold"), markup=False)
            for field in FIELDS:
                if field.key == "value":
                    with Horizontal(classes="row"):
                        yield Static(Text("Kind"), classes="label", markup=False)
                        kinds = [(words, kept) for kept, words in KINDS.items()]
                        yield Select(kinds, allow_blank=False, value=kept_as(self._before), compact=True, id="kept")
                with Horizontal(id=f"row-{field.key}", classes="row"):
                    yield Static(Text(field.title), classes="label", markup=False)
                    yield self._line(field)
            yield Static("", id="wrong", classes="problem", markup=False)
            yield Static("", id="note", classes="hint", markup=False)
            yield Static(Text("enter or ctrl+s saves, esc leaves"), classes="hint", markup=False)

    def _line(self, field: SecretField) -> Input:
        if field.hidden:
            kept = self._before is not None and field.part_of == kept_as(self._before) == "value"
            return SecretInput(placeholder="empty: as it is" if kept else field.hint, id=field.key, compact=True)
        return LineInput(self._shown[field.key], placeholder=field.hint, id=field.key, compact=True)

    def on_mount(self) -> None:
        """Begin where something is to be typed."""
        if self._before is not None:
            self.query_one("#row-name").display = False
        self._show_kind()
        self._focus_first()

    def _focus_first(self) -> None:
        first = {"value": "value", "source": "source", "connection": "authorizeUrl"}[self._kept]
        self.query_one("#name" if self._before is None else f"#{first}").focus()

    @property
    def _kept(self) -> Kept:
        return cast(Kept, self.query_one("#kept", Select).value)

    def on_select_changed(self, event: Select.Changed) -> None:
        """Another kind has other lines."""
        event.stop()
        self._show_kind()

    def _show_kind(self) -> None:
        kept = self._kept
        for field in FIELDS:
            if field.part_of is not None:
                self.query_one(f"#row-{field.key}").display = field.part_of == kept
        again = kept == "connection" and kept_as(self._before) == kept
        self.query_one("#note", Static).update(Text(_AGAIN if again else ""))
        self.query_one("#note").display = again

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter saves."""
        event.stop()
        self.action_take()

    def action_take(self) -> None:
        """Save it, when what is needed is there."""
        typed = {field.key: self.query_one(f"#{field.key}", Input).value for field in FIELDS}
        lacking = missing(self._kept, typed, self._before)
        if lacking is not None:
            self._refuse(f"{lacking.title} is missing", lacking.key)
            return
        document = document_of(self._kept, typed, self._before)
        if self._before is not None and not document:
            self.dismiss(None)
            return
        work = self._send(typed["name"].strip(), document)
        task(self, work, what="Saving the secret", group="save", exclusive=True)

    async def _send(self, name: str, document: dict[str, Any]) -> None:
        self._refuse("one moment…")
        try:
            secret = await self._save(name, document)
        except ClientError as error:
            self._refuse(*_why(error))
            return
        for line in self.query(SecretInput):
            line.clear()
        self.dismiss(secret)

    def _refuse(self, why: str, key: str | None = None) -> None:
        self.query_one("#wrong", Static).update(Text(clean(why)))
        if key is not None:
            self.query_one(f"#{key}").focus()

    def action_leave(self) -> None:
        """Not now; what was typed is forgotten."""
        for line in self.query(SecretInput):
            line.clear()
        self.dismiss(None)


def _why(error: ClientError) -> tuple[str, str | None]:
    """Why the server refused, and the line that is to blame."""
    titles = {field.key: field.title for field in FIELDS}
    problems = error.problems if isinstance(error, ApiError) else []
    told: list[str] = []
    first: str | None = "name" if error.code == "name_taken" else None
    for problem in problems:
        parts = (problem.field or "").replace("[", ".").split(".")
        key = next((part for part in parts if part in titles), None)
        first = first or key
        told.append(f"{titles[key]}: {problem.message}" if key is not None else problem.message)
    return ("; ".join(told) or toast.reason(error)), first
