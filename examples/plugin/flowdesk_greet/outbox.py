"""`outbox.send`: a step made the short way, an object with `run(ctx, params)`.

It puts mails into a folder, where a mail server of the old school picks them up.
"""

from __future__ import annotations

import os
from email.message import EmailMessage
from pathlib import Path
from typing import Any


class SendMailHandler:
    """Put a mail into the outbox folder: `to`, `subject` and `text`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, ctx: Any, params: dict[str, Any]) -> dict[str, Any]:
        """Called in a thread, since it is not async: it may wait for the disk."""
        if "@" not in str(params.get("to", "")):
            return {"ok": False, "error": "`to` must be a mail address", "code": "bad_address", "retryable": False}
        mail = EmailMessage()
        mail["To"] = params["to"]
        mail["Subject"] = params.get("subject", "")
        mail.set_content(str(params.get("text", "")))
        self.folder.mkdir(parents=True, exist_ok=True)
        # The key is the same each time this step of this run is executed, so a repetition writes the same file.
        path = self.folder / f"{ctx.idempotency_key}.eml"
        path.write_bytes(bytes(mail))
        ctx.log(f"mail for {params['to']} is in the outbox")
        return {"ok": True, "data": {"file": str(path)}}


def setup(registry: Any) -> None:
    """Called once when FlowDesk starts."""
    registry.register("outbox.send", SendMailHandler(Path(os.environ.get("GREET_OUTBOX", "outbox"))))
