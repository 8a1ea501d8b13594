"""Secrets from the command line, against a real server: no command ever shows a value."""

from __future__ import annotations

from pathlib import Path

from tests.flowdesk.cli.test_accounts import Shell, ada, server  # noqa: F401 - fixtures

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
