"""What stands between the braces: a name and the helpers its value goes through.

data.name | upper | default "x"      data["First name"]      .      .name      @index      items.0.price
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any, Final

from engine.jsonio import parse_json
from engine.render.helpers.base import Helper, HelperError
from engine.render.helpers.catalogue import HELPERS
from engine.render.state import MAX_HELPERS

SPECIALS: Final = ("@index", "@first", "@last", "@now", "@timestamp", "@uuid")
"""Names that come from FlowDesk and not from data; the first three are known inside sections only."""
VOLATILE: Final = frozenset({"@now", "@timestamp", "@uuid"})
IN_SECTIONS: Final = frozenset({"@index", "@first", "@last"})

_SEGMENT = r"[^\s.|\[\]\"'{}()]+"
_QUOTED = r"\[\s*(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|\d+)\s*\]"
_PATH: Final = re.compile(rf"(?:\.(?=[\s|]|$)|\.?{_SEGMENT}|{_QUOTED})(?:\.{_SEGMENT}|{_QUOTED})*(?=[\s|]|$)")
_PIECE: Final = re.compile(rf"\.?({_SEGMENT})|\[\s*(.*?)\s*\]", re.DOTALL)
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<pipe>\|)|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<word>[^\s|"']+))""", re.DOTALL
)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")
_WORDS: Final[dict[str, Any]] = {"true": True, "false": False, "null": None}
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}


class TagError(Exception):
    """The text between the braces cannot be read."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


@dataclass(slots=True, frozen=True)
class Call:
    """One helper with its arguments, checked."""

    helper: Helper
    args: tuple[Any, ...]


@dataclass(slots=True, frozen=True)
class Pipeline:
    """A name and what happens to its value.

    `here` is a leading dot: the names are looked up in the innermost section only; without names it is the section's
    value itself.
    """

    names: tuple[str, ...]
    here: bool
    calls: tuple[Call, ...]

    @property
    def special(self) -> str | None:
        """`@now` and its like, which are not looked up."""
        return self.names[0] if not self.here and self.names[0] in SPECIALS else None

    @property
    def volatile(self) -> bool:
        """Whether it gives another value each time."""
        return self.special in VOLATILE

    @property
    def forgiving(self) -> bool:
        """Whether a missing name is expected, because a default stands in."""
        return any(call.helper.name == "default" for call in self.calls)

    def __str__(self) -> str:
        return ("." if self.here else "") + ".".join(self.names)


def parse_tag(text: str) -> Pipeline:
    """The pipeline a tag's text stands for; raises TagError."""
    text = text.strip()
    found = _PATH.match(text)
    if not found or text[0] in "#^/><&=!":
        raise _bad_name(text)
    names = tuple(_unquote(match) for match in _PIECE.finditer(found[0]) if match[0] != ".")
    here = found[0].startswith(".")
    if not here and names[0].startswith("@") and names[0] not in SPECIALS:
        raise TagError(
            "template_name", f"there is no {names[0]}", _nearest(names[0], SPECIALS) or f"a key of that name: .{text}"
        )
    if not here and names[0] in SPECIALS and len(names) > 1:
        raise TagError("template_name", f"{names[0]} has no parts")
    rest = text[found.end() :]
    if rest.strip() and not rest.lstrip().startswith("|"):
        raise TagError(
            "template_syntax",
            f"{rest.strip()[:40]!r} after the name {found[0]!r}",
            hint='helpers follow a bar: {{data.name | upper}}; a key with spaces is written data["First name"]',
        )
    return Pipeline(names, here, _calls(rest))


def _unquote(match: re.Match[str]) -> str:
    if match[1] is not None:
        return match[1]
    inner = match[2]
    return _text(inner) if inner[0] in "\"'" else inner


def _text(quoted: str) -> str:
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), quoted[1:-1], flags=re.DOTALL)


def _bad_name(text: str) -> TagError:
    if text[:1] in ("#", "^", "/", ">", "<", "&", "=", "!"):
        if text[0] in "<>":
            return TagError("template_partial", "templates cannot include other templates")
        return TagError("template_syntax", f"a space before {text[0]!r}", hint=f"write {{{{{text[0]}name}}}}")
    return TagError(
        "template_name",
        f"{text[:60]!r} is not a name",
        hint='names look like data.name, items.0.price or data["First name"]',
    )


def _calls(rest: str) -> tuple[Call, ...]:
    groups: list[list[Any]] = []
    position = 0
    while rest[position:].strip():
        token = _TOKEN.match(rest, position)
        if not token:
            raise TagError("template_syntax", f"cannot read {rest[position:].strip()[:40]!r}", hint="close the quotes")
        position = token.end()
        if token["pipe"]:
            groups.append([])
        elif not groups[-1]:
            groups[-1].append(token["word"] or token["text"])
        else:
            groups[-1].append(_literal(token))
    if len(groups) > MAX_HELPERS:
        raise TagError("template_too_deep", f"more than {MAX_HELPERS} helpers after one name")
    return tuple(_call(group) for group in groups)


def _literal(token: re.Match[str]) -> Any:
    if token["text"]:
        return _text(token["text"])
    word = token["word"]
    if word in _WORDS:
        return _WORDS[word]
    if _NUMBER.fullmatch(word) and len(word) < 19:
        return parse_json(word.encode())
    raise TagError(
        "template_syntax", f"{word[:40]!r} is not a value", hint=f'a text is written in quotes: "{word[:40]}"'
    )


def _call(group: list[Any]) -> Call:
    if not group:
        raise TagError("template_syntax", "a bar without a helper after it")
    name, *args = group
    helper = HELPERS.get(name)
    if helper is None:
        raise TagError("template_helper", f"there is no helper {name!r}", _nearest(name, tuple(HELPERS)))
    try:
        return Call(helper, helper.check(args))
    except HelperError as error:
        raise TagError("template_helper", f"{name}: {error}", hint=f"for example {helper.example}") from None


def _nearest(name: str, known: tuple[str, ...]) -> str | None:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else None
