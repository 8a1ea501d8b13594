"""YAML out: documents written for people to read, and existing files updated without losing their comments."""

from __future__ import annotations

import io
import unicodedata
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from flowdesk.errors import BadFile
from flowdesk.same import same_json
from flowdesk.yaml_reader import read_yaml

_WIDTH: Final = 4096  # long texts stay on their line: folding changes nothing but makes diffs hard to read


def dump_yaml(document: dict[str, Any]) -> str:
    """The document as block YAML; texts of several lines as literal blocks."""
    return _write(_writer(), _dressed(document))


def update_yaml(text: str, document: dict[str, Any]) -> str:
    """The text changed as little as makes it say `document`: comments and order of keys are kept."""
    if same_json(read_yaml(text)[0], document):
        return text
    yaml = _writer()
    kept = yaml.load(text)
    _update(kept, document)
    written = _write(yaml, kept)
    if not same_json(read_yaml(written)[0], document):  # anchors or merge keys shared by parts that now differ
        raise BadFile("cannot be updated in place", hint="export into another directory and merge by hand")
    return written


def _writer() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _write(yaml: YAML, value: Any) -> str:
    out = io.StringIO()
    yaml.dump(value, out)
    # Invisible characters occur only inside double-quoted texts here (see `_text`), where they may be escaped.
    return "".join(char if _plain(char) else _escape(char) for char in out.getvalue())


def _update(kept: CommentedMap, wanted: dict[str, Any]) -> None:
    for key in [key for key in kept if key not in wanted]:
        del kept[key]
    for key, value in wanted.items():
        old = kept.get(key)
        if key in kept and (_update_inside(old, value) or same_json(old, value)):
            continue
        kept[key] = _dressed(value)


def _update_inside(kept: Any, wanted: Any) -> bool:
    """Update a mapping or a list of steps in place; False when it must be replaced as a whole."""
    if isinstance(kept, CommentedMap) and isinstance(wanted, dict):
        _update(kept, wanted)
        return True
    return isinstance(kept, CommentedSeq) and isinstance(wanted, list) and _update_steps(kept, wanted)


def _update_steps(kept: CommentedSeq, wanted: list[Any]) -> bool:
    """Remove, add and update items by their ids, which keeps the comments of those that stay."""
    old_ids, new_ids = _ids(kept), _ids(wanted)
    if not old_ids or not new_ids or [i for i in old_ids if i in new_ids] != [i for i in new_ids if i in old_ids]:
        return False
    for index in reversed(range(len(old_ids))):
        if old_ids[index] not in new_ids:
            del kept[index]
    for index, item in enumerate(wanted):
        if new_ids[index] in old_ids:
            _update(kept[index], item)
        else:
            kept.insert(index, _dressed(item))
    return True


def _ids(items: list[Any]) -> list[str]:
    """The ids of a list of steps; empty for any other list."""
    found = [item.get("id") if isinstance(item, dict) else None for item in items]
    texts = [item for item in found if isinstance(item, str)]
    return texts if len(texts) == len(items) == len(set(texts)) else []


def _dressed(value: Any) -> Any:
    if isinstance(value, dict):
        return {_text(key): _dressed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_dressed(item) for item in value]
    return _text(value) if isinstance(value, str) else value


def _text(value: str) -> Any:
    if not all(map(_plain, value)):
        return DoubleQuotedScalarString(value)
    # A literal block cannot begin with a blank and would hide blanks at the ends of lines.
    if "\n" in value and value[0] not in " \n" and " \n" not in value and value[-1] != " ":
        return LiteralScalarString(value)
    return value


def _plain(char: str) -> bool:
    return char.isprintable() or char == "\n" or unicodedata.category(char) == "Zs"


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
