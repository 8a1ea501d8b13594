"""Signed addresses: what they say, how they are refused, and that looking decides nothing."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web

from engine.links import PATH, hide_links
from server.answer_page import answer_data, question_page
from server.links import DAY_S, DAYS, AnswerLinks, Link
from tests.server.live import Answer, Live, Person, action, eventually, live
from tests.server.wire import served

FORM = {
    "type": "object",
    "properties": {"amount": {"type": "integer", "minimum": 1}, "ok": {"type": "boolean"}, "why": {"enum": ["a", 2]}},
    "required": ["amount"],
}
PAGE = {"Accept": "text/html,*/*"}
SENT = {**PAGE, "Content-Type": "application/x-www-form-urlencoded"}


def links(key: bytes = b"k" * 32, now: float = 1e9) -> AnswerLinks:
    return AnswerLinks(key, lambda: "https://flows.example.org", clock=lambda: now)


def token(url: str | None) -> str:
    assert url is not None
    return url.rpartition("/")[2]


def test_an_address_says_which_question_and_until_when() -> None:
    url = links().url("run1", "ask")
    assert url is not None
    assert url.startswith("https://flows.example.org/api/answers/run1.ask.")
    assert links().read(token(url)) == Link("run1", "ask", expired=False)
    assert links(now=1e9 + DAY_S * DAYS).read(token(url)) == Link("run1", "ask", expired=False)
    assert links(now=1e9 + DAY_S * (DAYS + 1)).read(token(url)) == Link("run1", "ask", expired=True)
    assert AnswerLinks(b"k", lambda: None).url("run1", "ask") is None


def test_the_same_question_has_the_same_address_all_day() -> None:
    """A step that is tried again sends the same message under the same idempotency key."""
    start = 1e9 // DAY_S * DAY_S
    assert links(now=start).url("r", "s") == links(now=start + DAY_S - 1).url("r", "s")


def test_forged_addresses_are_none() -> None:
    good = token(links().url("run1", "ask"))
    said, _, signature = good.rpartition(".")
    other = token(links(b"x" * 32).url("run1", "ask"))
    forged = [other, said, "", ".", "...", good[:-1], good + "A", "x" * 1000, "ü." + signature]
    forged += [good.replace("run1", "run2"), good.replace("ask", "pay"), good.replace(".1160", ".9999")]
    for one in forged:
        if one != good:
            assert links().read(one) is None, one


def test_addresses_are_hidden_in_whatever_is_shown() -> None:
    url = links().url("run1", "ask")
    shown = hide_links({"text": f"pay? {url}, {url}", "n": [1, {"u": url}]})
    hidden = f"https://flows.example.org{PATH}••••••"
    assert shown == {"text": f"pay? {hidden}, {hidden}", "n": [1, {"u": hidden}]}


def test_the_page_shows_what_users_wrote_as_text() -> None:
    evil = '<script>alert("x")</script>'
    question = {
        "message": evil,
        "form": {"type": "object", "properties": {evil: {"title": evil, "enum": [evil], "description": evil}}},
        "kind": "approval",
        "outcomes": ["approve", evil],
        "dueAt": evil,
    }
    page = question_page(evil, question)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 7


@pytest.mark.parametrize(
    ("sent", "data"),
    [
        ({"data.amount": "3"}, {"amount": 3, "ok": False}),
        ({"data.amount": " x", "data.ok": "true", "data.why": "2"}, {"amount": " x", "ok": True, "why": 2}),
        ({"data.amount": "", "data.other": "1", "data.why": "nope"}, {"ok": False, "why": "nope"}),
    ],
)
def test_a_sent_form_becomes_the_answer(sent: dict[str, str], data: dict[str, Any]) -> None:
    assert answer_data(FORM, sent) == data


class Mail:
    """Somebody who receives what a workflow sends."""

    def __init__(self) -> None:
        self.url = ""

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/mail", self._receive)
        return app

    async def _receive(self, request: web.Request) -> web.Response:
        self.url = (await request.json())["url"]
        return web.json_response({})


async def asked(server: Live, ali: Person, **params: Any) -> tuple[str, str]:
    """A run that asks, and the path of the address that it sent by mail before."""
    mail = Mail()
    async with served(mail.app(), server.parts.settings) as port:
        body = {"kind": "json", "value": {"url": "{{run.waits.ask.url}}"}}
        send = action(
            "mail",
            "http.request",
            "ask",
            params={"url": f"http://127.0.0.1:{port}/mail", "method": "POST", "body": body},
        )
        ask = action("ask", "flow.approval", params={"message": "pay?", **params})
        run_id = await ali.start(await ali.save(send, ask))

        async def waits() -> Any:
            return (await ali.get(f"/api/runs/{run_id}"))["questions"]

        await eventually(waits)
    assert mail.url.startswith("https://flows.example.org/api/answers/")
    return run_id, mail.url.removeprefix("https://flows.example.org")


@pytest.fixture
async def reached(tmp_path: Path) -> Any:
    async with live(tmp_path / "data", public_url="https://flows.example.org/") as server:
        yield server


async def send(server: Live, path: str, **fields: str) -> Answer:
    return await server.call("POST", path, raw=urlencode(fields).encode(), headers=SENT)


async def test_an_address_from_a_message_answers_once(reached: Live, caplog: pytest.LogCaptureFixture) -> None:
    """Rows 48 and 53: the address is nowhere but in the message."""
    caplog.set_level(logging.DEBUG)
    ali = await reached.person("ali")
    run_id, path = await asked(reached, ali, form=FORM)
    secret = path.rpartition("/")[2]
    for _ in range(3):  # a scanner of mail, a preview in a chat, the person
        seen = await reached.call("GET", path, headers=PAGE)
        assert (seen.status, seen.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert seen.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in seen.headers["Content-Security-Policy"]
        assert set(re.findall(r'name="([^"]+)"', seen.body.decode())) >= {
            "data.amount",
            "outcome",
            "reason",
        }
    assert (await ali.get(f"/api/runs/{run_id}"))["status"] == "WAITING"
    wrong = await send(reached, path, outcome="approve", **{"data.amount": "0"})
    assert (wrong.status, b"at least 1" in wrong.body) == (422, True)
    both = await asyncio.gather(
        send(reached, path, outcome="approve", reason="<fine>", **{"data.amount": "3"}),
        send(reached, path, outcome="reject"),
    )
    assert sorted(answer.status for answer in both) in ([200, 409], [409, 200])
    late = await reached.call("POST", path, {"outcome": "approve"})
    assert (late.status, late.code) == (409, "already_decided")
    used = await reached.call("GET", path, headers=PAGE)
    assert (used.status, b"already" in used.body) == (409, True)
    run = await ali.get(f"/api/runs/{run_id}")
    journal = await ali.get(f"/api/runs/{run_id}/journal?limit=1000")
    assert next(e for e in journal if e["type"] == "wait.resolved")["data"]["by"] == "link"
    assert secret not in json.dumps([run, journal])
    assert PATH + "••••••" in json.dumps(run["steps"][0]["input"], ensure_ascii=False)
    assert secret not in caplog.text


async def test_programs_answer_with_json(reached: Live) -> None:
    ali = await reached.person("ali")
    run_id, path = await asked(reached, ali)
    assert (await reached.call("POST", path, {})).status == 422
    assert (await reached.call("POST", path, {"outcome": "done"})).status == 422
    assert (await reached.call("POST", path, raw=b"{")).status == 400
    done = await reached.call("POST", path, {"outcome": "approve", "reason": "ok"})
    assert (done.status, done.json) == (202, {"outcome": "approve"})

    async def over() -> Any:
        return (await ali.get(f"/api/runs/{run_id}"))["status"] == "SUCCESS"

    await eventually(over)


async def test_addresses_that_lead_nowhere_say_why(reached: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    ali = await reached.person("ali")
    run_id, path = await asked(reached, ali)
    forged = await reached.call("GET", path[:-1] + ("A" if path[-1] != "A" else "B"))
    assert (forged.status, forged.code) == (404, "unknown_link")
    page = await reached.call("GET", "/api/answers/x.y.1.z", headers=PAGE)
    assert (page.status, b"no such address" in page.body) == (404, True)
    links = reached.parts.links
    early = await ali.start(await ali.save(action("nap", "flow.sleep", "ask", params={"duration": "1h"}), _ask()))
    url = links.url(early, "ask")
    soon = await reached.call("GET", f"{PATH}{token(url)}")
    assert (soon.status, soon.code) == (409, "not_asked_yet")
    await ali.call("POST", f"/api/runs/{run_id}/cancel")
    over = await reached.call("POST", path, {"outcome": "approve"})
    assert (over.status, over.code) == (409, "already_decided")
    monkeypatch.setattr(links, "_clock", lambda: 1e12)
    for answer in (await reached.call("GET", path), await reached.call("POST", path, {"outcome": "approve"})):
        assert (answer.status, answer.code) == (410, "link_expired")


def _ask() -> dict[str, Any]:
    return action("ask", "flow.approval", params={"message": "pay?"})
