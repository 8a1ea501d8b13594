"""Every error FlowDesk raises on purpose.

    FlowDeskError
    ├── Invalid            the caller's document or value is wrong; lists every problem at once
    │   └── BadJson        bytes that are not acceptable JSON
    ├── TooLarge           a size limit was crossed
    ├── NotFound           unknown id, or somebody else's: the answer is the same
    ├── Conflict           the thing exists but is in the wrong state for this call
    │   ├── VersionConflict    somebody saved a newer version
    │   └── KeyReused          an idempotency key came back with another payload
    ├── Refused            the caller may not do this
    ├── Limited            a limit the workflow sets itself leaves no room; nothing was accepted
    ├── Unavailable        try again later; nothing was accepted
    │   ├── StoreBusy          the database is locked
    │   └── StoreFull          the disk is full
    ├── Unusable           the program cannot start like this (settings, database file, port)
    │   └── Unreachable        not yet: a server it needs does not answer, or cannot work for now
    └── Fenced             another owner has moved the run on; internal, never shown

The class says what kind of thing happened; `code` is stable and machine-readable; `hint` says what to do next.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True)
class Problem:
    """One thing wrong with a document: where it is, what it is, what to do.

    `field` is a path below the step (`params.url`, `next[1].when`) or below the document when there is no step.
    """

    code: str
    message: str
    step_id: str | None = None
    field: str | None = None
    hint: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        where = " · ".join(part for part in (f"step {self.step_id}" if self.step_id else None, self.field) if part)
        text = f"{where}: {self.message}" if where else self.message
        return f"{text} ({self.hint})" if self.hint else text


class FlowDeskError(Exception):
    """Something went wrong in FlowDesk."""

    code = "error"

    def __init__(self, message: str | None = None, *, code: str | None = None, hint: str | None = None) -> None:
        self.message = message or type(self).__doc__ or self.code
        self.code = code or type(self).code
        self.hint = hint
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class Invalid(FlowDeskError):
    """The document has problems."""

    code = "invalid"

    def __init__(
        self,
        message: str | None = None,
        problems: list[Problem] | None = None,
        *,
        code: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.problems = problems or []
        if message is None and self.problems:
            more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
            message = f"{self.problems[0]}{more}"
        super().__init__(message, code=code, hint=hint)


class BadJson(Invalid):
    """The body is not valid JSON."""

    code = "bad_json"


class TooLarge(FlowDeskError):
    """The value is larger than allowed."""

    code = "too_large"


class NotFound(FlowDeskError):
    """There is no such thing."""

    code = "not_found"


class Conflict(FlowDeskError):
    """The thing is not in a state that allows this."""

    code = "conflict"


class VersionConflict(Conflict):
    """Somebody saved a newer version."""

    code = "version_conflict"


class KeyReused(Conflict):
    """This idempotency key was used before with another payload."""

    code = "idempotency_key_reused"


class Refused(FlowDeskError):
    """You may not do this."""

    code = "refused"


class Limited(FlowDeskError):
    """A limit of this workflow leaves no room; nothing was accepted."""

    code = "limited"

    def __init__(
        self, message: str | None = None, *, code: str | None = None, hint: str | None = None, retry_after_s: int = 1
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.retry_after_s = retry_after_s


class Unavailable(FlowDeskError):
    """The server cannot take this right now; nothing was accepted."""

    code = "unavailable"
    retry_after_s = 2


class StoreBusy(Unavailable):
    """The database is busy; nothing was accepted."""

    code = "store_busy"


class StoreFull(Unavailable):
    """The disk is full; nothing was accepted."""

    code = "store_full"
    retry_after_s = 30


class Unusable(FlowDeskError):
    """FlowDesk cannot start like this."""

    code = "unusable"


class Unreachable(Unusable):
    """FlowDesk cannot start before a server it needs answers."""

    code = "unreachable"


class Fenced(FlowDeskError):
    """Another owner has moved this run on."""

    code = "fenced"
