"""How much the log pane may cost; processor time, because the machine is shared."""

from __future__ import annotations

from bench.tui_log import TERMINAL, LogHost, sample
from tests.tui.waiting import idle

LINES = 100_000
BATCH = 500


async def test_a_hundred_thousand_lines_are_taken_in_quickly() -> None:
    import time

    given = sample(LINES)
    app = LogHost()
    async with app.run_test(size=TERMINAL):
        await idle(app)
        began = time.process_time()
        for at in range(0, LINES, BATCH):
            app.pane.extend(given[at : at + BATCH])
        app.pane.flush()
        await idle(app)
        assert time.process_time() - began < 1.5
        assert app.pane.following
        assert given[-1].text in app.pane.render_line(app.pane.size.height - 1).text
