"""The built-in families of steps, by the modules whose `steps` object the registry loads."""

from __future__ import annotations

from typing import Final

BUILTINS: Final[tuple[str, ...]] = (
    "plugins.manual",
    "plugins.schedule",
    "plugins.http.steps",
    "plugins.data",
    "plugins.text",
    "plugins.flow",
    "plugins.waiting",
    "plugins.calling",
    "plugins.looping",
    "plugins.core",
)
