"""An error in FlowDesk itself: the person is told in words, and no value of a variable reaches the terminal."""

from __future__ import annotations

import logging

import pytest
from rich.text import Text

from flowdesk.tui.app import FlowDeskApp
from tests.tui.world import World


async def test_a_failure_is_told_in_words(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[object] = []
    really = FlowDeskApp.panic

    def panic(app: FlowDeskApp, *said: Text) -> None:
        told.extend(said)
        really(app, *said)

    monkeypatch.setattr(FlowDeskApp, "panic", panic)

    def fail(app: FlowDeskApp) -> None:
        secret = "token-of-somebody"
        raise ZeroDivisionError(len(secret))

    monkeypatch.setattr(FlowDeskApp, "action_app_help", fail)
    with caplog.at_level(logging.CRITICAL, "flowdesk.tui"), pytest.raises(ZeroDivisionError):
        async with world.shown("workflows") as (_app, pilot):
            await pilot.press("question_mark")
    (text,) = told
    assert isinstance(text, Text)
    assert "had to leave" in text.plain
    assert "Traceback" not in text.plain
    assert "ZeroDivisionError" in caplog.text, "the log has the reason"
    assert "token-of-somebody" not in text.plain
