"""What one rendering carries along: the scope, the open sections and what may still be spent.

A template is written by one person and fed by another, so both may try to make it explode. Its size is bounded when
it is read; here the work and the output are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.following import Followed

MAX_SOURCE: Final = 65_536
"""Characters in one template."""
MAX_TAGS: Final = 2_000
"""Tags in one template."""
MAX_NESTING: Final = 50
"""Sections inside sections, and objects inside objects of the parameters."""
MAX_HELPERS: Final = 20
"""Helpers after one name."""
MAX_OUTPUT: Final = 1_000_000
"""Characters all templates of one step's parameters may write together."""
MAX_WORK: Final = 100_000
"""Tags evaluated, section rounds, and pieces of values handled by helpers."""
MAX_MISSING: Final = 50
"""Missing names noted; more say nothing new."""


class Missing:
    """What a lookup finds where nothing is; apart from None, which is a value."""


MISSING: Final = Missing()

Frame = tuple[Any, int, int]
"""An open section: its value, which round this is (from 0), and how many there are."""


class Fault(Exception):
    """Rendering cannot go on; becomes an Invalid with the template's place."""

    def __init__(self, code: str, message: str, offset: int = 0, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.offset = offset
        self.hint = hint


class State:
    """One rendering under way."""

    __slots__ = ("escape", "follow", "frames", "missing", "room", "scope", "url", "work")

    def __init__(self, scope: Mapping[str, Any], missing: list[str] | None) -> None:
        self.scope = scope
        secrets = scope.get("secrets")
        self.follow = secrets.follow if isinstance(secrets, Followed) else None
        self.missing = missing
        self.frames: list[Frame] = []
        self.work = MAX_WORK
        self.room = MAX_OUTPUT
        self.escape: Callable[[str], str] | None = None
        self.url: Any = None

    def spend(self, units: int, offset: int) -> None:
        """Count work done; raises Fault when it was too much."""
        self.work -= units
        if self.work < 0:
            raise Fault(
                "template_too_much_work",
                "the template takes too many steps",
                offset,
                hint="sections inside sections multiply; prepare the data in a step of its own",
            )

    def note(self, name: str) -> None:
        """Remember a name that was not found, once."""
        if self.missing is not None and len(self.missing) < MAX_MISSING and name not in self.missing:
            self.missing.append(name)


def too_long(offset: int) -> Fault:
    """The error of an output that has grown beyond the limit."""
    return Fault(
        "template_output_too_large",
        f"the rendered text is longer than {MAX_OUTPUT:,} characters",
        offset,
        hint="pass large values on as a whole: a parameter that is exactly one tag is not copied",
    )
