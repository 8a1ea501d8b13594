"""A run's events as lines of the log pane: the words of `flowdesk.show.telling`, with a level instead of colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flowdesk.clean import clean, clean_lines
from flowdesk.replies import EventDoc, LogDoc
from flowdesk.show.paint import Paint
from flowdesk.show.telling import Telling, fields_text
from flowdesk.tui.draw.logline import LogLine

_PLAIN: Final = Paint()
_LEVELS: Final = {"debug", "info", "warning", "error"}
_LEVEL_OF: Final = {
    "run.failed": "error",
    "run.ending": "warning",
    "run.cancelled": "warning",
    "step.started": "debug",
    "step.skipped": "debug",
}


class Story:
    """Tells one run; in a log of several runs each has its own, with the `name` of its workflow."""

    def __init__(self, *, name: str | None = None) -> None:
        self._telling = Telling(_PLAIN, name=name)

    @property
    def status(self) -> str | None:
        """The run's end as far as its events told it: SUCCESS, FAILED or CANCELLED."""
        return self._telling.status

    def lines(self, event: EventDoc) -> list[LogLine]:
        """The lines for the next event; none for what is of no interest. The data of the event is their `detail`."""
        data, level = event["data"], _level(event)
        step = clean(event["stepId"]) if event["stepId"] is not None else None
        return [
            LogLine(event["seq"], event["at"], step, level, text, event.get("attempt"), data)
            for text in self._telling.tell(event)
        ]


def logged(line: LogDoc) -> list[LogLine]:
    """The same for one of the ready-made log lines of a run."""
    first, *rest = clean_lines(line["message"])
    step = clean(line["stepId"]) if line["stepId"] is not None else None
    texts = [first + fields_text(line.get("fields"), _PLAIN), *rest]
    level = _known(line["level"])
    return [LogLine(line["seq"], line["at"], step, level, text, line["attempt"], line.get("fields")) for text in texts]


def _level(event: EventDoc) -> str:
    kind, data = event["type"], event["data"]
    if kind == "step.log":
        return _known(data.get("level"))
    if kind == "step.failed":
        return "error" if data.get("final") else "warning"
    return "debug" if _is_reuse(kind, data) else _LEVEL_OF.get(kind, "info")


def _is_reuse(kind: str, data: Mapping[str, Any]) -> bool:
    return kind == "step.succeeded" and bool(data.get("reused"))


def _known(level: object) -> str:
    return level if isinstance(level, str) and level in _LEVELS else "info"
