"""Quotas and egress lists from the command line, against a real server."""

from __future__ import annotations

from pathlib import Path

from engine.models.run import Role
from flowdesk import contexts
from tests.flowdesk.cli.test_accounts import Shell, ada, server  # noqa: F401 - fixtures
from tests.server.live import Live


async def test_lists_of_where_steps_may_connect(ada: Shell) -> None:  # noqa: F811
    assert "all public addresses" in (await ada("egress")).output
    lists = await ada.json(
        "egress", "--allow", "API.example.com:443", "--allow", "*.b.example", "--deny", "203.0.113.0/24"
    )
    assert lists == {"allow": ["api.example.com:443", "*.b.example"], "deny": ["203.0.113.0/24"]}
    shown = (await ada("egress")).stdout.splitlines()[1:]
    assert [line.split() for line in shown] == [
        ["deny", "203.0.113.0/24"],
        ["allow", "api.example.com:443"],
        ["allow", "*.b.example"],
    ]
    lists = await ada.json("egress", "--remove", "203.0.113.0/24", "--remove", "*.b.example", "--allow", "c.example")
    assert lists == {"allow": ["api.example.com:443", "c.example"], "deny": []}
    assert "'d.example' is in neither list" in (await ada("egress", "--remove", "d.example", code=2)).stderr
    bad = await ada("egress", "--deny", "http://x", code=1)
    assert "deny" in repr(vars(bad.exception or Exception()))
    assert await ada.json("egress", "--clear", "--deny", "d.example") == {"allow": [], "deny": ["d.example"]}
    assert [entry["action"] for entry in await ada.json("audit-log", "--limit", "1")] == ["egress.change"]


async def test_quotas_are_looked_at_by_members_and_set_by_administrators(
    server: Live,  # noqa: F811
    ada: Shell,  # noqa: F811
    tmp_path: Path,
) -> None:
    shown = (await ada("quotas")).stdout.splitlines()
    assert shown[1].split() == ["workflows", "0", "none", "all", "workspaces"]
    me = (await ada.json("quotas"))["workspaceId"]
    refused = await ada("quotas", "set", me, "--workflows", "3", code=1)
    assert "admin_only" in repr(vars(refused.exception or Exception()))
    person, root = await server.person("root", Role.ADMIN), Shell(server.url, tmp_path / "root")
    known = contexts.Contexts({}).put(contexts.Context("here", server.url, person.token), use=True)
    contexts.save(tmp_path / "root" / "contexts.json", known)
    set_ = await root.json("quotas", "set", me, "--workflows", "3", "--queued", "none")
    assert set_["workflows"] == {"limit": 3, "used": 0, "own": True}
    assert set_["queued"] == {"limit": None, "used": 0, "own": True}
    again = await root.json("quotas", "set", me, "--queued", "default", "--payload-bytes", "5000")
    assert [again[name]["own"] for name in ("workflows", "queued", "payloadBytes")] == [True, False, True]
    assert "say which" in (await ada("quotas", "set", me, code=2)).stderr
    assert "neither a number" in (await ada("quotas", "set", me, "--runs", "many", code=2)).stderr
    assert "this workspace" in (await ada("quotas")).stdout
