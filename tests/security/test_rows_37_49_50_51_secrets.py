"""Rows 37, 49, 50 and 51: templates in data, echoed secrets, other hosts, and secrets at rest."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from engine.errors import Invalid, Unusable
from engine.stores.sqlite.store import SqliteStore
from server.vault.keyring import Keyring
from server.vault.rotation import discard, rotate
from server.vault.sealing import unseal
from server.vault.sources import Sources
from tests.security.canary import CANARY, shown_in_database
from tests.security.echo import Echo
from tests.server.live import Live, Person, action, live, webhook


async def keep(ali: Person, **more: Any) -> None:
    answer = await ali.call("POST", "/api/secrets", {"name": "CANARY", "value": CANARY, **more})
    assert answer.status == 201, answer.body


def send(url: str, **params: Any) -> dict[str, Any]:
    auth = {"kind": "bearer", "token": "{{secrets.CANARY}}"}
    return action("send", "http.request", params={"method": "POST", "url": url, "auth": auth, **params})


async def test_row_37_a_template_in_data_is_never_rendered(ali: Person, echo: Echo) -> None:
    """Row 37: whoever may call the webhook cannot read a secret by naming it."""
    await keep(ali)
    step = send(echo.url("/say"), body={"kind": "text", "text": "{{data.text}}"})
    run = await ali.run(await ali.save(webhook("send"), step), text="{{secrets.CANARY}}")
    assert run["status"] == "SUCCESS"
    assert "{{secrets.CANARY}}" in echo.heard[0]


async def test_row_49_an_echoed_secret_is_masked_for_later_steps(server: Live, ali: Person, echo: Echo) -> None:
    """Row 49: what is stored, and what later steps see, has no secret in it."""
    await keep(ali)
    later = action("later", "http.request", params={"method": "POST", "url": echo.url("/later"),
                   "body": {"kind": "json", "value": "{{steps.send.body}}"}})  # fmt: skip
    run = await ali.run(await ali.save(webhook("send"), {**send(echo.url("/say")), "next": "later"}, later))
    assert run["status"] == "SUCCESS"
    assert CANARY not in echo.heard[1]
    assert "••••••" in echo.heard[1]
    assert shown_in_database(server.parts.settings.database) == []


async def test_row_50_a_bound_secret_goes_to_its_host_only(ali: Person, echo: Echo) -> None:
    """Row 50: checked where the request is made."""
    await keep(ali, hosts=[f"127.0.0.1:{echo.port}"])
    assert (await ali.run(await ali.save(webhook("send"), send(echo.url("/say")))))["status"] == "SUCCESS"
    for url in (echo.url("/say", "localhost"), "{{data.url}}"):
        run = await ali.run(await ali.save(webhook("send"), send(url)), url=echo.url("/say", "localhost"))
        assert run["error"]["code"] == "secret_host_refused"
    assert len(echo.heard) == 1


async def test_row_50_a_redirect_does_not_carry_it_elsewhere(ali: Person, echo: Echo) -> None:
    """Row 50: on every hop; one that takes nothing of the secret along is followed."""
    await keep(ali, hosts=["127.0.0.1"])
    away = echo.url("/away", "localhost")
    body = {"kind": "text", "text": "with {{secrets.CANARY}}"}
    carrying = await ali.run(
        await ali.save(webhook("send"), send(echo.url(f"/to?where={quote(away, safe='')}"), body=body))
    )
    assert carrying["error"]["code"] == "secret_host_refused"
    where = quote(f"{away}?leak={quote(CANARY, safe='')}", safe="")
    leaking = await ali.run(await ali.save(webhook("send"), send(echo.url(f"/to?where={where}"))))
    assert leaking["error"]["code"] == "secret_host_refused"
    assert not any("/away" in text.splitlines()[0].split("?")[0] for text in echo.heard)
    clean = await ali.run(await ali.save(webhook("send"), send(echo.url(f"/to?where={quote(away, safe='')}"))))
    assert clean["status"] in ("SUCCESS", "FAILED")
    assert all(CANARY not in text for text in echo.heard if text.split()[1].startswith("/away"))


async def test_row_50_steps_that_do_not_say_where_they_send_get_none(ali: Person) -> None:
    """Row 50: refused at save, with what to do."""
    await keep(ali, hosts=["api.example.com"])
    step = action("log", "core.log", params={"message": "{{secrets.CANARY}}"})
    answer = await ali.call("POST", "/api/workflows", {"name": "w", "steps": [webhook("log"), step]})
    assert (answer.status, answer.json["problems"][0]["code"]) == (422, "secret_host_refused")


async def test_an_unknown_name_is_refused_with_the_nearest(ali: Person) -> None:
    await keep(ali)
    step = action("log", "core.log", params={"message": "{{secrets.CANARI}}"})
    answer = await ali.call("POST", "/api/workflows", {"name": "w", "steps": [webhook("log"), step]})
    (problem,) = answer.json["problems"]
    assert (problem["code"], problem["hint"]) == ("unknown_secret", "did you mean CANARY?")


async def test_a_secret_in_use_is_not_deleted_by_accident(ali: Person, echo: Echo) -> None:
    await keep(ali)
    workflow = await ali.save(webhook("send"), send(echo.url("/say")))
    (found,) = await ali.get("/api/secrets")
    assert found["usedBy"] == [{"workflowId": workflow, "workflowName": "w", "stepIds": ["send"]}]
    assert (await ali.call("DELETE", "/api/secrets/CANARY")).code == "secret_in_use"
    assert (await ali.call("DELETE", "/api/secrets/CANARY?force=true")).status == 204
    run = await ali.run(workflow)
    assert run["error"]["code"] == "unknown_secret"


async def test_row_51_a_row_that_was_tampered_with_does_not_open(server: Live, ali: Person) -> None:
    """Row 51: changed, moved to another name or tenant, or of another key: a clear error, never garbage."""
    await keep(ali)
    keeper = server.parts.keeper
    row = await keeper.rows.get(ali.user.id, "CANARY")
    assert unseal(row, keeper.keyring).value == CANARY
    raw = base64.b64decode(row.sealed)
    for at in (0, 1, 20, len(raw) - 1):
        bent = bytearray(raw)
        bent[at] ^= 1
        changed = replace(row, sealed=base64.b64encode(bytes(bent)).decode())
        with pytest.raises(Invalid) as found:
            unseal(changed, keeper.keyring)
        assert found.value.code == "secret_damaged"
    for other in (
        replace(row, name="OTHER"),
        replace(row, owner_id="eve"),
        replace(row, sealed="!"),
        replace(row, sealed=""),
    ):
        with pytest.raises(Invalid) as found:
            unseal(other, keeper.keyring)
        assert found.value.code == "secret_damaged"
    with pytest.raises(Invalid) as found:
        unseal(replace(row, key_id="0" * 16), keeper.keyring)
    assert found.value.code == "secret_key_missing"


async def test_row_51_the_key_is_a_private_file_outside_of_the_database(server: Live, ali: Person) -> None:
    """Row 51."""
    settings = server.parts.settings
    assert not settings.secrets_key_file.exists()
    await keep(ali)
    assert settings.secrets_key_file.stat().st_mode & 0o777 == 0o600
    key = server.parts.keeper.keyring.sealing()
    assert shown_in_database(settings.database, base64.b64encode(key.raw).decode()) == []


async def test_row_51_rotation_seals_everything_anew_and_keeps_opening(server: Live, ali: Person) -> None:
    """Row 51."""
    await keep(ali)
    keeper = server.parts.keeper
    before = await keeper.rows.get(ali.user.id, "CANARY")
    done = await rotate(keeper.rows, keeper.keyring)
    after = await keeper.rows.get(ali.user.id, "CANARY")
    assert (done.sealed, after.key_id) == (1, done.key_id)
    assert after.key_id != before.key_id
    assert unseal(after, keeper.keyring).value == unseal(before, keeper.keyring).value == CANARY
    assert (await rotate(keeper.rows, keeper.keyring, drop_old=True)).dropped == 2
    assert (await keeper.resolve(ali.user.id, ["CANARY"]))["CANARY"].value == CANARY


async def test_row_51_a_process_without_the_key_does_not_start(tmp_path: Path) -> None:
    """Row 51: and says which key; a lost one can be given up."""
    async with live(tmp_path / "data") as server:
        await keep(await server.person("ali"))
        path = server.parts.settings.secrets_key_file
    path.rename(path.with_suffix(".away"))
    with pytest.raises(Unusable, match="sealed with the key"):
        async with live(tmp_path / "data"):
            pass
    store = SqliteStore(tmp_path / "data" / "flowdesk.db")
    await store.open()
    assert await discard(store.secrets, Keyring(None, path, may_make=True)) == ["CANARY"]
    await store.close()
    async with live(tmp_path / "data"):
        pass


async def test_sources_are_what_the_operator_opens(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "db").write_text("value-of-the-file\n")
    (tmp_path / "closed").write_text("not for you at all")
    (tmp_path / "open" / "link").symlink_to(tmp_path / "closed")
    sources = Sources(("APP_*",), (tmp_path / "open",))
    assert await sources.read(f"file:{tmp_path}/open/db") == "value-of-the-file"
    assert await sources.read("env:APP_X", {"APP_X": "value-of-x"}) == "value-of-x"
    for refused in (
        f"file:{tmp_path}/closed",
        f"file:{tmp_path}/open/../closed",
        f"file:{tmp_path}/open/link",
        "file:db",
        "env:HOME",
        "env:",
        "x",
        "file:/a\0b",
    ):
        with pytest.raises(Invalid) as found:
            await sources.read(refused)
        assert found.value.code == "secret_source", refused
    with pytest.raises(Invalid):
        Sources(("*",)).check("env:JWT_SECRET")
