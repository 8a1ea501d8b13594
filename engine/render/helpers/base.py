"""What a helper is, and how a family of them is declared.

    helpers = Helpers()

    @helpers.add("upper", "text", example="{{data.name | upper}}", data={"name": "Ada"}, output="ADA")
    def upper(value: str) -> str:
        "Capital letters throughout."

A helper is a pure function of the value and of arguments written in the template. Null passes through all helpers
but the ones that ask for it, so that `{{data.name | upper | default "nobody"}}` reads as it should.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from engine.jsonio import dump_text

Takes = Literal["text", "number", "list", "any"]
Check = Callable[[Any], Any]
Apply = Callable[..., Any]

MAX_TEXT: Final = 1_000_000
"""Characters a helper may make of one value."""

KINDS: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    tuple: "a list",
    dict: "an object",
}


class HelperError(Exception):
    """The value or an argument does not fit the helper."""


@dataclass(slots=True, frozen=True)
class Helper:
    """One helper: what it takes, what it does, and an example that a test runs.

    `checks` are its arguments in order, of which the last `optional` may be left out; each check returns the argument
    as the function wants it, or raises HelperError.
    """

    name: str
    takes: Takes
    apply: Apply
    checks: tuple[Check, ...]
    optional: int
    nulls: bool
    summary: str
    example: str
    data: Mapping[str, Any]
    output: Any

    def check(self, args: list[Any]) -> tuple[Any, ...]:
        """The arguments made ready; raises HelperError."""
        least, most = len(self.checks) - self.optional, len(self.checks)
        if not least <= len(args) <= most:
            wanted = str(most) if least == most else f"{least} to {most}"
            raise HelperError(f"takes {wanted} argument{'' if wanted == '1' else 's'}, not {len(args)}")
        return tuple(check(arg) for check, arg in zip(self.checks, args, strict=False))

    def __call__(self, value: Any, args: tuple[Any, ...]) -> Any:
        """The value after this helper; raises HelperError."""
        if value is None and not self.nulls:
            return None
        if self.takes != "any":
            value = _FITS[self.takes](value)
        return self.apply(value, *args)


@dataclass(slots=True)
class Helpers:
    """A family of helpers, filled by its decorator."""

    family: str
    all: dict[str, Helper] = field(default_factory=dict)

    def add(
        self,
        name: str,
        takes: Takes,
        *checks: Check,
        optional: int = 0,
        nulls: bool = False,
        example: str,
        data: Mapping[str, Any] | None = None,
        output: Any = None,
    ) -> Callable[[Apply], Apply]:
        """Make a helper of the decorated function; its docstring is the reference text."""

        def decorate(apply: Apply) -> Apply:
            summary = inspect.getdoc(apply) or ""
            self.all[name] = Helper(name, takes, apply, checks, optional, nulls, summary, example, data or {}, output)
            return apply

        return decorate


def kind_of(value: Any) -> str:
    """What people call a value of this type."""
    return KINDS.get(type(value), type(value).__name__)


def text(value: Any) -> str:
    """A text, or the text of a single value; raises HelperError for lists and objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return dump_text(value)
    raise HelperError(f"works on a text, not on {kind_of(value)}; `| json` or `| join` make one")


def number(value: Any) -> int | float:
    """A number that is one already."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise HelperError(f"works on a number, not on {kind_of(value)}; `| number` makes one")


def items(value: Any) -> list[Any]:
    """A list."""
    if isinstance(value, list | tuple):
        return list(value)
    raise HelperError(f"works on a list, not on {kind_of(value)}")


def text_arg(arg: Any) -> str:
    """An argument that is a text, or a number written without quotes."""
    return text(arg)


def int_arg(arg: Any) -> int:
    """An argument that is a whole number of a sensible size."""
    if isinstance(arg, int) and not isinstance(arg, bool) and abs(arg) <= MAX_TEXT:
        return arg
    raise HelperError(f"{dump_text(arg)} is not a whole number")


def number_arg(arg: Any) -> int | float:
    """An argument that is a number."""
    return number(arg)


def any_arg(arg: Any) -> Any:
    """Any argument."""
    return arg


def bounded(length: int) -> None:
    """Refuse to make a text of this length."""
    if length > MAX_TEXT:
        raise HelperError(f"would make a text longer than {MAX_TEXT:,} characters")


_FITS: Final[Mapping[str, Callable[[Any], Any]]] = {"text": text, "number": number, "list": items}
