"""The review of a workspace, and for administrators of the server's settings: reads everything and changes nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from engine.clock import Clock, now_ms
from engine.secret_rows import SecretRow
from engine.store import Store
from engine.tenancy import Credential, CredentialKind, Member
from server.review.findings import Finding, worst_first
from server.review.settings import review_settings
from server.review.workspace import WEBHOOK, review_hooks, review_keys, review_member, review_secrets
from server.settings import Settings
from server.vault.usages import Usage, Usages

_PAGE: Final = 100
_MANY: Final = 10_000


@dataclass(slots=True, frozen=True)
class Review:
    """Reviews; `usages` knows which workflow reads which secret."""

    store: Store
    usages: Usages
    settings: Settings
    clock: Clock = now_ms

    async def workspace(self, workspace_id: str, members: tuple[Member, ...]) -> list[Finding]:
        """What is found in one workspace; a personal one has no `members`."""
        now = self.clock()
        keys = await self.store.credentials.some(CredentialKind.KEY, limit=_MANY, workspace_id=workspace_id)
        found, doors = await self._hooks(workspace_id)
        found += review_keys(keys, now)
        usages = await self.usages.all(workspace_id)
        sent = {name for name, read in usages.items() if any(_elsewhere(one, doors) for one in read)}
        found += review_secrets(await self._secrets(workspace_id), usages, sent)
        for member in members:
            found += await self._member(member, workspace_id, keys, now)
        return worst_first(found)

    async def server(self) -> list[Finding]:
        """What is found in the settings and the files of the server that answers."""
        return worst_first(await asyncio.to_thread(lambda: list(review_settings(self.settings))))

    async def _hooks(self, workspace_id: str) -> tuple[list[Finding], set[tuple[str, str]]]:
        """The findings, and which steps are webhooks, by the ids of workflow and step."""
        found: list[Finding] = []
        doors: set[tuple[str, str]] = set()
        cursor: str | None = None
        while True:
            page = await self.store.workflows.page(owner=workspace_id, limit=_PAGE, cursor=cursor)
            for workflow in page.items:
                found += review_hooks(workflow)
                doors |= {(workflow.id, step.id) for step in workflow.steps if step.ref == WEBHOOK}
            if (cursor := page.cursor) is None:
                return found, doors
            await asyncio.sleep(0)  # reading a page of documents takes a while

    async def _secrets(self, workspace_id: str) -> list[SecretRow]:
        rows: list[SecretRow] = []
        after: str | None = None
        while page := await self.store.secrets.page(workspace_id, limit=_PAGE, after=after):
            rows += page
            after = page[-1].name
        return rows

    async def _member(self, member: Member, workspace_id: str, keys: list[Credential], now: int) -> list[Finding]:
        user = await self.store.users.by_id(member.user_id)
        sessions = await self.store.credentials.some(CredentialKind.SESSION, limit=_PAGE, user_id=member.user_id)
        changes = await self.store.audit.page(owner=workspace_id, limit=1, user_id=member.user_id)
        seen = [member.since, *(one.used_at or one.created_at for one in sessions)]
        seen += [key.used_at for key in keys if key.user_id == member.user_id and key.used_at is not None]
        seen += [entry.at for entry in changes.items]
        return list(review_member(member, member.user_id if user is None else user.email, max(seen), now))


def _elsewhere(usage: Usage, doors: set[tuple[str, str]]) -> bool:
    """Whether it is read to be sent: a webhook only compares with it."""
    return any((usage.workflow_id, step_id) not in doors for step_id in usage.step_ids)
