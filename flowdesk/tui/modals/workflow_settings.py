"""What belongs to the workflow as a whole: its name, whether it is enabled, its schedule, its limits, its tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Checkbox, Input, Static

from engine.errors import Invalid
from engine.jsonio import dump_text, parse_json
from flowdesk.tui.document.basics import Change, Document, clone
from flowdesk.tui.draw.paths import GONE
from flowdesk.tui.widgets.text_fields import LineInput
from flowdesk.tui.widgets.tick import Tick

_TEXTS: Final = {
    "name": ("Name", ""),
    "description": ("Description", ""),
    "scheduleCron": ("Schedule", "none; five fields such as 0 7 * * 1-5"),
    "timezone": ("Time zone", "UTC; or such as Europe/Berlin"),
    "timeoutMs": ("Longest run", "milliseconds; none: as the server has it"),
    "maxParallel": ("Steps at once", "at most so many in one run; none: no limit"),
    "finally": ("Finally", "steps at the end however it ends, separated by commas"),
    "finallyTimeoutMs": ("Longest clean-up", "milliseconds; 600000 when not given"),
    "onFailure": ("On failure", "the id of a workflow that is run then"),
    "concurrency": ("Runs at once", '{"limit": 1, "strategy": "queue"}'),
    "rate": ("Rate", '{"limit": 10, "windowMs": 60000}'),
    "dedupe": ("Dedupe", '{"key": "{{id}}", "windowMs": 60000}'),
    "debounce": ("Debounce", '{"delayMs": 5000}'),
    "inputs": ("Inputs", "a JSON Schema of the data it begins with"),
    "outputs": ("Outputs", '{"total": "data.total"}'),
    "tags": ("Tags", "separated by commas"),
}
_NUMBERS: Final = frozenset({"timeoutMs", "maxParallel", "finallyTimeoutMs"})
_LISTS: Final = frozenset({"finally", "tags"})
_OBJECTS: Final = frozenset({"concurrency", "rate", "dedupe", "debounce", "inputs", "outputs"})


class WorkflowSettingsModal(ModalScreen[dict[str, Any] | None]):
    """Gives the values that were changed, GONE for those taken away; None when left."""

    DEFAULT_CSS = """
    WorkflowSettingsModal .dialog { width: 84; height: auto; max-height: 100%; overflow-y: auto; }
    WorkflowSettingsModal Horizontal { height: 1; }
    WorkflowSettingsModal .label { width: 17; }
    WorkflowSettingsModal Input { width: 1fr; border: none; height: 1; padding: 0 1; background: $boost; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back"),
        Binding("ctrl+s", "take", "Take over", priority=True),
    ]

    def __init__(self, document: Mapping[str, Any], why_not: str | None = None) -> None:
        super().__init__()
        self._document, self._why_not = document, why_not
        self._shown = {key: _text(key, document.get(key)) for key in _TEXTS}

    def compose(self) -> ComposeResult:
        """A line for each."""
        with Vertical(classes="dialog"):
            yield Static(Text("Workflow settings", style="bold"), markup=False)
            for key, (title, hint) in _TEXTS.items():
                with Horizontal():
                    yield Static(Text(title), classes="label", markup=False)
                    yield LineInput(self._shown[key], placeholder=hint, id=key, compact=True)
            on = self._document.get("enabled") is not False
            yield Tick(Content("enabled: triggers and schedule start it"), on, id="enabled", compact=True)
            yield Static("", id="wrong", classes="problem", markup=False)
            hint = self._why_not or "enter or ctrl+s takes over, esc leaves; saved with the workflow"
            yield Static(Text(hint), classes="hint", markup=False)

    def on_mount(self) -> None:
        """Begin with the name."""
        self.query_one("#name", Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter takes over."""
        event.stop()
        self.action_take()

    def action_take(self) -> None:
        """Give what was changed."""
        if self._why_not is not None:
            return
        changed: dict[str, Any] = {}
        for key, before in self._shown.items():
            typed = self.query_one(f"#{key}", Input).value
            if typed == before:
                continue
            wrong = _wrong(key, typed.strip())
            if wrong is not None:
                self.query_one("#wrong", Static).update(Text(f"{_TEXTS[key][0]}: {wrong}"))
                self.query_one(f"#{key}", Input).focus()
                return
            changed[key] = _value(key, typed)
        enabled = self.query_one("#enabled", Checkbox).value
        if enabled is not (self._document.get("enabled") is not False):
            changed["enabled"] = enabled
        self.dismiss(changed)

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss(None)


def with_settings(document: Document, values: Mapping[str, Any]) -> Change:
    """The document with these values; GONE takes one away."""
    changed = clone(document)
    for key, value in values.items():
        if value is GONE:
            changed.pop(key, None)
        else:
            changed[key] = value
    return Change(changed, "Change the workflow's settings")


def _text(key: str, value: Any) -> str:
    if key in _LISTS and isinstance(value, list):
        return ", ".join(map(str, value))
    if value is None or isinstance(value, str):
        return value or ""
    return dump_text(value)


def _wrong(key: str, text: str) -> str | None:
    """What is wrong with a text before anybody else looks at it; the server checks the rest."""
    if not text:
        return None
    if key in _NUMBERS and not (text.isascii() and text.isdecimal()):
        return "a whole number"
    if key in _OBJECTS:
        try:
            found = parse_json(text.encode())
        except Invalid as error:
            return f"JSON, {error.message}"
        if not isinstance(found, dict):
            return 'a JSON object, such as {"limit": 1}'
    return None


def _value(key: str, typed: str) -> Any:
    text = typed.strip()
    if key in _LISTS:
        return [tag.strip() for tag in text.split(",") if tag.strip()]
    if key in ("name", "description"):
        return text
    if not text:
        return GONE
    if key in _OBJECTS:
        return parse_json(text.encode())
    return int(text) if key in _NUMBERS else text
