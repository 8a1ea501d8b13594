"""What to call the users whose ids documents name."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowdesk.client import Client


class People:
    """The members of the workspace by their ids. Where the server does not tell them, ids have to do."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def called(self, user_id: str) -> str:
        """`you`, an address, or the id of somebody who is no member any more."""
        return self._names.get(user_id, user_id)


async def people(client: Client) -> People:
    """Ask the server who is who."""
    from flowdesk.errors import ApiError

    try:
        me, members = await asyncio.gather(client.me(), client.members.list())
    except ApiError:
        return People({})  # a courtesy: what it is for works without names
    names = {member["userId"]: member["email"] for member in members if member["email"]}
    return People({**names, me["id"]: "you"})
