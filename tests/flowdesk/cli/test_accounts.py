"""Workspaces, members, API keys and the audit log from the command line, against a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.models.run import Role
from flowdesk import contexts
from flowdesk.cli.root import root
from tests.server.live import Live, live

ADA, BEN = "ada@example.com", "ben@example.com"


class Shell:
    """One person's command line with its own contexts file."""

    def __init__(self, url: str, directory: Path) -> None:
        self.url = url
        self.directory = directory

    async def __call__(self, *words: str, code: int = 0, typed: str | None = None) -> Result:
        """Run a command in a thread, for it makes an event loop of its own."""
        environ = {"FLOWDESK_CONFIG_DIR": str(self.directory), "FLOWDESK_WORKSPACE": ""}
        result = await asyncio.to_thread(CliRunner().invoke, root, list(words), env=environ, input=typed)
        assert result.exit_code == code, (words, result.output, result.exception)
        return result

    async def json(self, *words: str) -> Any:
        """What a command prints for machines."""
        return json.loads((await self(*words, "--json")).stdout)

    async def register(self, email: str, *more: str, code: int = 0) -> Result:
        """Make an account and log in."""
        words = ("login", self.url, "--email", email, "--register", "--password-stdin", "--name", "here", *more)
        return await self(*words, typed="abc123\n", code=code)

    def context(self) -> contexts.Context:
        """What is remembered of the server."""
        return contexts.load(self.directory / "contexts.json").get("here")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Live]:
    """A whole FlowDesk."""
    async with live(tmp_path / "data") as running:
        yield running


@pytest.fixture
async def ada(server: Live, tmp_path: Path) -> Shell:
    """Somebody with an account who is logged in."""
    shell = Shell(server.url, tmp_path / "ada")
    await shell.register(ADA)
    return shell


async def test_two_people_share_a_workspace(server: Live, ada: Shell, tmp_path: Path) -> None:
    made = await ada.json("workspaces", "create", "Ops")
    await ada("workspaces", "use", "ops")
    assert ada.context().workspace == made["id"]
    shown = (await ada("workspaces")).stdout
    assert [line.split()[:2] for line in shown.splitlines()[1:]] == [["personal", "owner"], ["*", "Ops"]]
    code = (await ada("members", "invite", BEN, "--role", "operator")).stdout.strip()
    ben = Shell(server.url, tmp_path / "ben")
    await ben.register(BEN)
    joined = await ben.json("workspaces", "join", code)
    assert (joined["name"], joined["role"]) == ("Ops", "operator")
    assert {one["email"]: one["role"] for one in await ada.json("members")} == {ADA: "owner", BEN: "operator"}
    await ada("members", "set", BEN, "editor")
    assert await ben.json("ls", "--workspace", "Ops") == []
    refused = await ben("audit-log", "--workspace", made["id"], code=1)
    assert isinstance(refused.exception, Exception)
    assert "role_too_low" in repr(vars(refused.exception)) or "role" in str(refused.exception)
    log = await ada.json("audit-log", "--limit", "2")
    assert [entry["action"] for entry in log] == ["member.change", "member.join"]
    table = (await ada("audit-log")).stdout
    assert ADA in table
    assert "workspace.create" in table
    await ben("workspaces", "leave", "Ops")
    assert [one["email"] for one in await ada.json("members")] == [ADA]
    await ada("workspaces", "rename", "Ops", "Operations")
    await ada("workspaces", "use", "personal")
    assert ada.context().workspace is None
    await ada("workspaces", "delete", "Operations")
    assert [one["name"] for one in await ada.json("workspaces")] == ["personal"]


async def test_an_invitation_makes_an_account(tmp_path: Path) -> None:
    async with live(tmp_path / "data", registration="invite") as server:
        owner = await server.person("owner")
        made = await owner.call("POST", "/api/workspaces", {"name": "Ops"})
        chosen = {"X-FlowDesk-Workspace": made.json["id"]}
        written = await owner.call("POST", "/api/invitations", {"email": BEN}, headers=chosen)
        ben = Shell(server.url, tmp_path / "ben")
        await ben.register(BEN, code=1)
        await ben.register(BEN, "--invitation", written.json["code"])
        assert [one["name"] for one in await ben.json("workspaces")] == ["personal", "Ops"]


async def test_an_api_key_is_printed_once(server: Live, ada: Shell) -> None:
    text = (await ada("keys", "create", "deploys", "--scope", "workflows:read", "--days", "3")).stdout.strip()
    assert text.startswith("fdk_")
    assert (await server.call("GET", "/api/workflows", token=text)).json == []
    (listed,) = await ada.json("keys")
    assert text not in (await ada("keys")).output
    await ada("keys", "remove", listed["id"])
    assert (await server.call("GET", "/api/workflows", token=text)).status == 401
    for end in ((), ("--days", "3", "--never-expires")):
        result = await ada("keys", "create", "x", "--scope", "runs:read", *end, code=2)
        assert "say when it ends" in result.output


async def test_passwords_and_sessions_end(server: Live, ada: Shell) -> None:
    before = ada.context()
    await ada("password", "--password-stdin", typed="abc123\nother123\n")
    after = ada.context()
    assert after.token != before.token
    assert (await server.call("GET", "/api/me", token=before.token)).status == 401
    assert (await server.call("GET", "/api/me", token=after.token)).status == 200
    assert await ada.json("logout") == {"context": "here", "loggedIn": False, "ended": True}
    assert (await server.call("GET", "/api/me", token=after.token)).status == 401
    words = ("login", server.url, "--email", ADA, "--password-stdin", "--name", "here")
    await ada(*words, typed="other123\n")
    assert ada.context().device is not None
    assert (await server.call("GET", "/api/me", token=ada.context().token)).status == 200


async def test_what_is_not_there_is_told(ada: Shell) -> None:
    for words in (("workspaces", "use", "Nowhere"), ("members", "remove", "nobody@example.com")):
        result = await ada(*words, code=1)
        assert words[-1] in str(result.exception)


async def test_what_is_risky_is_listed_and_fails_a_nightly_job_when_it_is_grave(tmp_path: Path) -> None:
    """Row 68: of the workspace for its owner, of the server for administrators."""
    async with live(tmp_path / "data", egress_allow=("127.0.0.1", "169.254.0.0/16")) as server:
        ada = Shell(server.url, tmp_path / "ada")
        await ada.register(ADA)
        assert (await ada("audit")).stdout == "nothing risky was found in the workspace\n"
        await ada("keys", "create", "ci", "--scope", "runs:read", "--never-expires")
        assert (await ada("audit")).stdout.endswith("1 medium, in the workspace\n")
        user = await server.parts.store.users.by_email(ADA)
        assert user is not None
        await server.parts.store.users.update(user.id, role=Role.ADMIN)
        await server.parts.accounts.end_tokens(user)  # who is remembered is read again
        await ada("login", server.url, "--email", ADA, "--password-stdin", "--name", "here", typed="abc123\n")
        told = (await ada("audit", code=1)).stdout
        assert told.startswith("high    FLOWDESK_EGRESS_ALLOW  settings.egress_metadata\n")
        assert told.endswith("1 high, 1 medium, in the workspace and the server's settings\n")
        review = json.loads((await ada("audit", "--json", code=1)).stdout)
        assert [one["code"] for one in review["findings"]] == ["settings.egress_metadata", "key.no_end"]


async def test_an_expired_token_is_renewed_without_a_word_until_the_session_is_ended(server: Live, ada: Shell) -> None:
    before = ada.context()
    path = ada.directory / "contexts.json"
    contexts.save(path, contexts.Contexts({}).put(replace(before, token="a token of old"), use=True))
    assert (await ada("runs")).exit_code == 0
    after = ada.context()
    assert after.token != "a token of old", "one of the same second may be the one before"
    assert after.refresh not in (before.refresh, None)
    contexts.save(path, contexts.Contexts({}).put(replace(after, token="a token of old"), use=True))
    await ada("logout", "here")
    assert (ada.context().token, ada.context().refresh) == (None, None)
    renewed = await server.call("POST", "/api/auth/refresh", {"refreshToken": after.refresh})
    assert renewed.status == 401, "the session is over, also for who has a copy of the file"
