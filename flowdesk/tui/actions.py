"""What can be done on a screen right now: the rows of the key table bound there, each with its reason if off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from textual.fuzzy import Matcher

from flowdesk.tui import keys

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.screen import Screen

_ORDER: Final = {group: at for at, group in enumerate(("List", "Everywhere", "Areas", "Move"), start=100)}


@dataclass(slots=True, frozen=True)
class Doable:
    """One action as it stands now. `node` is where it is bound; `why_not` is None when it can be done."""

    act: keys.Act
    key: str
    node: DOMNode
    why_not: str | None

    @property
    def words(self) -> str:
        """What a search looks at."""
        return f"{self.act.group}: {self.act.title}" if self.act.group else self.act.title


def doable(screen: Screen[Any]) -> list[Doable]:
    """Every action of this screen and its focused widget, what belongs to the screen first."""
    table = keys.acts()
    found: dict[str, Doable] = {}
    for active in screen.active_bindings.values():
        act = table.get(active.binding.id or "")
        if act is None or act.id in found:
            continue
        why = None if active.enabled else _reason(active.node, screen, act.id)
        found[act.id] = Doable(act, screen.app.get_key_display(active.binding), active.node, why)
    return sorted(found.values(), key=lambda d: _ORDER.get(d.act.group, 0))


async def do(screen: Screen[Any], chosen: Doable) -> None:
    """Do it where it is bound, as its key would."""
    await screen.app.run_action(chosen.act.action, chosen.node)


def score(query: str, text: str) -> float:
    """How well the text fits what was typed; 0 when it does not. A part of the text beats scattered letters."""
    if not query:
        return 1.0
    if query.casefold() in text.casefold():
        return 10.0 + 1.0 / (1 + len(text))
    return Matcher(query).match(text)


def _reason(node: DOMNode, screen: Screen[Any], act_id: str) -> str:
    for place in (node, screen):
        refusal = getattr(place, "refusal", None)
        why = refusal(act_id) if callable(refusal) else None
        if why:
            return str(why)
    return "not possible now"
