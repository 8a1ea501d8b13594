"""Settings: defaults, everything wrong at once, and nothing ignored in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import Unusable
from server.environment import load_settings
from server.settings import Settings, setting_names
from server.signing_key import signing_key, weakness

STRONG = "Zk3vQ9xP7mT2rW8sL4nB6hJ1cF5gD0aE"


def refusal(**environ: str) -> str:
    """What is said about these settings, which must be refused."""
    with pytest.raises(Unusable) as caught:
        load_settings(environ)
    assert caught.value.code == "settings"
    return str(caught.value)


def test_defaults_are_the_seeds() -> None:
    settings = load_settings({})
    assert (settings.port, settings.host, settings.start_scheduler) == (4000, "127.0.0.1", True)
    assert settings.synchronous == "FULL"
    assert settings.data_dir.is_absolute()


def test_environment_wins_over_dotenv_and_options_over_both(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("PORT=5001\nFLOWDESK_TOKEN_HOURS=3\nFLOWDESK_GRACE_S='4'\n")
    settings = load_settings({"PORT": "5002", "FLOWDESK_TOKEN_HOURS": "5"}, dotenv, {"port": 5003, "host": None})
    assert (settings.port, settings.token_hours, settings.grace_s) == (5003, 5, 4)
    assert settings.host == "127.0.0.1"


def test_empty_counts_as_not_given(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("PORT=\nJWT_SECRET=\nMONGO_URL=\nREDIS_URL=\nFLOWDESK_DATA_DIR=\n")
    assert load_settings({"HOST": ""}, dotenv) == load_settings({})


def test_a_label_is_one_line() -> None:
    assert load_settings({}).label == ""
    assert load_settings({"FLOWDESK_LABEL": " production "}).label == "production"
    for label in ("a\nb", "\x1b[31m", "x" * 41):
        assert "FLOWDESK_LABEL: " in refusal(FLOWDESK_LABEL=label)


@pytest.mark.parametrize("name", ["USER", "WORKSPACE", "HOOK", "ADDRESS"])
def test_a_rate_nobody_understands(name: str) -> None:
    assert f"FLOWDESK_RATE_{name}: write a number and a time such as 100/s" in refusal(**{f"FLOWDESK_RATE_{name}": "7"})


def test_everything_wrong_is_said_at_once() -> None:
    text = refusal(
        PORT="abc",
        START_SCHEDULER="maybe",
        FLOWDESK_SYNCHRONOUS="OFF",
        FLOWDESK_DATADIR="/x",
        FLOWDESK_TIMEZONE="Mars/Base",
        FLOWDESK_EGRESS_ALLOW="10.0.0.0/8, localhost",
        FLOWDESK_BCRYPT_COST="4",
    )
    assert text.startswith("7 settings are wrong:")
    for name in ("PORT", "START_SCHEDULER", "FLOWDESK_SYNCHRONOUS", "FLOWDESK_TIMEZONE", "FLOWDESK_BCRYPT_COST"):
        assert f"\n  {name}: " in text
    assert "FLOWDESK_DATADIR: there is no such setting; did you mean FLOWDESK_DATA_DIR?" in text
    assert "'localhost' is no IP address or network" in text


MONGO, REDIS = "mongodb://user:hunter2@host/db", "redis://user:hunter2@host/1"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"MONGO_URL": "postgres://user:hunter2@host"}, "MONGO_URL: must begin with mongodb:// or mongodb+srv://"),
        (
            {"MONGO_URL": MONGO, "REDIS_URL": "http://x:hunter2@y"},
            "REDIS_URL: must begin with redis:// or rediss:// or",
        ),
        ({"REDIS_URL": REDIS}, "REDIS_URL: needs MONGO_URL too: SQLite has one writing process"),
        ({"MONGO_URL": MONGO}, "JWT_SECRET: must be given with MONGO_URL, the same for every process"),
        ({"MONGO_URL": "x", "REDIS_URL": REDIS}, "MONGO_URL: must begin"),
        *(
            ({"MONGO_URL": MONGO, "REDIS_URL": url}, "REDIS_URL: is no address of Redis; write something like")
            for url in (
                "redis://",
                "redis://:hunter2@host:port/0",
                "redis://:hunter2/x@host/0",
                "redis://:hunter2@host/name",
                "redis://:hunter2@host/0?db=x",
                "redis://:hunter2@host/0?socket_timeout=600",
                "rediss://:hunter2@host/0?ssl_cert_reqs=maybe",
                "unix://",
            )
        ),
    ],
)
def test_wrong_addresses_of_servers(environ: dict[str, str], expected: str) -> None:
    text = refusal(**environ)
    assert expected in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("environ", "name", "needed"),
    [
        ({"FLOWDESK_WORKERS": "retries"}, "FLOWDESK_WORKERS", "without REDIS_URL"),
        ({"FLOWDESK_WORKERS": "ALL", "MONGO_URL": MONGO}, "FLOWDESK_WORKERS", "without REDIS_URL"),
        ({"FLOWDESK_WORKER_CONCURRENCY": "7"}, "FLOWDESK_WORKER_CONCURRENCY", "without REDIS_URL"),
        ({"FLOWDESK_REDIS_PREFIX": "mine"}, "FLOWDESK_REDIS_PREFIX", "without REDIS_URL"),
        ({"FLOWDESK_LEASE_S": "7"}, "FLOWDESK_LEASE_S", "without MONGO_URL"),
        ({"FLOWDESK_PROXY_HEADER": "forwarded"}, "FLOWDESK_PROXY_HEADER", "without FLOWDESK_TRUSTED_PROXIES"),
        ({"FLOWDESK_SYNCHRONOUS": "NORMAL", "MONGO_URL": MONGO}, "FLOWDESK_SYNCHRONOUS", "with MONGO_URL"),
    ],
)
def test_a_setting_without_effect_stops_the_start(environ: dict[str, str], name: str, needed: str) -> None:
    assert f"{name}: {'is for SQLite and ' * (name == 'FLOWDESK_SYNCHRONOUS')}has no effect {needed}" in refusal(
        **environ, JWT_SECRET=STRONG
    )


@pytest.mark.parametrize(
    ("environ", "execute"),
    [
        ({}, "all"),
        ({"FLOWDESK_WORKERS": "none"}, "all"),
        ({"MONGO_URL": MONGO}, "all"),
        ({"MONGO_URL": MONGO, "REDIS_URL": REDIS}, "fresh"),
        ({"MONGO_URL": MONGO, "REDIS_URL": "redis://host"}, "fresh"),
        ({"MONGO_URL": MONGO, "REDIS_URL": "rediss://:hunter2@[::1]:6380/1?ssl_ca_certs=/ca.pem"}, "fresh"),
        ({"MONGO_URL": MONGO, "REDIS_URL": "unix:///run/redis.sock?db=2"}, "fresh"),
        ({"MONGO_URL": MONGO, "REDIS_URL": REDIS, "FLOWDESK_WORKERS": "Retries"}, "fresh"),
        ({"MONGO_URL": MONGO, "REDIS_URL": REDIS, "FLOWDESK_WORKERS": "all"}, "none"),
        ({"MONGO_URL": MONGO, "REDIS_URL": REDIS, "FLOWDESK_WORKERS": "none"}, "all"),
    ],
)
def test_what_a_server_leaves_to_workers(environ: dict[str, str], execute: str) -> None:
    settings = load_settings({**environ, "JWT_SECRET": STRONG})
    assert settings.execute == execute
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("prefix", ["a:b", "", "ä", "a b", "x" * 65])
def test_names_in_redis_are_plain(prefix: str) -> None:
    """A colon in a name would get lost in the names that taskiq builds of it."""
    environ = {"MONGO_URL": MONGO, "REDIS_URL": REDIS, "JWT_SECRET": STRONG, "FLOWDESK_REDIS_PREFIX": prefix}
    if prefix:
        assert "FLOWDESK_REDIS_PREFIX" in refusal(**environ)
    else:
        assert load_settings(environ).redis_prefix == "flowdesk"


def test_slips_in_dotenv_are_found_and_other_programs_names_are_not(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("MONGO_URLS=x\nDATABASE_PASSWORD=y\nFLOWDESK_LOGLEVEL=debug\n")
    with pytest.raises(Unusable) as caught:
        load_settings({}, dotenv)
    assert f"MONGO_URLS in {dotenv}: there is no such setting; did you mean MONGO_URL?" in str(caught.value)
    assert "FLOWDESK_LOGLEVEL" in str(caught.value)
    assert "DATABASE_PASSWORD" not in str(caught.value)


def test_dotenv_values_are_taken_literally(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(f"JWT_SECRET='{STRONG}${{HOME}}'\n")
    assert load_settings({}, dotenv).jwt_secret == STRONG + "${HOME}"


def test_dotenv_that_cannot_be_read(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(b"PORT=\xff\xfe\n")
    with pytest.raises(Unusable, match="cannot read"):
        load_settings({}, dotenv)


def test_names_of_the_command_line_are_left_alone() -> None:
    assert load_settings({"FLOWDESK_URL": "http://x", "FLOWDESK_TOKEN": "t", "FLOWDESK_CONTEXT": "c"}).port == 4000


@pytest.mark.parametrize(
    "secret",
    ["", " ", "secret", "changeme", "x" * 40, "secret" * 8, "changeme-changeme-changeme-changeme", "abcabcabc" * 5],
)
def test_weak_signing_secrets(secret: str) -> None:
    """Row 40: short, repeated or well-known secrets are refused, and never shown."""
    assert weakness(secret)
    if secret.strip():
        text = refusal(JWT_SECRET=secret)
        assert "JWT_SECRET" in text
        assert "openssl rand" in text
        assert len(secret) < 10 or secret not in text


def test_strong_secret_is_taken_and_not_shown() -> None:
    """Row 48."""
    settings = load_settings({"JWT_SECRET": STRONG})
    assert signing_key(settings.jwt_secret, Path("/nowhere")) == STRONG.encode()
    assert STRONG not in repr(settings)


def test_signing_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    """Row 40: without a secret, 32 random bytes are kept with mode 0600."""
    path = tmp_path / "jwt.key"
    key = signing_key(None, path)
    assert len(key) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert signing_key(None, path) == key
    assert [entry.name for entry in tmp_path.iterdir()] == ["jwt.key"]


def test_damaged_signing_key_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "jwt.key"
    path.write_bytes(b"short")
    with pytest.raises(Unusable, match="does not hold a signing key"):
        signing_key(None, path)
    assert path.read_bytes() == b"short"


def test_signing_key_without_a_place(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="cannot use"):
        signing_key(None, tmp_path / "missing" / "jwt.key")


def test_every_field_has_a_name_and_a_description() -> None:
    names = setting_names()
    assert len(set(names.values())) == len(names)
    for field, name in names.items():
        assert name.isupper(), field
        assert Settings.model_fields[field].description, field


def test_the_example_is_the_defaults() -> None:
    """`.env.example`, copied as it is, changes nothing; that it names every setting is checked with the other docs."""
    example = Path(__file__).parents[2] / ".env.example"
    assert load_settings({}, example) == load_settings({})
    assert all(f"\n{name}=" in example.read_text() for name in setting_names().values())
