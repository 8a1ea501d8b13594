"""Row 68: settings that leave something open are named, each at its variable; those that do not are not."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from server.preflight import prepare_data_dir
from server.review.settings import review_settings
from server.settings import Settings

PUBLIC: dict[str, Any] = {
    "public_url": "https://flows.example.com",
    "secrets_key": base64.b64encode(bytes(range(32))).decode(),
}


def found(directory: Path, **given: Any) -> list[tuple[str, str]]:
    settings = Settings(data_dir=directory / "data", **given)
    return [(one.code, one.where) for one in review_settings(settings)]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"metrics": "loopback", "registration": "open", "rate_user": "off"},
        PUBLIC,
        {**PUBLIC, "host": "0.0.0.0", "trusted_proxies": ("10.0.0.0/8",)},
        {"egress_allow": ("127.0.0.1", "10.1.2.3"), "secrets_env": ("APP_*",), "secrets_files": ("/run/secrets",)},
    ],
)
def test_nothing_is_said_of_what_is_well(tmp_path: Path, given: dict[str, Any]) -> None:
    """Row 68: neither of the defaults, nor of a server behind a proxy as the docs describe it."""
    assert found(tmp_path, **given) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({**PUBLIC, "registration": "open"}, ("settings.registration", "FLOWDESK_REGISTRATION")),
        ({**PUBLIC, "public_url": "http://flows.example.com"}, ("settings.tls", "FLOWDESK_PUBLIC_URL")),
        ({**PUBLIC, "host": "0.0.0.0"}, ("settings.tls", "HOST")),
        ({**PUBLIC, "metrics": "loopback"}, ("settings.metrics", "FLOWDESK_METRICS")),
        ({**PUBLIC, "rate_hook": "off"}, ("settings.rates", "FLOWDESK_RATE_HOOK")),
        ({**PUBLIC, "secrets_key": None}, ("settings.secrets_key", "FLOWDESK_SECRETS_KEY")),
        ({**PUBLIC, "trusted_proxies": ("0.0.0.0/0",)}, ("settings.proxies", "FLOWDESK_TRUSTED_PROXIES")),
        ({"token_hours": 721}, ("settings.token_hours", "FLOWDESK_TOKEN_HOURS")),
        ({"egress_allow": ("10.0.0.0/8",)}, ("settings.egress", "FLOWDESK_EGRESS_ALLOW")),
        ({"egress_allow": ("169.254.0.0/16",)}, ("settings.egress_metadata", "FLOWDESK_EGRESS_ALLOW")),
        ({"egress_allow": ("::/0",)}, ("settings.egress_metadata", "FLOWDESK_EGRESS_ALLOW")),
        ({"secrets_env": ("*",)}, ("settings.secret_environment", "FLOWDESK_SECRETS_ENV")),
        ({"secrets_env": ("FLOWDESK_*",)}, ("settings.secret_environment", "FLOWDESK_SECRETS_ENV")),
        ({"secrets_files": ("/",)}, ("settings.secret_files", "FLOWDESK_SECRETS_FILES")),
    ],
)
def test_what_is_open_is_named(tmp_path: Path, given: dict[str, Any], expected: tuple[str, str]) -> None:
    """Row 68."""
    assert found(tmp_path, **given) == [expected]


def test_files_that_others_can_use_are_named(tmp_path: Path) -> None:
    """Row 68: the database and the keys."""
    prepare_data_dir(tmp_path / "data")
    key = tmp_path / "data" / "secrets.key"
    key.touch(mode=0o640)
    assert found(tmp_path) == [("settings.files", str(key))]
    key.chmod(0o600)
    assert found(tmp_path) == []
