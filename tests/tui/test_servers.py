"""Changing the server while FlowDesk is open: what is left, what is kept, and what the other one never gets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from flowdesk import contexts
from flowdesk.account_replies import WorkspaceDoc
from flowdesk.contexts import Context, Contexts
from flowdesk.launch import Target, Wish
from flowdesk.tui.app import FlowDeskApp
from flowdesk.tui.host import Options
from flowdesk.tui.modals.login import LoginModal
from flowdesk.tui.modals.palette import PaletteModal
from flowdesk.tui.servers import environ_for_another, known_servers, workspaces_of
from flowdesk.tui.widgets.listing import Listing
from tests.tui.scripted import ScriptedConnector, refuse
from tests.tui.waiting import idle, said, until
from tests.tui.world import NOW, World

OTHER = Context("prod", "https://flows.example.org", "a token of prod")

PERSONAL: WorkspaceDoc = {
    "id": "usr_1",
    "name": "personal",
    "personal": True,
    "role": "owner",
    "members": 1,
    "createdAt": "2026-11-01",
}
OPS: WorkspaceDoc = {**PERSONAL, "id": "ws_1", "name": "Ops", "personal": False, "role": "viewer", "members": 2}


class Two:
    """The app on one server, and another that its palette knows."""

    def __init__(self, world: World, place: Path) -> None:
        self.environ = {"FLOWDESK_CONFIG_DIR": str(place)}
        contexts.save(contexts.contexts_path(self.environ), Contexts({OTHER.name: OTHER}))
        self.here, self.there = world, World()
        self.there.workflows = self.there.workflows[1:2]
        self.first = ScriptedConnector(world.http)
        self.second = ScriptedConnector(self.there.http, name=OTHER.name)
        self.first.others = {OTHER.name: self.second}
        self.second.others = {contexts.LOCAL: self.first}
        self.app = FlowDeskApp(self.first, Options(environ=self.environ, clock=lambda: NOW))
        self.app.memory.put("area", "workflows")

    @asynccontextmanager
    async def shown(self) -> AsyncIterator[Pilot[int]]:
        """The first server's workflows on the screen."""
        async with self.app.run_test(size=(120, 36), notifications=True) as pilot:
            await until(lambda: self.app.current_mode == "workflows", "the area")
            await idle(self.app)
            yield pilot

    @property
    def names(self) -> list[str]:
        """The workflows that are listed."""
        return [workflow["name"] for workflow in self.app.screen.query_one(Listing).shown]


@pytest.fixture
def two(world: World, tmp_path: Path) -> Two:
    """Two servers."""
    return Two(world, tmp_path)


async def ask(app: FlowDeskApp, pilot: Pilot[int], typed: str) -> list[str]:
    """The lines of the palette for what was typed."""
    await pilot.press("colon")
    await until(lambda: isinstance(app.screen, PaletteModal), "the palette")
    await pilot.press(*["at" if char == "@" else char for char in typed])
    options = app.screen.query_one(OptionList)
    await until(lambda: options.option_count and "@" in str(options.get_option_at_index(0).prompt), "the servers")
    await idle(app)
    return [str(options.get_option_at_index(n).prompt).rstrip() for n in range(options.option_count)]


async def test_the_servers_are_listed_and_the_open_one_cannot_be_chosen(two: Two) -> None:
    async with two.shown() as pilot:
        lines = await ask(two.app, pilot, "@")
        assert lines == [
            "@local  this machine  – this is the one",
            "@prod  https://flows.example.org",
            "@https://…  another server  – type its address",
        ]
        await pilot.press("enter")
        await idle(two.app)
        assert isinstance(two.app.screen, PaletteModal)


async def test_choosing_one_leaves_the_other_and_shows_nothing_of_it(two: Two) -> None:
    two.there.label = "production"
    async with two.shown() as pilot:
        assert len(two.names) == 4
        await ask(two.app, pilot, "@prod")
        await pilot.press("enter")
        await until(lambda: two.second.opened and two.app.current_mode == "workflows", "the other server")
        await idle(two.app)
        assert two.names == ["hello"]
        assert (two.app.server_name, two.app.badge, two.app.production) == ("prod", "production", True)
        assert two.first.closed == 1
        await until(lambda: two.there.http.streams == 1 and two.here.http.streams == 0, "the change of streams")
        await pilot.press("1")
        await idle(two.app)
        assert len(two.app.screen_stack) == 1


async def test_a_server_that_is_not_known_is_reached_by_its_address(two: Two) -> None:
    two.first.others["https://new.example.org"] = two.second
    async with two.shown() as pilot:
        lines = await ask(two.app, pilot, "@https://new.example.org/")
        assert lines == ["@new.example.org  https://new.example.org"]
        await pilot.press("enter")
        await until(lambda: two.second.opened and two.app.current_mode == "workflows", "the other server")
        assert two.second.opened == [None], "it gets no token of this one"


async def test_an_address_that_cannot_be_one_is_told(two: Two) -> None:
    async with two.shown() as pilot:
        lines = await ask(two.app, pilot, "@ftp://new.example.org")
        assert lines == ["@ftp://new.example.org  – 'ftp://new.example.org' is not a server's address"]


async def test_a_workspace_is_changed_like_a_server_and_stands_in_the_header(two: Two) -> None:
    """The token goes along, for it is the same server; an editor's drafts stay with the workspace they are of."""
    for world in (two.here, two.there):
        world.workspaces.append(dict(OPS))
    shared = ScriptedConnector(two.there.http, workspace="ws_1")
    two.first.others["local/ws_1"] = shared
    async with two.shown() as pilot:
        lines = await ask(two.app, pilot, "@ops")
        assert lines[0] == "@local · Ops  workspace, viewer"
        await pilot.press("enter")
        await until(lambda: shared.opened and two.app.current_mode == "workflows", "the workspace")
        await idle(two.app)
        assert two.names == ["hello"]
        assert two.app.server_name == "local · Ops"


async def test_a_promised_deletion_happens_on_the_server_it_was_promised_on(two: Two) -> None:
    two.here.http.on("DELETE", "/api/workflows/{}", lambda _r: None)
    async with two.shown() as pilot:

        async def delete() -> None:
            await two.app.live.client.workflows.delete("wf_0001")

        two.app.deferred.later("Deleting order-intake", delete, lambda: None)
        await ask(two.app, pilot, "@prod")
        await pilot.press("enter")
        await until(lambda: two.second.opened, "the other server")
        assert [call.path for call in two.here.http.calls("DELETE")] == ["/api/workflows/wf_0001"]
        assert two.there.http.calls("DELETE") == []


async def test_a_server_that_is_not_there_says_so_and_the_way_back_is_open(two: Two) -> None:
    two.there.http.down = True
    async with two.shown() as pilot:
        await ask(two.app, pilot, "@prod")
        await pilot.press("enter")
        await until(lambda: two.app.live.state == "offline", "the refusal")
        assert two.app.current_mode == "start"
        await idle(two.app)
        await ask(two.app, pilot, "@local")
        await pilot.press("enter")
        await until(lambda: two.app.current_mode == "workflows", "the way back")
        await idle(two.app)
        assert len(two.names) == 4
        assert two.app.server_name == "local"


async def test_one_that_does_not_know_us_asks_who_we_are(two: Two) -> None:
    two.there.http.on("GET", "/api/server", lambda r: refuse(401, "unauthenticated", "no token"))
    async with two.shown() as pilot:
        await ask(two.app, pilot, "@prod")
        await pilot.press("enter")
        await until(lambda: isinstance(two.app.screen, LoginModal), "the login")


async def test_a_contexts_file_that_cannot_be_read_is_told(two: Two) -> None:
    contexts.contexts_path(two.environ).write_text("{")
    async with two.shown() as pilot:
        await pilot.press("colon")
        await until(lambda: isinstance(two.app.screen, PaletteModal), "the palette")
        await pilot.press("at")
        await until(lambda: any("is not a contexts file" in text for text in said(two.app)), "the reason")


def test_the_token_of_one_server_is_not_given_to_another() -> None:
    given = {
        "FLOWDESK_WORKSPACE": "Ops",
        "FLOWDESK_URL": "http://one",
        "FLOWDESK_TOKEN": "secret",
        "FLOWDESK_CONTEXT": "one",
        "HOME": "/home/me",
    }
    assert environ_for_another(given) == {"HOME": "/home/me"}


def test_without_contexts_there_is_the_local_server(tmp_path: Path) -> None:
    assert [server.name for server in known_servers({"FLOWDESK_CONFIG_DIR": str(tmp_path)})] == ["local"]


def test_workspaces_are_reached_by_the_way_their_server_was_found() -> None:
    def found(target: Target) -> list[tuple[str, Wish]]:
        return [(one.name, one.wish) for one in workspaces_of(target, [PERSONAL, OPS])]

    assert found(Target("http://x", "t", "context", "work")) == [
        ("work", Wish(None, "work", "personal")),
        ("work · Ops", Wish(None, "work", "ws_1")),
    ]
    assert found(Target("http://x", "t", "started"))[1] == ("local · Ops", Wish(None, "local", "ws_1"))
    assert found(Target("http://x", "t", "address"))[1] == ("http://x · Ops", Wish("http://x", None, "ws_1"))
    assert workspaces_of(Target("http://x", "t", "local"), [PERSONAL]) == []
    assert "secret" not in repr(workspaces_of(Target("http://x", "secret", "local"), [PERSONAL, OPS]))
