"""Exit codes of `flowdesk`; stable, so that scripts can rely on them. docs/cli.md prints this table."""

from __future__ import annotations

from enum import IntEnum

from flowdesk.errors import (
    BadContext,
    BadReply,
    ClientError,
    InConflict,
    Missing,
    NotAuthorised,
    NoTerminal,
    ServerTrouble,
    TimedOut,
    TryLater,
    Unreachable,
)


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    """Done; a run that was waited for succeeded."""
    FAILED = 1
    """The run failed or was cancelled, or the document has problems."""
    USAGE = 2
    """The command line, the data given or the contexts file is wrong, or there is no terminal for the terminal UI."""
    UNREACHABLE = 3
    """No server answered, none could be started, or it takes nothing right now."""
    NOT_AUTHORISED = 4
    """The server does not know you, or you may not do this."""
    NOT_FOUND = 5
    """There is no such workflow, run, job or step, or it is not yours."""
    CONFLICT = 6
    """It is not in a state that allows this: changed meanwhile, finished already, or the name is not unique."""
    TROUBLE = 7
    """The server failed, or FlowDesk itself did."""
    TIMED_OUT = 8
    """The run had not finished within --timeout; it goes on."""
    INTERRUPTED = 130
    """Ctrl-C."""
    PIPE = 141
    """Whoever read the output has left."""


def exit_code(error: ClientError) -> Exit:
    """Which of them an error ends the command with."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), Exit.FAILED)


# The first class that fits decides, so subclasses come before their parents.
_CODES: tuple[tuple[type[ClientError], Exit], ...] = (
    (Unreachable, Exit.UNREACHABLE),
    (TryLater, Exit.UNREACHABLE),
    (NotAuthorised, Exit.NOT_AUTHORISED),
    (Missing, Exit.NOT_FOUND),
    (InConflict, Exit.CONFLICT),
    (BadContext, Exit.USAGE),
    (NoTerminal, Exit.USAGE),
    (TimedOut, Exit.TIMED_OUT),
    (BadReply, Exit.TROUBLE),
    (ServerTrouble, Exit.TROUBLE),
)
