"""The secrets: which there are, what reads them, and whether a step would get them. There is no value to show."""

from __future__ import annotations

from typing import Any, ClassVar, Final, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from flowdesk.clean import clean
from flowdesk.replies import EventDoc
from flowdesk.secret_replies import SecretDoc, SecretTestDoc
from flowdesk.show.secrets import kind_of, used_by
from flowdesk.tui import keys, toast
from flowdesk.tui.draw.rowset import Column
from flowdesk.tui.screens.area import AreaScreen
from flowdesk.tui.screens.columns import name_cell
from flowdesk.tui.widgets import cells
from flowdesk.tui.widgets.listing import PAGE, Fetched, Listing

_EMPTY: Final = "No secret yet. n makes one; a step reads it as {{secrets.NAME}}, and no screen ever shows the value."


class SecretsScreen(AreaScreen):
    """Area 6."""

    area = "Secrets"
    DEFAULT_CSS: ClassVar[str] = """
    SecretsScreen #about { height: 8; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("secrets")]
    HELP = (
        "Keys and passwords of other services, which steps read as `{{secrets.NAME}}`. A value goes in and never comes "
        "back: `e` gives another one, `t` finds out whether a step would get it, `u` goes to the steps that read it."
    )

    def __init__(self) -> None:
        super().__init__()
        self._refused: str | None = None
        """Why this person sees no secrets."""
        self._tested: dict[str, SecretTestDoc] = {}

    def compose_body(self) -> ComposeResult:
        """The list, and what there is to know about the one under the cursor."""
        columns = [
            Column[SecretDoc]("name", "Name", lambda s: name_cell(s["name"]), least=16),
            Column[SecretDoc]("kind", "Kind", lambda s: name_cell(kind_of(s), 30), least=8),
            Column[SecretDoc]("used", "Used by", lambda s: name_cell(used_by(s)), lambda s: len(s["usedBy"]), least=12),
            Column[SecretDoc]("changed", "Changed", lambda s: self._ago(s["updatedAt"]), order=_changed),
            Column[SecretDoc]("last", "Last used", lambda s: self._ago(s["lastUsedAt"]), order=_last_used),
            Column[SecretDoc]("hosts", "Only to", _hosts, wide=True, least=10),
        ]
        yield Listing(columns, key=lambda s: s["name"], fetch=self._fetch, empty=_EMPTY)
        about = Static(id="about", classes="pane", markup=False)
        about.border_title = Text("Secret")
        yield about

    async def _fetch(self, cursor: str | None) -> Fetched[SecretDoc]:
        from flowdesk.errors import Missing, NotAuthorised

        try:
            page = await self.live.client.secrets.list(limit=PAGE, cursor=cursor)
        except (NotAuthorised, Missing) as error:
            if error.status == 401:
                raise
            self._refused = toast.reason(error)
            self.listing.explain(f"The secrets are not shown: {clean(self._refused)}")
            return Fetched([])
        self._refused = None
        self.listing.explain(_EMPTY)
        return Fetched(page.items, page.next_cursor)

    def _ago(self, at: str | None) -> Text:
        return cells.ago(self.flow, at) if at else cells.dim("never")

    def concerns(self, event: EventDoc) -> bool:
        """A run that ended may have used some."""
        return event["type"] in ("run.succeeded", "run.failed")

    def on_screen_suspend(self) -> None:
        """Nothing tells when somebody changes a secret, or says yes to a connection: read again on coming back."""
        self._stale = True

    def on_listing_changed(self, message: Listing.Changed) -> None:
        """Tell about the secret under the cursor."""
        secret = self.current_as(SecretDoc)
        pane = self.query_one("#about", Static)
        pane.border_title = Text(clean(secret["name"]) if secret is not None else "Secret")
        pane.update(Text("\n".join(self._about(secret))) if secret is not None else Text())

    def _about(self, secret: SecretDoc) -> list[str]:
        bound = ", ".join(secret["hosts"])
        lines = [
            secret["description"],
            f"Sent to {bound} only." if bound else "Sent to any host; e binds it to some.",
            f"Kept in {secret['source']}." if secret["source"] else "",
            self._connected(secret),
            _readers(secret),
            self._tested_words(secret),
        ]
        return [clean(line) for line in lines if line]

    def _connected(self, secret: SecretDoc) -> str:
        connection = secret["connection"]
        if connection is None:
            return ""
        if connection["state"] == "connected":
            until = cells.clock_time(self.flow, connection["expiresAt"]) if connection["expiresAt"] else "it is renewed"
            return f"Connected; its token is good until {until}."
        why = f": {connection['problem']}" if connection["problem"] else ""
        return f"{'Broken' if connection['state'] == 'broken' else 'Not connected yet'}{why}. c connects it."

    def _tested_words(self, secret: SecretDoc) -> str:
        found = self._tested.get(secret["name"])
        if found is None:
            return ""
        sign = "ok" if found["ok"] else "not ok"
        hint = f" ({found['hint']})" if found["hint"] else ""
        return f"Tested, {sign}: {found['detail']}{hint}"

    def why_not(self, act_id: str) -> str | None:
        """Most is about a secret, and some only about one of a kind."""
        if self._refused is not None:
            return self._refused
        if act_id == "secrets.new":
            return None
        secret = self.current_as(SecretDoc)
        if secret is None:
            return "there is no secret under the cursor"
        if act_id == "secrets.usages" and not secret["usedBy"]:
            return "no workflow reads it"
        if act_id == "secrets.connect" and secret["connection"] is None:
            return "it is no OAuth2 connection"
        return None

    def on_listing_opened(self, message: Listing.Opened) -> None:
        """Enter goes to what reads it."""
        if cast(SecretDoc, message.item)["usedBy"]:
            self.action_secrets_usages()
        else:
            toast.say(self, "no workflow reads it")

    def action_secrets_new(self) -> None:
        """Ask for a new one."""
        self.background(self._edit(None), what="Making the secret", group="ask", exclusive=True)

    def action_secrets_replace(self) -> None:
        """Ask for another value, or other hosts."""
        secret = self.current_as(SecretDoc)
        if secret is not None:
            self.background(self._edit(secret), what="Changing the secret", group="ask", exclusive=True)

    async def _edit(self, before: SecretDoc | None) -> None:
        from flowdesk.tui.modals.secret import SecretModal

        if not await self.may_write("Make a secret" if before is None else f"Change {before['name']}"):
            return
        client = self.live.client.secrets

        async def save(name: str, document: dict[str, Any]) -> SecretDoc:
            return await (client.create(name, document) if before is None else client.change(before["name"], document))

        secret: SecretDoc | None = await self.app.push_screen_wait(SecretModal(save, before))
        if secret is None:
            return
        self._tested.pop(secret["name"], None)
        self.listing.upsert(secret)
        self.listing.point_at(secret["name"])
        connection = secret["connection"]
        more = "; c connects it" if connection is not None and connection["state"] != "connected" else ""
        toast.say(self, f"{'made' if before is None else 'changed'} {secret['name']}{more}")

    def action_secrets_test(self) -> None:
        """Find out whether a step would get them now."""
        self.background(self._test(self.listing.chosen), what="Testing", group="write")

    async def _test(self, chosen: list[SecretDoc]) -> None:
        if not chosen or not await self.may_write("Test secrets"):
            return
        for secret in chosen:
            name = secret["name"]
            found = self._tested[name] = await self.live.client.secrets.test(name)
            hint = f" ({found['hint']})" if found["hint"] else ""
            tell = toast.say if found["ok"] else toast.warn
            tell(self, f"{name}: {found['detail']}{hint}")
        self.listing.redraw()

    def action_secrets_usages(self) -> None:
        """Show the steps that read it."""
        secret = self.current_as(SecretDoc)
        if secret is not None:
            self.background(self._usages(secret), what="Looking for what reads it", group="ask", exclusive=True)

    async def _usages(self, secret: SecretDoc) -> None:
        from flowdesk.tui.modals.usages import UsagesModal

        place = await self.app.push_screen_wait(UsagesModal(secret["name"], secret["usedBy"]))
        if place is not None:
            self.flow.open_editor(place[0], step=place[1])

    def action_secrets_connect(self) -> None:
        """Show the provider's page where a person says yes."""
        secret = self.current_as(SecretDoc)
        if secret is not None:
            self.background(self._connect(secret["name"]), what="Connecting", group="ask", exclusive=True)

    async def _connect(self, name: str) -> None:
        from flowdesk.tui.modals.message import MessageModal

        if not await self.may_write(f"Connect {name}"):
            return
        begun = await self.live.client.secrets.connect(name)
        told = f"The provider must know {begun['redirectUri']}. The address is good for ten minutes."
        self.app.push_screen(MessageModal(f"Open this to connect {name}", begun["url"], hint=told))

    def action_secrets_delete(self) -> None:
        """Delete for good; with readers, or several, only when that is typed."""
        self.background(self._delete(self.listing.chosen), what="Deleting", group="write")

    async def _delete(self, chosen: list[SecretDoc]) -> None:
        if not chosen:
            return
        one = chosen[0] if len(chosen) == 1 else None
        readers = sorted({usage["workflowName"] for secret in chosen for usage in secret["usedBy"]})
        named = one["name"] if one is not None else f"{len(chosen)} secrets"
        typed: str | None = str(len(chosen))
        if one is not None:
            typed = clean(one["name"]) if readers else None
        detail = "It cannot be taken back."
        if readers:
            more = f" and {len(readers) - 3} more" if len(readers) > 3 else ""
            detail = f"Steps of {', '.join(readers[:3])}{more} will fail. {detail}"
        if not await self.confirmed(f"Delete {named}?", yes="Delete", detail=detail, type_this=typed):
            return
        await self.each(
            chosen, "deleted", lambda s: self.live.client.secrets.delete(s["name"], force=bool(s["usedBy"]))
        )


def _hosts(secret: SecretDoc) -> Text:
    return name_cell(", ".join(secret["hosts"]) or "any host")


def _changed(secret: SecretDoc) -> str:
    return secret["updatedAt"]


def _last_used(secret: SecretDoc) -> str:
    return secret["lastUsedAt"] or ""


def _readers(secret: SecretDoc) -> str:
    """What reads it, as far as there is room."""
    usages = secret["usedBy"]
    if not usages:
        return "No workflow reads it."
    told = "; ".join(f"{usage['workflowName']} in {', '.join(usage['stepIds'])}" for usage in usages[:3])
    return f"Read by {told}{f' and {len(usages) - 3} more' if len(usages) > 3 else ''}."
