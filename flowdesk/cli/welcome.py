"""What `flowdesk up` says first: where the server is, what is in it, and what to try."""

from __future__ import annotations

from importlib.metadata import version

from flowdesk.clean import clean
from flowdesk.cli.output import Output
from flowdesk.examples import Loaded
from flowdesk.local import LocalServer
from flowdesk.replies import WorkflowDoc


def introduce(out: Output, server: LocalServer, loaded: Loaded, hooks: list[WorkflowDoc], *, attached: bool) -> None:
    """Print it, for people or as one JSON line."""
    if out.json:
        loaded_docs = [{"id": w["id"], "name": w["name"]} for w in loaded.workflows]
        out.record({"url": server.url, "pid": server.pid, "attached": attached, "loaded": loaded_docs})
        return
    paint = out.paint
    state = "already runs" if attached else "is running"
    out.lines(["", f"  {paint.bold('FlowDesk')} {version('flowdesk')} {state} at {paint.bold(server.url)}", ""])
    if loaded.workflows:
        names = ", ".join(clean(workflow["name"]) for workflow in loaded.workflows)
        out.lines([f"  Loaded {len(loaded.workflows)} example workflows: {names}", ""])
    out.lines(["  Next, in another terminal:", *(f"    {line}" for line in _next(server.url, loaded, hooks)), ""])
    out.lines([f"  What happens is shown here. Ctrl-C {'leaves' if attached else 'stops the server'}.", ""])
    for error in loaded.refused:
        out.remark(f"not loaded: {error.message}")


def _next(url: str, loaded: Loaded, hooks: list[WorkflowDoc]) -> list[str]:
    lines = ["flowdesk ls                       the workflows", "flowdesk runs                     what ran"]
    started_by_hand = next((w for w in loaded.workflows if any(s["ref"] == "manual" for s in w["steps"])), None)
    if started_by_hand is not None:
        command = f"flowdesk run '{clean(started_by_hand['name'])}' -f"
        lines.insert(1, f"{command:<34}start one and watch it")
    if hooks:
        lines.append(f"curl -X POST {url}/api/hooks/{hooks[0]['id']} \\")
        lines.append('     -H \'Content-Type: application/json\' -d \'{"email":"user@example.com","name":"Ali"}\'')
    lines.append(f"{url + '/api/docs':<34}the API, described")
    return lines
