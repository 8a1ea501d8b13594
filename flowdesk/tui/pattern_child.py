"""Searches lines for a pattern, as a process of its own: a pattern that never ends cannot be stopped in any other way.

Reads `[pattern, [text, ...]]` a line and answers `[[index, start, end], ...]`. It ends with its input, and by a signal
when one request takes longer than LIMIT_S and nobody is left to end it. It imports nothing of FlowDesk, to start fast.
"""

from __future__ import annotations

import json
import re
import signal
import sys
from typing import Final

LIMIT_S: Final = 10


def search(request: bytes) -> str:
    """The answer to one request."""
    pattern, texts = json.loads(request)
    look = re.compile(pattern, re.IGNORECASE).search
    return json.dumps([[index, *match.span()] for index, text in enumerate(texts) if (match := look(text))])


def main() -> None:
    """Answer until the input ends."""
    alarm = getattr(signal, "alarm", lambda _seconds: None)
    for request in sys.stdin.buffer:
        alarm(LIMIT_S)
        answer = search(request)
        alarm(0)
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
