"""Row 48: a secret used in every way is looked for in every table, file, answer, metric and log line.

The screens of the terminal UI are looked at in tests/tui/test_secret_on_screens.py.
"""

from __future__ import annotations

from pathlib import Path

from server.app import all_routes
from tests.security.canary import CANARY, shown_in_database, shown_in_files, shows
from tests.security.conftest import Lines
from tests.security.echo import Echo
from tests.security.test_row_48_secret_shown import exercise, keep
from tests.server.live import UNKNOWN, Live, Person
from tests.server.test_idor import Things


async def answers(ali: Person, run_id: str) -> dict[str, str]:
    """Every GET there is but for live events, about the run and its workflow, by address."""
    run = await ali.get(f"/api/runs/{run_id}")
    (job,) = await ali.get("/api/jobs")
    ids = (run["workflowId"], run_id, job["id"], UNKNOWN, "CANARY", ali.user.id, ali.user.id, *[UNKNOWN] * 3)
    things, found = Things(*ids), {}
    for route in all_routes():
        named = "{" in route.path and route.public  # those carry a credential of their own
        if route.method == "GET" and not route.path.endswith("/events") and not named:
            path = things.path(route)
            answer = await ali.call("GET", path)
            found[path] = f"{answer.body!r} {dict(answer.headers)}"
    return found


async def test_it_is_nowhere(server: Live, ali: Person, echo: Echo, logged: Lines, tmp_path: Path) -> None:
    """Row 48: not in any of them, in no form and in no part, although the service that got it sent it back."""
    await keep(ali)
    run_id = await exercise(ali, echo)
    assert all(CANARY in text for text in echo.heard), "the service itself must get it"
    texts = await answers(ali, run_id)
    assert len(texts) > 30
    admin = server.parts.tokens.issue(await server.parts.accounts.local_user())
    texts["metrics"] = (await server.call("GET", "/metrics", token=admin)).body.decode()
    texts["logs"] = "\n".join(logged.lines)
    assert {where: form for where, text in texts.items() if (form := shows(text)) is not None} == {}
    assert shown_in_database(server.parts.settings.database) == []
    assert shown_in_files(tmp_path) == []
