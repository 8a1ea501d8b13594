"""What the driver's errors mean to FlowDesk.

    no server, no primary, connection lost, time is up     Unavailable
    the same once a write was sent                         OutcomeUnknown, an Unavailable that may have written
    login refused, no right                                Unavailable, with a hint
    disk or quota full                                     StoreFull
    a text or number BSON cannot hold                      Invalid
    a document too large                                   TooLarge

Other errors are mistakes in our own commands and stay what they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bson.errors import BSONError
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DocumentTooLarge,
    DuplicateKeyError,
    ExecutionTimeout,
    InvalidOperation,
    OperationFailure,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteError,
)

from engine.errors import Invalid, StoreFull, TooLarge, Unavailable

DUPLICATE: Final = 11000
INVALID: Final = 121
"""A validator of ours refused a document."""
_FULL: Final = {14031, 12501}
_QUOTA: Final = 8000
_LOGIN: Final = {13, 18}
_AWAY: Final = {
    *(6, 7, 9001, 89),  # host unreachable, host not found, socket, network time-out
    *(91, 189, 11600, 11602, 10107, 13435, 13436, 10058),  # shutting down, stepping down, not primary
    *(24, 46, 50, 112, 262, 290, 50915),  # locks, time limits, write conflict
    *(64, 79, 100),  # write concern not satisfied
    134,  # a new primary that cannot read from a majority yet
}


class OutcomeUnknown(Unavailable):
    """MongoDB did not answer; whether it has the write is not known."""


def translated(error: BaseException, where: str) -> BaseException:
    """The error callers know; the same one when it is a mistake of ours. `where` names the server."""
    if isinstance(error, BulkWriteError | DuplicateKeyError):
        return error
    if isinstance(error, ServerSelectionTimeoutError | WaitQueueTimeoutError):
        return Unavailable(f"MongoDB at {where} cannot be reached: {reason(error)}")
    if isinstance(error, ConnectionFailure | ExecutionTimeout | TimeoutError):
        return OutcomeUnknown(f"MongoDB at {where} does not answer: {reason(error)}")
    if isinstance(error, InvalidOperation):
        return Unavailable("the store is closed")
    if isinstance(error, OperationFailure):
        return _failure(error, where)
    if isinstance(error, DocumentTooLarge):
        return TooLarge("a value is larger than MongoDB can hold")
    if isinstance(error, OverflowError):
        return Invalid("a number does not fit 64 bits", code="big_integer")
    if isinstance(error, BSONError | UnicodeEncodeError):
        return Invalid("a text holds a lone surrogate", code="bad_text")
    return error


def _failure(error: OperationFailure, where: str) -> Exception:
    text = str(error.details.get("errmsg", "")) if error.details else ""
    if error.code in _FULL or "No space left" in text or (error.code == _QUOTA and "space quota" in text):
        return StoreFull(hint="free some space on the disk of MongoDB")
    if error.code in _LOGIN:
        return Unavailable(f"MongoDB at {where} refuses this user: {text}", hint="look at the user of MONGO_URL")
    if error.code in _AWAY:
        return OutcomeUnknown(f"MongoDB at {where} cannot take this now: {text or error.code}")
    return error


def refused(problems: Sequence[Mapping[str, Any]], where: str) -> BaseException:
    """What to tell about the first of a bulk write's problems; without any, its durability is in doubt."""
    if not problems:
        return OutcomeUnknown(f"MongoDB at {where} cannot say whether a majority of its members has this write")
    first = problems[0]
    return translated(WriteError(first["errmsg"], first["code"], first), where)


def is_away(error: BaseException) -> bool:
    """Whether the server itself seems to be gone, not just slow with one operation."""
    return isinstance(error, ConnectionFailure | TimeoutError) and not isinstance(error, WaitQueueTimeoutError)


def reason(error: BaseException) -> str:
    """The driver's message without its configuration and topology."""
    text = str(error) or type(error).__name__
    for mark in (" (configured", ", Timeout:", ", Topology", ", full error"):
        text = text.partition(mark)[0]
    return text[:300]


def duplicate_of(problem: Mapping[str, Any]) -> str | None:
    """The first field of the unique key that was taken; None for another kind of error."""
    if problem.get("code") != DUPLICATE:
        return None
    return next(iter(problem.get("keyPattern", {})), None)
