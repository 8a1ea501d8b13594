"""What an operator's settings leave open."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from server.preflight import open_to_others
from server.review.findings import Finding
from server.settings import Settings, setting_names

_METADATA: Final = tuple(map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254", "168.63.129.16")))
"""Where clouds answer their machines."""
_LONG_HOURS: Final = 720
_RATES: Final = ("rate_user", "rate_workspace", "rate_hook", "rate_address")
_OWN: Final = ("JWT_SECRET", "FLOWDESK_SECRETS_KEY", "MONGO_URL")


def review_settings(settings: Settings) -> Iterator[Finding]:
    """Every risk, each at the variable to change."""
    names = setting_names()
    if not settings.only_local:
        yield from _in_public(settings)
    for network in settings.trusted_proxies:
        if ipaddress.ip_network(network, strict=False).prefixlen == 0:
            yield Finding("settings.proxies", names["trusted_proxies"], network)
    for path in open_to_others(settings):
        yield Finding("settings.files", str(path))
    yield from _sources(settings)
    yield from _egress(settings)
    if settings.token_hours > _LONG_HOURS:
        yield Finding("settings.token_hours", names["token_hours"], f"{settings.token_hours} hours")


def _in_public(settings: Settings) -> Iterator[Finding]:
    """What is no risk while only this machine reaches the server."""
    names = setting_names()
    if settings.registers == "open":
        yield Finding("settings.registration", names["registration"])
    if urlsplit(settings.public_url).scheme == "http":
        yield Finding("settings.tls", names["public_url"], "its address begins with http://")
    elif not settings.on_loopback and not settings.trusted_proxies:
        yield Finding("settings.tls", names["host"], f"{settings.host} is reachable, and no proxy stands in front")
    if settings.metrics == "loopback":
        yield Finding("settings.metrics", names["metrics"])
    for name in _RATES:
        if getattr(settings, name) == "off":
            yield Finding("settings.rates", names[name])
    if settings.secrets_key is None and settings.mongo_url is None:
        yield Finding("settings.secrets_key", names["secrets_key"])


def _sources(settings: Settings) -> Iterator[Finding]:
    names, home = setting_names(), settings.data_dir.resolve()
    for directory in settings.secrets_files:
        opened = Path(directory).resolve()
        if opened == home or opened in home.parents or home in opened.parents:
            yield Finding("settings.secret_files", names["secrets_files"], directory)
    for pattern in settings.secrets_env:
        if any(fnmatchcase(name, pattern) for name in _OWN):
            yield Finding("settings.secret_environment", names["secrets_env"], pattern)


def _egress(settings: Settings) -> Iterator[Finding]:
    where = setting_names()["egress_allow"]
    for entry in settings.egress_allow:
        network = ipaddress.ip_network(entry, strict=False)
        if any(address in network for address in _METADATA):
            yield Finding("settings.egress_metadata", where, entry)
        elif network.num_addresses > 1:
            yield Finding("settings.egress", where, entry)
