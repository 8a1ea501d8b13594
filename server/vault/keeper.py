"""Secrets of all tenants: made, changed, listed, and given to steps. Values go in, and out to steps only."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any, Final

from engine.clock import Clock, now_ms
from engine.errors import Conflict, FlowDeskError, Invalid, Problem, Unavailable, Unusable, VersionConflict
from engine.masking import SHORTEST
from engine.sdk import Host
from engine.secret_rows import SecretRow, Secrets
from engine.vault import SecretValue, unknown
from server.log_masking import LOGGED
from server.vault.keyring import Keyring
from server.vault.renewing import Renewer
from server.vault.sealing import Content, seal, unseal
from server.vault.sources import MAX_BYTES, Sources
from server.vault.telling import about_of

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
USED_EVERY_MS: Final = 60_000
"""How exactly the last use is known: a write for each would cost more than the use."""
MAX_SECRETS: Final = 1000
"""Of one tenant."""


@dataclass(slots=True, frozen=True)
class Change:
    """What somebody wants a secret to be; None leaves a part as it is."""

    value: str | None = field(default=None, repr=False)
    source: str | None = None
    connection: dict[str, Any] | None = field(default=None, repr=False)
    hosts: tuple[str, ...] | None = None
    description: str | None = None


class Keeper:
    """Implements engine.vault.Vault over the store, and everything the API does with secrets."""

    def __init__(self, rows: Secrets, keyring: Keyring, sources: Sources, host: Host, *, clock: Clock = now_ms) -> None:
        self.rows = rows
        self.keyring = keyring
        self._sources = sources
        self._host = host
        self._clock = clock
        self.renewer = Renewer(rows, keyring, host, clock)
        self.changes = 0
        """Counts what was changed here, for whoever remembers values for a moment."""

    # -- for the engine -----------------------------------------------------------------------------------------

    async def check(self) -> None:
        """Raise Unusable when a stored secret is sealed with a key that is not here."""
        missing = sorted(await self.rows.key_ids() - {key.id for key in self.keyring.all()})
        if missing:
            raise Unusable(
                f"secrets in this database are sealed with the key {', '.join(missing)}, which is not here",
                code="secrets_key",
                hint=f"put it back: as FLOWDESK_SECRETS_KEY, or a line of {self.keyring.path}. When it is lost, "
                "`flowdesk-server secrets discard` removes what it sealed",
            )

    async def resolve(self, owner: str, names: Collection[str]) -> dict[str, SecretValue]:
        """Every one of these secrets as it is now."""
        rows = {row.name: row for row in await self.rows.some(owner, names)}
        for name in names:
            if name not in rows:
                raise unknown(name, await self.bindings(owner))
        found = {name: await self._open(row) for name, row in rows.items()}
        LOGGED.learn(secret.value for secret in found.values())
        await self._note(owner, rows)
        return found

    async def recall(self, owner: str, names: Collection[str]) -> list[str]:
        """The values that can be had without asking a provider."""
        found: list[str] = []
        for row in await self.rows.some(owner, names):
            try:
                content = unseal(row, self.keyring)
                if content.source is not None:
                    found.append(await self._sources.read(content.source))
                elif content.connection is not None:
                    found.append(content.connection.get("accessToken") or "")
                else:
                    found.append(content.value or "")
            except FlowDeskError:
                continue  # whoever needs it will hear of it
        return found

    async def bindings(self, owner: str) -> dict[str, tuple[str, ...]]:
        """The tenant's names, each with its hosts."""
        found: dict[str, tuple[str, ...]] = {}
        after: str | None = None
        while rows := await self.rows.page(owner, limit=200, after=after):
            found.update((row.name, tuple(row.about["hosts"])) for row in rows)
            after = rows[-1].name
        return found

    async def _open(self, row: SecretRow) -> SecretValue:
        content = unseal(row, self.keyring)
        try:
            if content.source is not None:
                value = await self._sources.read(content.source)
            elif content.connection is not None:
                value = await self.renewer.fresh(row, content)
            else:
                value = content.value or ""
        except Invalid as error:
            raise Invalid(f"the secret {row.name}: {error.message}", code=error.code, hint=error.hint) from None
        if len(value) < SHORTEST:
            raise Invalid(f"the secret {row.name} {_TOO_SHORT}", code="secret_too_short")
        return SecretValue(value, content.hosts)

    async def _note(self, owner: str, rows: dict[str, SecretRow]) -> None:
        now = self._clock()
        stale = [name for name, row in rows.items() if row.used_at is None or now - row.used_at >= USED_EVERY_MS]
        if stale:
            try:
                await self.rows.used(owner, stale, now)
            except Unavailable:
                return  # the step matters more than the note

    # -- for people ---------------------------------------------------------------------------------------------

    async def create(self, owner: str, name: str, wanted: Change) -> SecretRow:
        """Keep a new secret; Conflict when the name is taken."""
        if not NAME.fullmatch(name):
            raise _bad("name", "bad_name", "a name has letters, digits, _ and -, and begins with a letter or _")
        await self._refuse_strange_keys()
        if len(await self.rows.page(owner, limit=MAX_SECRETS)) >= MAX_SECRETS:
            raise Conflict(f"there are {MAX_SECRETS} secrets already", code="too_many_secrets", hint="remove some")
        kind, content = self._content(wanted, Content())
        key, now = self.keyring.sealing(), self._clock()
        sealed = seal(content, key, owner=owner, name=name, kind=kind)
        about = about_of(content, wanted.description or "", now)
        row = SecretRow(owner, name, kind, 1, key.id, sealed, about, now, now)
        await self.rows.create(row)
        self.changes += 1
        return row

    async def change(self, owner: str, name: str, wanted: Change) -> SecretRow:
        """Change a secret; what is not given stays, except that a new value, source or connection replaces the old."""
        for _ in range(5):
            row = await self.rows.get(owner, name)
            replaces = any(part is not None for part in (wanted.value, wanted.source, wanted.connection))
            before = Content() if replaces and wanted.hosts is not None else unseal(row, self.keyring)
            kind, content = self._content(wanted, before) if replaces else (row.kind, before)
            if wanted.hosts is not None:
                content = replace(content, hosts=wanted.hosts)
            key, now = self.keyring.sealing(), self._clock()
            sealed = seal(content, key, owner=owner, name=name, kind=kind)
            description = row.about["description"] if wanted.description is None else wanted.description
            about = about_of(content, description, now)
            changed = replace(
                row, kind=kind, revision=row.revision + 1, key_id=key.id, sealed=sealed, about=about, updated_at=now
            )
            try:
                await self.rows.replace(changed)
            except VersionConflict:
                continue
            self.changes += 1
            return changed
        raise Conflict("the secret is being changed by others", hint="try it again")

    async def delete(self, owner: str, name: str) -> None:
        """Remove a secret; NotFound when there is none."""
        await self.rows.delete(owner, name)
        self.changes += 1

    async def test(self, owner: str, name: str) -> None:
        """Open it as a step would; raises what a step would fail with."""
        await self._open(await self.rows.get(owner, name))

    def _content(self, wanted: Change, before: Content) -> tuple[str, Content]:
        given = [part for part in ("value", "source", "connection") if getattr(wanted, part) is not None]
        if len(given) != 1:
            raise _bad("value", "secret_value", "a secret has one of value, source and connection")
        hosts = before.hosts if wanted.hosts is None else wanted.hosts
        if wanted.value is not None:
            return "value", Content(value=_checked_value(wanted.value), hosts=hosts)
        if wanted.source is not None:
            return self._sources.check(wanted.source), Content(source=wanted.source, hosts=hosts)
        return "oauth2", Content(connection=wanted.connection, hosts=hosts)

    async def _refuse_strange_keys(self) -> None:
        """Two servers that each seal with a key of their own would lock each other out."""
        strange = await self.rows.key_ids() - {key.id for key in self.keyring.all()}
        if strange:
            raise Unavailable(
                f"another server seals secrets with the key {min(strange)}, which is not here",
                code="secrets_key",
                hint="give every server and worker the same FLOWDESK_SECRETS_KEY",
            )


_TOO_SHORT: Final = f"has fewer than {SHORTEST} characters: it could be guessed, and not be hidden in logs"


def _checked_value(value: str) -> str:
    if len(value) < SHORTEST:
        raise _bad("value", "secret_too_short", _TOO_SHORT)
    if len(value.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _bad("value", "secret_too_long", f"is longer than {MAX_BYTES} bytes")
    return value


def _bad(name: str, code: str, message: str) -> Invalid:
    return Invalid(problems=[Problem(code, message, field=name)], code=code)
