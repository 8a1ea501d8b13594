"""Exit codes of `flowdesk-server`; stable, so that scripts and service managers can rely on them."""

from __future__ import annotations

from enum import IntEnum

from engine.errors import FlowDeskError, Unusable


class Exit(IntEnum):
    """How the program ended."""

    OK = 0
    """It was asked to stop, and did so in good order."""
    INTERNAL = 1
    """Something unforeseen, with a traceback in the log; or `doctor` found a problem, `db copy` a difference."""
    USAGE = 2
    """The command line or a setting is wrong."""
    ADDRESS = 3
    """The address cannot be listened on: the port is in use, the host is unknown."""
    DATA = 4
    """The data directory or the database cannot be used."""
    REFUSED = 5
    """What was asked for is not possible: the address has an account already, the password is too short."""


def exit_code(error: FlowDeskError) -> Exit:
    """Which of them an error ends the program with."""
    if not isinstance(error, Unusable):
        return Exit.REFUSED
    return {"settings": Exit.USAGE, "address": Exit.ADDRESS}.get(error.code, Exit.DATA)
