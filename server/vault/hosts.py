"""The hosts a secret may be bound to, as people write them."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from engine.errors import Invalid, Problem

MAX_HOSTS: Final = 50
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


def checked_hosts(hosts: list[str]) -> tuple[str, ...]:
    """The hosts in the form they are compared in; Invalid names the one that is none."""
    problems = []
    found: list[str] = []
    for index, text in enumerate(hosts):
        host = _host(text)
        if host is None:
            hint = "write api.example.com, *.example.com, or either with a port as in api.example.com:8443"
            problems.append(Problem("bad_host", f"{text[:100]!r} is not a host", field=f"hosts[{index}]", hint=hint))
        else:
            found.append(host)
    if problems:
        raise Invalid(problems=problems, code="bad_host")
    return tuple(dict.fromkeys(found))


def _host(text: str) -> str | None:
    text = text.strip().lower()
    name, port = text, ""
    if text.startswith("["):
        name, _, port = text[1:].partition("]")
    elif text.count(":") == 1:
        name, _, port = text.partition(":")
        port = f":{port}"
    if port and not (port[:1] == ":" and port[1:].isdigit() and 0 < int(port[1:]) < 65536):
        return None
    known = _address(name) or _domain(name)
    if known is None:
        return None
    return f"[{known}]{port}" if ":" in known else f"{known}{port}"


def _address(name: str) -> str | None:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return None


def _domain(name: str) -> str | None:
    wild, bare = ("*.", name[2:]) if name.startswith("*.") else ("", name)
    try:
        ascii_name = bare.removesuffix(".").encode("idna").decode() if not bare.isascii() else bare.removesuffix(".")
    except UnicodeError:
        return None
    labels = ascii_name.split(".")
    if len(ascii_name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    if wild and len(labels) < 2:
        return None
    return f"{wild}{ascii_name}"
