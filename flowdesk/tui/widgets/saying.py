"""Telling a text that is told again and again, and seldom another one."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


def say(shown: Static, text: Content | str) -> None:
    """Show the text if it is another one: the same again would lay out the whole screen, for each field of a form."""
    there = shown.content
    if type(there) is not type(text) or not _same(there, text):
        shown.update(text)


def _same(there: object, text: Content | str) -> bool:
    if isinstance(there, Content) and isinstance(text, Content):
        return there.is_same(text)
    return there == text
