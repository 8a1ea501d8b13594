"""What it costs to ask who calls: checking a signature, fetching its secret, whole calls with all of it on."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import random
import statistics
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import uvloop
from multidict import CIMultiDict, CIMultiDictProxy

from bench import workflows
from bench.api import Api
from bench.client import BODY
from bench.load import load, request_bytes
from bench.plan import Plan
from bench.processes import Process, flowdesk
from bench.report import Cell, Report
from bench.turns import take_turns
from engine.sdk import Host
from engine.stores.sqlite.store import SqliteStore
from server.hooks.proof import Auth, HmacAuth, TokenAuth
from server.hooks.secrets import HookSecrets
from server.hooks.signing import PRESETS
from server.vault.keeper import Change, Keeper
from server.vault.keyring import Keyring
from server.vault.sources import Sources

SECRET: Final = "wh-16C7e42F292c6912E7710c838347Ae178B4a"
NOW_S: Final = 1_700_000_000
CONNECTIONS: Final = 16
ROUNDS: Final = 5
TURN_S: Final = 0.25
NUMBERED: Final = "X-GitHub-Delivery: bench-{n}"
Ways = dict[str, tuple[str, list[str]]]


def measure(report: Report, plan: Plan) -> None:
    """The check alone, the secret alone, then whole calls."""
    count = max(50, plan.repeats * 2000)
    rows = [*_checks(count), *asyncio.run(_resolving(max(20, plan.repeats * 200)))]
    report.section("Webhooks: who calls", ("what", "us each"), rows)
    with tempfile.TemporaryDirectory() as directory, flowdesk(Path(directory)) as server:
        api = Api(server.url, server.hello["token"])
        ways = _ways(api)
        report.section(
            "Webhooks: calls",
            ("what is asked", "per second", "p50 ms", "p99 ms", "CPU ms", "of open", "may be off by", "failed"),
            uvloop.run(_calls(server, ways, plan)),
            f"W1 synchronous, {CONNECTIONS} connections, own client, every delivery with an id of its own; means of "
            "short turns. All: secret address, signature, network, type, size, schema, pages, rate limits",
        )
        report.section(
            "Webhooks: one call after the other",
            ("what is asked", "us", "may be off by", "more than open", "of open"),
            _in_turns(server, ways, max(20, plan.repeats * 600)),
            "the same calls on one connection, one of each kind in turn; means without the slowest tenth",
        )
        api.close()


def _checks(count: int) -> list[list[Cell]]:
    small, large = BODY.encode(), b"x" * 100_000
    rows: list[list[Cell]] = []
    for name, auth, headers in (
        ("token", TokenAuth("Authorization"), {"Authorization": f"Bearer {SECRET}"}),
        ("GitHub", HmacAuth(PRESETS["github"], 300_000), {"X-Hub-Signature-256": f"sha256={_mac(small)}"}),
        ("Stripe", HmacAuth(PRESETS["stripe"], 300_000), {"Stripe-Signature": _stripe(small)}),
    ):
        rows.append([f"check {name}", _checked(auth, headers, small, count, good=True)])
    github = HmacAuth(PRESETS["github"], 300_000)
    rows.append(
        ["refuse GitHub, wrong", _checked(github, {"X-Hub-Signature-256": "sha256=00"}, small, count, good=False)]
    )
    rows.append(["refuse GitHub, missing", _checked(github, {}, small, count, good=False)])
    signed = {"X-Hub-Signature-256": f"sha256={_mac(small)}"}
    with _busy_thread():
        rows.append(["check GitHub, beside a busy thread", _checked(github, signed, small, count, good=True)])
    signed = {"X-Hub-Signature-256": f"sha256={_mac(large)}"}
    rows.append(["check GitHub, 100 kB", _checked(github, signed, large, max(10, count // 20), good=True)])
    return rows


@contextmanager
def _busy_thread() -> Iterator[None]:
    """Another thread that wants the interpreter all the time, as the store's does under load."""
    stop = threading.Event()
    thread = threading.Thread(target=lambda: all(not stop.is_set() for _ in itertools.count()))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _checked(auth: Auth, headers: dict[str, str], raw: bytes, count: int, *, good: bool) -> float:
    multi = CIMultiDictProxy(CIMultiDict(headers))
    if (auth.prove(multi, raw, (SECRET,), NOW_S * 1000).fault is None) is not good:
        raise RuntimeError("what is measured here does not work")
    return _us(lambda: auth.prove(multi, raw, (SECRET,), NOW_S * 1000), count)


def _mac(text: bytes) -> str:
    return hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()


def _stripe(raw: bytes) -> str:
    return f"t={NOW_S},v1={_mac(b'%d.' % NOW_S + raw)}"


async def _resolving(count: int) -> list[list[Cell]]:
    with tempfile.TemporaryDirectory() as directory:
        store = SqliteStore(Path(directory) / "flowdesk.db")
        await store.open()
        try:
            keyring = Keyring(None, Path(directory) / "secrets.key", may_make=True)
            keeper = Keeper(store.secrets, keyring, Sources(), Host())
            await keeper.create("bench", "HOOK", Change(value=SECRET))
            secrets = HookSecrets(keeper)
            rows: list[list[Cell]] = []
            for name, forget in (("secret, looked up", True), ("secret, known from a moment ago", False)):
                began = perf_counter()
                for _ in range(count):
                    keeper.changes += forget
                    await secrets.values("bench", ("HOOK",))
                rows.append([name, (perf_counter() - began) / count * 1e6])
        finally:
            await store.close()
    return rows


def _ways(api: Api) -> Ways:
    """Addresses, and the headers to send there."""
    api.call("POST", "/api/secrets", {"name": "HOOK", "value": SECRET})
    signed = [NUMBERED, f"X-Hub-Signature-256: sha256={_mac(BODY.encode())}"]
    return {
        "nothing": (api.hook(api.create(workflows.w1(synchronous=True))), [NUMBERED]),
        "a signature": (api.hook(api.create(_asking(auth=_AUTH))), signed),
        "all": (_own_address(api, api.create(_asking(auth=_AUTH, **_ALL))), signed),
    }


def _in_turns(server: Process, ways: Ways, count: int) -> list[list[Cell]]:
    requests = {name: request_bytes(url, "POST", BODY.encode(), headers) for name, (url, headers) in ways.items()}
    found = take_turns(server.url, requests, count)
    first = found["nothing"].mean_us
    return [
        [name, turn.mean_us, turn.error_us, turn.mean_us - first, first / turn.mean_us] for name, turn in found.items()
    ]


async def _calls(server: Process, ways: Ways, plan: Plan) -> list[list[Cell]]:
    """Ways take turns so short that a machine that changes its pace does so for all of them."""
    requests = {name: request_bytes(url, "POST", BODY.encode(), headers) for name, (url, headers) in ways.items()}
    found: dict[str, list[tuple[dict[str, Any], float]]] = {name: [] for name in ways}
    seconds = min(TURN_S, plan.seconds)
    for request in requests.values():
        await load(server.url, request, connections=CONNECTIONS, seconds=plan.warmup or 0.1, warmup=0)
    for _ in range(round(ROUNDS * plan.seconds / seconds) if plan.repeats > 1 else 1):
        for name in random.sample(list(ways), len(ways)):
            before = server.cpu_seconds()
            turn: dict[str, Any] = await load(
                server.url, requests[name], connections=CONNECTIONS, seconds=seconds, warmup=0
            )
            found[name].append((turn, server.cpu_seconds() - before))
    opened = [turn["rate"] for turn, _ in found["nothing"]]
    return [_row(name, turns, opened) for name, turns in found.items()]


def _row(name: str, turns: list[tuple[dict[str, Any], float]], opened: list[float]) -> list[Cell]:
    loads = [turn for turn, _ in turns]
    rates = [turn["rate"] for turn in loads]
    ratios = [rate / other for rate, other in zip(rates, opened, strict=True) if other]
    return [
        name,
        statistics.fmean(rates),
        statistics.median(turn["p50"] for turn in loads),
        statistics.median(turn["p99"] for turn in loads),
        sum(cpu for _, cpu in turns) / max(1, sum(turn["requests"] for turn in loads)) * 1000,
        sum(rates) / max(1.0, sum(opened)),
        statistics.pstdev(ratios) / max(1, len(ratios)) ** 0.5 if ratios else 0.0,
        sum(sum(turn["bad"].values()) for turn in loads),
    ]


_AUTH: Final = {"kind": "hmac", "preset": "github", "secrets": ["{{secrets.HOOK}}"]}
_ALL: Final[dict[str, Any]] = {
    "address": "own",
    "allowFrom": ["192.0.2.0/24", "127.0.0.0/8"],
    "contentTypes": ["application/json"],
    "maxBytes": 10_000,
    "cors": {"origins": ["https://app.example.com"]},
    "rateLimit": {"limit": 1_000_000, "windowMs": 1000},
    "bodySchema": {
        "type": "object",
        "required": ["email", "name"],
        "properties": {"email": {"type": "string", "minLength": 3}, "name": {"type": "string"}},
    },
}


def _asking(**params: Any) -> dict[str, Any]:
    """W1 whose webhook asks for more."""
    document = workflows.w1(synchronous=True)
    document["steps"][0]["params"] |= params
    return document


def _own_address(api: Api, workflow_id: str) -> str:
    url: str = api.call("GET", f"/api/workflows/{workflow_id}/hook")["addresses"][0]["url"]
    return url


def _us(work: Callable[[], Any], count: int) -> float:
    began = perf_counter()
    for _ in range(count):
        work()
    return (perf_counter() - began) / count * 1e6
