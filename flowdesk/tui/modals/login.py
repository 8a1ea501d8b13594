"""Who are you? Asked only where a server wants to know."""

from __future__ import annotations

import os
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Checkbox, Input, Static

from flowdesk.clean import clean
from flowdesk.errors import ClientError
from flowdesk.launch import Connection
from flowdesk.renewal import SessionRenewal
from flowdesk.tui import toast
from flowdesk.tui.remembering import remember_login
from flowdesk.tui.tasks import task
from flowdesk.tui.widgets.text_fields import LineInput
from flowdesk.tui.widgets.tick import Tick

_NO_ACCOUNT: Final = "esc leaves. No account yet: flowdesk login ADDRESS --register makes one where that is open."


class LoginModal(ModalScreen[str | None]):
    """Gives a token, or None when the person would rather leave. `renewal` renews one that is kept nowhere."""

    DEFAULT_CSS = """
    LoginModal .dialog { width: 70; height: auto; padding: 0 2; }
    LoginModal Horizontal { height: 1; }
    LoginModal Horizontal Static { width: 10; }
    LoginModal Input { width: 1fr; border: none; height: 1; padding: 0 1; background: $boost; }
    LoginModal Input:focus { background: $panel; }
    LoginModal #who { margin-top: 1; }
    LoginModal #trouble { color: $text-error; height: auto; }
    LoginModal .hint { height: auto; }
    LoginModal Checkbox { margin: 1 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    def __init__(self, connection: Connection, trouble: str = "") -> None:
        super().__init__()
        self._connection = connection
        self._trouble = trouble
        self.renewal: SessionRenewal | None = None

    def compose(self) -> ComposeResult:
        """Address, account, password."""
        with Vertical(classes="dialog"):
            yield Static(Text(f"Log in to {clean(self._connection.target.url)}", style="bold"), markup=False)
            with Horizontal(id="who"):
                yield Static(Text("E-mail"), markup=False)
                yield LineInput(id="email", compact=True)
            with Horizontal():
                yield Static(Text("Password"), markup=False)
                yield Input(id="password", password=True, compact=True)
            yield Tick(Content("remember (in a file only you can read)"), value=True, id="remember", compact=True)
            yield Static(Text(clean(self._trouble)), id="trouble", markup=False)
            yield Button("Log in (enter)", id="go", variant="primary", compact=True)
            yield Static(Text(_NO_ACCOUNT), classes="hint", markup=False)

    def on_mount(self) -> None:
        """Begin to type."""
        self.query_one("#email", Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on to the password, then logs in."""
        if event.input.id == "email":
            self.query_one("#password", Input).focus()
        else:
            self._begin()

    def on_button_pressed(self) -> None:
        """The same with the mouse."""
        self._begin()

    def action_leave(self) -> None:
        """Not now."""
        self.dismiss(None)

    def _begin(self) -> None:
        task(self, self._log_in(), what="Logging in", group="login", exclusive=True)

    async def _log_in(self) -> None:
        email, password = self.query_one("#email", Input).value, self.query_one("#password", Input).value
        trouble = self.query_one("#trouble", Static)
        trouble.update(Text("one moment…"))
        try:
            session = await self._connection.client.login(email, password)
        except ClientError as error:
            trouble.update(Text(clean(toast.reason(error))))
            self.query_one("#password", Input).focus()
            return
        if self.query_one("#remember", Checkbox).value:
            remember_login(self._connection.target, session, email, os.environ)
        elif "refreshToken" in session:
            self.renewal = SessionRenewal(self._connection.target.url, session["refreshToken"])
        self.dismiss(session["token"])
