"""Row 68: settings that open a door are named at the start, and some nobody can mean stop it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.errors import Unusable
from server.environment import load_settings
from server.preflight import refuse_unsafe, warnings
from server.settings import Settings

ANYWHERE = ["0.0.0.0"]


@pytest.mark.parametrize(
    ("given", "hosts", "said"),
    [
        ({}, [], []),
        ({}, ANYWHERE, ["without TLS and behind no proxy", "can make an account"]),
        ({"host": "0.0.0.0"}, ANYWHERE, ["without TLS and behind no proxy"]),
        ({"host": "0.0.0.0", "registration": "open"}, ANYWHERE, ["without TLS and", "FLOWDESK_REGISTRATION=invite"]),
        ({"host": "0.0.0.0", "trusted_proxies": "10.0.0.0/8"}, ANYWHERE, ["let only the proxies reach its port"]),
        ({"trusted_proxies": "127.0.0.1"}, [], []),
        ({"trusted_proxies": "10.0.0.1, ::/0"}, [], ["FLOWDESK_TRUSTED_PROXIES must name the proxies only"]),
        ({"egress_allow": "10.0.0.0/8"}, [], []),
        ({"egress_allow": "10.0.0.0/8, 0.0.0.0/0"}, [], ["FLOWDESK_EGRESS_ALLOW opens all addresses"]),
        ({"egress_allow": "::/0"}, [], ["FLOWDESK_EGRESS_ALLOW opens all addresses"]),
        ({"log_level": "debug"}, [], []),
        ({"host": "0.0.0.0", "log_level": "debug"}, ANYWHERE, ["without TLS", "FLOWDESK_LOG_LEVEL is debug"]),
        ({"metrics": "loopback", "public_url": "https://f.example"}, [], ["everybody may read /metrics"]),
    ],
)
def test_open_doors_are_named(given: dict[str, Any], hosts: list[str], said: list[str], tmp_path: Path) -> None:
    """Rows 64, 68: each with what to do, and nothing is said of what is as it should be."""
    tmp_path.chmod(0o700)
    found = warnings(Settings(data_dir=tmp_path, **given), hosts)
    assert len(found) == len(said)
    assert all(part in text for part, text in zip(said, found, strict=True))


@pytest.mark.parametrize(
    ("given", "hosts", "refused"),
    [
        ({"registration": "open"}, ["8.8.8.8"], True),
        ({"registration": "open"}, ["127.0.0.1", "2606:4700::1"], True),
        ({"registration": "open", "trusted_proxies": "10.0.0.1"}, ["8.8.8.8"], False),
        ({"registration": "invite"}, ["8.8.8.8"], False),
        ({"host": "8.8.8.8"}, ["8.8.8.8"], False),
        ({"registration": "open"}, ["0.0.0.0", "10.1.2.3", "fe80::1%eth0"], False),
        ({}, [], False),
    ],
)
def test_accounts_for_the_whole_internet(given: dict[str, Any], hosts: list[str], refused: bool) -> None:
    """Row 68: on an address that is certainly public, without TLS, nobody can mean that."""
    settings = Settings(**given)
    if not refused:
        refuse_unsafe(settings, hosts)
        return
    with pytest.raises(Unusable, match="where anybody could make an account") as caught:
        refuse_unsafe(settings, hosts)
    assert "FLOWDESK_REGISTRATION=invite" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"JWT_SECRET": "secret"}, "JWT_SECRET: is only 6 bytes long"),
        ({"JWT_SECRET": "changeme" * 8}, "JWT_SECRET: repeats the same few characters"),
        ({"FLOWDESK_SECRETS_KEY": "c2hvcnQ="}, "FLOWDESK_SECRETS_KEY: holds a key of 5 bytes"),
        ({"FLOWDESK_SECRETS_KEY": "A" * 43}, "FLOWDESK_SECRETS_KEY: holds a key that repeats the same few bytes"),
        ({"FLOWDESK_METRICS_TOKEN": "short"}, "FLOWDESK_METRICS_TOKEN: "),
        ({"FLOWDESK_BCRYPT_COST": "4"}, "FLOWDESK_BCRYPT_COST: "),
    ],
)
def test_what_is_too_weak_stops_the_start(environ: dict[str, str], said: str) -> None:
    """Rows 40, 68: with the name of the setting, and never with its value where that is a secret."""
    with pytest.raises(Unusable) as caught:
        load_settings(environ)
    assert said in str(caught.value)
    assert "changeme" not in str(caught.value)
