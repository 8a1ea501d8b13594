"""Choosing a kind of step: by family, or by typing a few letters of what it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from engine.jsonio import dump_text
from flowdesk.clean import clean, escape_json
from flowdesk.replies import StepKind
from flowdesk.tui import keys
from flowdesk.tui.actions import score
from flowdesk.tui.draw.fit import cut, fit
from flowdesk.tui.draw.schema_fields import Field, fields_of
from flowdesk.tui.widgets.text_fields import LineInput

_REF_COLUMNS: Final = 18
_TITLE_COLUMNS: Final = 16
_EFFECTS: Final = {
    "pure": "pure: repeating it costs nothing",
    "idempotent": "idempotent: repeating it does no harm",
    "once": "once: it must not happen twice",
}


class StepPicker(ModalScreen[str | None]):
    """Gives the ref of the chosen kind, or None."""

    DEFAULT_CSS = """
    StepPicker .dialog { width: 116; height: 30; }
    StepPicker .title { height: 1; text-style: bold; }
    StepPicker Input { border: none; height: 1; padding: 0; background: $surface; }
    StepPicker Horizontal { height: 1fr; }
    StepPicker OptionList { width: 46; height: 1fr; border: none; background: $surface; padding: 0; }
    StepPicker VerticalScroll { width: 1fr; height: 1fr; padding-left: 2; }
    StepPicker .about { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("picker")]
    HELP = "Type letters of the name or of what the step does; `enter` takes the highlighted one."

    def __init__(self, kinds: Sequence[StepKind], title: str = "Add a step", *, triggers_last: bool = False) -> None:
        super().__init__()
        self._kinds = sorted(
            kinds, key=lambda kind: (triggers_last and kind["kind"] == "TRIGGER", _family(kind), kind["ref"])
        )
        self._title = title
        self.offered: list[StepKind] = []
        """The kinds that fit what was typed, in the order of the list."""

    def compose(self) -> ComposeResult:
        """Title, a line to type in, the kinds left, the highlighted one right."""
        with Vertical(classes="dialog"):
            yield Static(Content(clean(self._title)), classes="title", markup=False)
            yield LineInput(placeholder="what should it do?", compact=True)
            with Horizontal():
                yield OptionList()
                with VerticalScroll(can_focus=False):
                    yield Static(classes="about", markup=False)

    def on_mount(self) -> None:
        """Offer everything."""
        self.query_one(Input).focus()
        self._offer("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow."""
        event.stop()
        self._offer(event.value.strip())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the highlighted one."""
        event.stop()
        self._take()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Tell more about it."""
        event.stop()
        found = self._by_id(event.option_id)
        self.query_one(".about", Static).update(about(found) if found else "")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click takes it."""
        event.stop()
        self._take()

    def action_picker_next(self) -> None:
        """Down, while the focus stays in the line."""
        self.query_one(OptionList).action_cursor_down()

    def action_picker_previous(self) -> None:
        """Up."""
        self.query_one(OptionList).action_cursor_up()

    def action_picker_leave(self) -> None:
        """Choose nothing."""
        self.dismiss(None)

    def _take(self) -> None:
        options = self.query_one(OptionList)
        if options.highlighted is not None:
            found = self._by_id(options.get_option_at_index(options.highlighted).id)
            if found is not None:
                self.dismiss(found["ref"])

    def _by_id(self, option_id: str | None) -> StepKind | None:
        return next((kind for kind in self.offered if kind["ref"] == option_id), None)

    def _offer(self, typed: str) -> None:
        scored = [(_points(typed, kind), kind) for kind in self._kinds]
        kept = [(points, kind) for points, kind in scored if points > 0]
        if typed:
            kept.sort(key=lambda pair: -pair[0])
        self.offered = [kind for _points_, kind in kept]
        options = self.query_one(OptionList)
        options.clear_options()
        family = ""
        for kind in self.offered:
            if not typed and _family(kind) != family:
                family = _family(kind)
                options.add_option(Option(Content.assemble((clean(family), "bold $text-muted")), disabled=True))
            options.add_option(Option(_line(kind), id=kind["ref"]))
        options.highlighted = None
        options.action_cursor_down()
        if not self.offered:
            self.query_one(".about", Static).update(Text("No step does that. A plugin may bring one."))


def about(kind: StepKind) -> Content:
    """Everything about a kind: what it does, its parameters, an example."""
    parts = [
        Content.assemble((clean(kind["title"]), "bold"), (f"  {clean(kind['ref'])}", "$text-muted")),
        Content(clean(kind["description"].replace("\n", " "))),
        Content.assemble((_EFFECTS.get(kind["effect"], clean(kind["effect"])), "$text-muted")),
    ]
    fields = fields_of(kind["params"])
    if fields:
        parts += [Content(""), Content.assemble(("Parameters", "bold")), *(_parameter(field) for field in fields)]
    if kind["examples"] and kind["examples"][0].get("params"):
        lines = dump_text(kind["examples"][0]["params"], pretty=True)
        parts += [Content(""), Content.assemble(("Example", "bold"))]
        parts += [Content(clean(line)) for line in escape_json(lines).split("\n")]
    return Content("\n").join(parts)


def _parameter(field: Field) -> Content:
    name = clean(field.key) + ("*" if field.required else "")
    return Content.assemble(fit(name, _REF_COLUMNS), (cut(clean(field.description.split("\n")[0]), 60), "$text-muted"))


def _line(kind: StepKind) -> Content:
    title = fit(clean(kind["title"]), _TITLE_COLUMNS)
    return Content.assemble(
        fit(clean(kind["ref"]), _REF_COLUMNS), (title, "$text-muted"), (cut(clean(kind["effect"]), 10), "$text-muted")
    )


def _family(kind: StepKind) -> str:
    return "Triggers" if kind["kind"] == "TRIGGER" else kind["ref"].partition(".")[0]


def _points(typed: str, kind: StepKind) -> float:
    """The name counts most, then the title, then the description; scattered letters only count in name and title."""
    if not typed:
        return 1.0
    first = kind["description"].split("\n", 1)[0]
    mentioned = 2.0 if typed.casefold() in first.casefold() else 0.0
    named = score(typed, kind["ref"]) * 1.1
    return max(named, score(typed, kind["title"]), mentioned)
