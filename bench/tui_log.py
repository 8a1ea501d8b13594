"""What the log pane of the terminal UI costs.

    python -m bench.tui_log

Prints a JSON object: `followed_cpu` is the share of one processor used while a thousand lines a second are followed,
`taken_in_cpu_s` and `worst_stall_ms` what a hundred thousand lines cost that come as fast as they can be read: the
stall is the longest stretch of work, in processor time, during which nothing else could happen. The screen is drawn,
but to nowhere.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Final

from textual.app import App, ComposeResult

from flowdesk.tui.draw.logline import LogLine
from flowdesk.tui.widgets.log_panel import LogPanel

TERMINAL: Final = (160, 45)
_TICK_S: Final = 0.01
_BATCH: Final = 500
_MANY: Final = 100_000
_RATE: Final = 1_000
_FOLLOWED_S: Final = 3.0
_WORDS: Final = "connect to smtp.example.org:587 as sender, message accepted for delivery, queue id "


@dataclass(slots=True)
class Figures:
    """See the module."""

    followed_cpu: float
    taken_in_cpu_s: float
    worst_stall_ms: float


class LogHost(App[None]):
    """Nothing but a log."""

    def __init__(self) -> None:
        super().__init__()
        self.panel = LogPanel()
        self.pane = self.panel.pane

    def compose(self) -> ComposeResult:
        """The panel."""
        yield self.panel


def sample(count: int, first: int = 0) -> list[LogLine]:
    """Lines of about 130 characters, of seven steps and some levels."""
    levels = ("info", "info", "info", "warning", "error")
    return [
        LogLine(n, "2026-11-23T12:04:01.123Z", f"step-{n % 7}", levels[n % 5], f"{_WORDS} {n:08} {'x' * 30}")
        for n in range(first, first + count)
    ]


async def followed(app: LogHost, seconds: float = _FOLLOWED_S) -> float:
    """The share of a processor used while lines come at the usual rate."""
    batch = _RATE // 20
    began, cpu = time.monotonic(), time.process_time()
    for n in range(round(seconds * 20)):
        app.pane.extend(sample(batch, n * batch))
        await asyncio.sleep(max(began + (n + 1) / 20 - time.monotonic(), 0))
    return (time.process_time() - cpu) / (time.monotonic() - began)


async def flooded(app: LogHost, count: int = _MANY) -> tuple[float, float]:
    """Processor seconds, and the longest stall in seconds, while many lines come at once."""
    given = sample(count)
    stalls: list[float] = []
    watching = asyncio.create_task(watch(stalls))
    await asyncio.sleep(_TICK_S)
    cpu = time.process_time()
    for at in range(0, count, _BATCH):
        app.pane.extend(given[at : at + _BATCH])
        await asyncio.sleep(0)
    while len(app.pane.store.lines) < count:  # noqa: ASYNC110 - what is measured sets no event
        await asyncio.sleep(_TICK_S)
    used = time.process_time() - cpu
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    return used, max(stalls, default=0.0)


async def measure() -> Figures:
    """All figures, each with a pane of its own."""
    async with (app := LogHost()).run_test(size=TERMINAL):
        share = await followed(app)
    async with (app := LogHost()).run_test(size=TERMINAL):
        used, stall = await flooded(app)
    return Figures(round(share, 3), round(used, 3), round(stall * 1000, 1))


async def watch(stalls: list[float]) -> None:
    """Note, until it is cancelled, how much the process works between two turns of a timer of 10 ms.

    Processor time, because other programs of the machine take turns too: on an idle machine both are the same.
    """
    while True:
        before = time.process_time()
        await asyncio.sleep(_TICK_S)
        stalls.append(time.process_time() - before)


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(measure()))))
