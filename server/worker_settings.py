"""The settings of a worker: those of the servers, refused where a worker would have nothing to do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.errors import Unusable
from server.environment import load_settings
from server.preflight import check_house
from server.settings import Settings


def worker_settings(environ: Mapping[str, str], dotenv: Path) -> Settings:
    """Settings that a worker can work with; Unusable says what to set otherwise."""
    settings = load_settings(environ, dotenv)
    check_house()
    if settings.mongo_url is None:
        raise Unusable(
            "without MONGO_URL everything is in SQLite, which only the server may write; it executes all runs itself",
            code="settings",
            hint="set MONGO_URL and REDIS_URL, for the servers too, to share the work with workers",
        )
    if settings.redis_url is None:
        raise Unusable(
            "workers are woken through Redis, and REDIS_URL is not set",
            code="settings",
            hint="set REDIS_URL, for the servers too",
        )
    if settings.workers_execute == "none":
        raise Unusable(
            "FLOWDESK_WORKERS=none leaves nothing to workers",
            code="settings",
            hint="set it to retries or all, for the servers too",
        )
    return settings
