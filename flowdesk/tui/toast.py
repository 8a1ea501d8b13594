"""The short messages in the corner. The only caller of `notify`: text is cleaned and never parsed as markup."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, Literal
from weakref import WeakKeyDictionary

from engine.errors import FlowDeskError
from flowdesk.clean import clean

if TYPE_CHECKING:
    from textual.app import App
    from textual.dom import DOMNode

_LONGEST: Final = 400
_SHOWN_S: Final = 5.0
_SHOWN_BAD_S: Final = 10.0
_SAME_S: Final = 2.0
"""Within this time the same words are one message: ten failing rows are not ten toasts."""
_said: Final[WeakKeyDictionary[App[Any], dict[str, float]]] = WeakKeyDictionary()


def say(node: DOMNode, text: str, *, seconds: float = _SHOWN_S) -> None:
    """Something that happened as wanted."""
    _show(node, text, "information", seconds)


def warn(node: DOMNode, text: str) -> None:
    """Something that did not happen, or that needs attention."""
    _show(node, text, "warning", _SHOWN_BAD_S)


def fail(node: DOMNode, what: str, error: BaseException) -> None:
    """`what` ("Saving the workflow") did not succeed, and why."""
    _show(node, f"{what} failed: {reason(error)}", "error", _SHOWN_BAD_S)


def reason(error: BaseException) -> str:
    """Why something failed, in words for its user: never a traceback, and the hint when there is one."""
    if isinstance(error, FlowDeskError):
        return f"{error.message} ({error.hint})" if error.hint else error.message
    return f"an error in FlowDesk itself ({type(error).__name__}); its log has the details"


def _show(node: DOMNode, text: str, severity: Literal["information", "warning", "error"], seconds: float) -> None:
    shown = clean(text)
    if len(shown) > _LONGEST:
        shown = shown[: _LONGEST - 1] + "…"
    now = time.monotonic()
    said = _said.setdefault(node.app, {})
    for old in [words for words, at in said.items() if now - at > _SAME_S]:
        del said[old]
    if shown in said:
        return
    said[shown] = now
    node.app.notify(shown, severity=severity, timeout=seconds, markup=False)
