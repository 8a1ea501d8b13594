"""Settings: read once, checked at once."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """What an operator may choose."""

    model_config = ConfigDict(frozen=True)

    max_body_bytes: int = 5_000_000
    body_timeout_s: float = 30.0
