"""Looked at once before the start: are these our packages, can we write here, is anything left open to others?"""

from __future__ import annotations

import importlib.util
import stat
import tempfile
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

from engine.errors import Unusable
from server.settings import Settings

PACKAGES: Final = ("engine", "flowdesk", "plugins", "server")


def check_house() -> None:
    """The four packages must lie side by side; a folder of the same name elsewhere on the path would shadow one."""
    home = Path(__file__).resolve().parent.parent
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        place = Path(spec.origin).resolve().parent.parent if spec is not None and spec.origin else None
        if place != home:
            raise Unusable(
                f"the package {name!r} comes from {place or 'nowhere'} and not from {home}",
                code="settings",
                hint=f"another folder called {name} is in the way; start with python -P or from another directory",
            )


def prepare_data_dir(path: Path) -> None:
    """Make the directory, for its owner only, and be sure that files can be made in it; Unusable otherwise."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise Unusable(
            f"cannot write to the data directory {path}: {error.strerror}",
            code="data_dir",
            hint="FLOWDESK_DATA_DIR or --data-dir chooses another one",
        ) from None


def warnings(settings: Settings, open_hosts: list[str]) -> list[str]:
    """What an operator should know before others find it out."""
    found = [_in_the_open(settings, host) for host in open_hosts]
    found += [
        f"other users of this machine can use {path}; chmod go-rwx takes that away" for path in open_to_others(settings)
    ]
    if _mode(settings.data_dir) & (stat.S_IWGRP | stat.S_IWOTH):
        found.append(f"other users of this machine can write to {settings.data_dir}; chmod go-w takes that away")
    if open_hosts and settings.registers == "open":
        found.append("anybody who reaches this server can make an account; FLOWDESK_REGISTRATION=invite prevents it")
    if _has_everything(settings.trusted_proxies):
        found.append(
            "everybody is believed to be whoever they say: FLOWDESK_TRUSTED_PROXIES must name the proxies only"
        )
    if _has_everything(settings.egress_allow):
        found.append(
            "steps of everybody may reach this machine, its network and what else is not public: FLOWDESK_EGRESS_ALLOW "
            "opens all addresses; name the few that are needed"
        )
    if open_hosts and settings.log_level == "debug":
        found.append("each request is logged, as FLOWDESK_LOG_LEVEL is debug; leave it empty where strangers come")
    if settings.metrics == "loopback" and settings.public_url:
        found.append(
            "everybody may read /metrics through a proxy on this machine that hides whom it asks for; "
            "FLOWDESK_METRICS_TOKEN is safer than FLOWDESK_METRICS=loopback"
        )
    return found


def _has_everything(networks: tuple[str, ...]) -> bool:
    return any(ip_network(entry, strict=False).prefixlen == 0 for entry in networks)


def _in_the_open(settings: Settings, host: str) -> str:
    if settings.trusted_proxies:
        return f"{host} is reachable by other machines, without TLS; let only the proxies reach its port"
    return (
        f"{host} is reachable by other machines, without TLS and behind no proxy: passwords and tokens can be read on "
        "the way; put a TLS proxy in front and name it in FLOWDESK_TRUSTED_PROXIES, or leave HOST empty"
    )


def refuse_unsafe(settings: Settings, open_hosts: list[str]) -> None:
    """Unusable for what nobody can mean: an account for everybody on the internet, with passwords in clear text."""
    public = [host for host in open_hosts if ip_address(host.partition("%")[0]).is_global]
    if public and settings.registers == "open" and not settings.trusted_proxies:
        raise Unusable(
            f"{public[0]} is an address of the public internet, where anybody could make an account, without TLS",
            code="settings",
            hint="FLOWDESK_REGISTRATION=invite, or a TLS proxy in front that FLOWDESK_TRUSTED_PROXIES names",
        )


def open_to_others(settings: Settings) -> list[Path]:
    """The files with data or keys that other users of this machine can use."""
    files = (settings.database, settings.signing_key_file, settings.secrets_key_file)
    return [path for path in files if _mode(path) & (stat.S_IRWXG | stat.S_IRWXO)]


def _mode(path: Path) -> int:
    """Permission bits; 0 when the file is not there."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0
