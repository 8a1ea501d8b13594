"""Log lines: the request id they carry."""

from __future__ import annotations

from contextvars import ContextVar

_request_id: ContextVar[str] = ContextVar("request_id", default="-")


def request_id() -> str:
    """The id of the request this code works for, `-` outside of one."""
    return _request_id.get()


def set_request_id(value: str) -> None:
    """Name the request this task works for."""
    _request_id.set(value)
