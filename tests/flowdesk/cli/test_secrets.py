"""Secrets from the command line, against a real server: no command ever shows a value."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from tests.flowdesk.cli.test_accounts import Shell, ada, server  # noqa: F401 - fixtures
from tests.server.live import Live
from tests.server.provider import providing

CANARY = "c4nary-of-the-command-line"
READER = """
name: Reader
steps:
  - {id: start, type: TRIGGER, ref: manual, next: ask}
  - {id: ask, ref: http.request, params: {url: "https://api.example.com", headers: {A: "{{secrets.CRM}}"}}}
"""


async def test_a_secret_is_made_listed_tested_changed_and_deleted(ada: Shell, tmp_path: Path) -> None:  # noqa: F811
    """Row 51: set, list, show, test and delete say everything of a secret but its value."""
    assert "flowdesk secrets set NAME" in (await ada("secrets", "list")).output
    made = await ada("secrets", "set", "CRM", "--value-stdin", "--host", "api.example.com", typed=f"{CANARY}\n")
    assert made.stdout == "made CRM, for api.example.com\n"
    changed = await ada("secrets", "set", "CRM", "--keep-value", "--any-host", "--description", "the CRM")
    assert changed.stdout == "changed CRM, for any host\n"
    again = await ada("secrets", "set", "CRM", "--value-stdin", "--host", "api.example.com", typed=f"{CANARY}-2")
    assert again.stdout == "changed CRM, for api.example.com\n"
    tested = await ada("secrets", "test", "CRM")
    assert tested.stdout == "CRM opens\n"
    (tmp_path / "reader.yaml").write_text(READER)
    await ada("apply", str(tmp_path / "reader.yaml"))
    listed, shown = await ada("secrets", "list"), await ada("secrets", "show", "CRM")
    assert listed.stdout.splitlines()[1].split()[:4] == ["CRM", "value", "api.example.com", "Reader"]
    assert "the CRM" in shown.stdout
    refused = await ada("secrets", "delete", "CRM", code=1)
    assert "Reader" in repr(vars(refused.exception or Exception()))
    deleted = await ada("secrets", "delete", "CRM", "--force")
    assert deleted.stdout == "deleted CRM\n"
    ran = (made, changed, again, tested, listed, shown, refused, deleted)
    assert CANARY not in "".join(one.output for one in ran)


async def test_what_is_asked_wrongly_is_told(ada: Shell) -> None:  # noqa: F811
    two = await ada("secrets", "set", "X", "--value-stdin", "--from", "env:X", code=2)
    assert "one of --value-stdin" in two.stderr
    both = await ada("secrets", "set", "X", "--from", "env:X", "--host", "a.example", "--any-host", code=2)
    assert "contradict" in both.stderr
    assert "holds no value" in (await ada("secrets", "set", "X", "--value-stdin", typed="\n", code=2)).stderr
    assert "no terminal to ask on" in (await ada("secrets", "set", "X", code=2)).stderr
    unknown = await ada("secrets", "test", "NOTHING", code=1)
    assert "NOTHING" in repr(vars(unknown.exception or Exception()))


async def test_a_connection_is_made_from_the_command_line(ada: Shell, server: Live, tmp_path: Path) -> None:  # noqa: F811
    """Row 51: `connect` prints where to say yes; afterwards a step would get the token, and nothing shows it."""
    async with providing() as provider:
        (tmp_path / "crm.json").write_text(json.dumps(provider.document()))
        made = await ada("secrets", "set", "CRM", "--connection", str(tmp_path / "crm.json"))
        begun = await ada("secrets", "connect", "CRM", "--no-browser")
        assert f"the provider must know {server.url}/api/oauth/callback" in begun.stderr
        assert begun.stdout.startswith(f"{provider.url}/authorize?")
        early = await ada("secrets", "test", "CRM", code=1)
        state, agreed = provider.says_yes(begun.stdout.strip())
        back = await server.call("GET", f"/api/oauth/callback?state={quote(state)}&code={quote(agreed)}")
        assert back.status == 200
        tested, shown = await ada("secrets", "test", "CRM"), await ada("secrets", "show", "CRM")
        assert "connected" in shown.stdout
        elsewhere = await ada.json("secrets", "connect", "CRM", "--redirect-uri", "https://flow.example.org/back")
        assert elsewhere["redirectUri"] == "https://flow.example.org/back"
        said = "".join(one.output for one in (made, begun, early, tested, shown))
        assert not [secret for secret in ("client-secret-value", *provider.given) if secret in said]


async def test_only_a_connection_can_be_connected(ada: Shell) -> None:  # noqa: F811
    await ada("secrets", "set", "PLAIN", "--value-stdin", typed=CANARY)
    for name in ("PLAIN", "NOTHING"):
        refused = await ada("secrets", "connect", name, code=1)
        assert name in repr(vars(refused.exception or Exception()))
