"""The front door for third-party plugins: everything of `engine.sdk`, under a name that stays."""

from engine.sdk import (
    API_VERSION,
    AsyncIterator,
    BadJson,
    Context,
    Example,
    Host,
    Params,
    RetryLater,
    StepDefinition,
    StepResult,
    Steps,
    Stop,
    parse_json,
)

__all__ = [
    "API_VERSION",
    "AsyncIterator",
    "BadJson",
    "Context",
    "Example",
    "Host",
    "Params",
    "RetryLater",
    "StepDefinition",
    "StepResult",
    "Steps",
    "Stop",
    "parse_json",
]
