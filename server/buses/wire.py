"""What goes over the wire between processes: `[form, sender, missed, [[cursor, run, workflow, user, events], ...]]`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import orjson

from engine.store import FeedItem
from engine.stores import batch

FORM: Final = 1


@dataclass(slots=True, frozen=True)
class Parcel:
    """Some commits, told by one process. `missed` says that others before them were lost on the way."""

    sender: str
    missed: bool
    items: list[FeedItem]


def pack_item(item: FeedItem) -> bytes:
    """One commit; the events in the form in which stores keep them."""
    head = orjson.dumps([item.cursor, item.run_id, item.workflow_id, item.user_id])
    return head[:-1] + b"," + batch.to_text(item.events).encode() + b"]"


def pack(sender: str, missed: bool, packed_items: Iterable[bytes]) -> bytes:
    """A message."""
    head = orjson.dumps([FORM, sender, missed])
    return head[:-1] + b",[" + b",".join(packed_items) + b"]]"


def unpack(data: bytes) -> Parcel:
    """What a message says; ValueError when it is none, or one of a FlowDesk that speaks another form."""
    try:
        form, sender, missed, items = orjson.loads(data)
        if form != FORM:
            raise ValueError(f"a message of form {form}; this one knows {FORM}")
        found = [
            FeedItem(cursor, run_id, workflow_id, user_id, batch.from_lists(events))
            for cursor, run_id, workflow_id, user_id, events in items
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"not a message of ours: {error}") from None
    return Parcel(str(sender), bool(missed), found)
