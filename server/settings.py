"""What an operator may choose, and the defaults.

The alias of a field is the name of its environment variable; the text below it is its documentation, from which
`.env.example` and the table in docs/operate.md are made.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import platformdirs
from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from engine.doorbell import Execute
from server.settings_limits import LimitSettings, checked_networks
from server.settings_limits import lower as _lower
from server.settings_limits import words as _words
from server.signing_key import weakness
from server.vault.keyring import HOW_TO_MAKE, parse_keys

_SCHEMES: Final = {
    "mongo_url": ("mongodb://", "mongodb+srv://"),
    "redis_url": ("redis://", "rediss://", "unix://"),
}
_EXECUTE: Final[dict[str, Execute]] = {"retries": "fresh", "all": "none", "none": "all"}
"""What a server executes when workers execute this."""

MIN_BCRYPT_COST = 10
MAX_BCRYPT_COST = 15


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def default_data_dir() -> Path:
    """Where this platform keeps a user's data."""
    return Path(platformdirs.user_data_dir("flowdesk", appauthor=False))


class Settings(LimitSettings):
    """All settings, checked. Empty counts as not given."""

    port: int = Field(default=4000, alias="PORT", ge=0, le=65535)
    """The TCP port to listen on; 0 takes any free one."""
    host: str = Field(default="127.0.0.1", alias="HOST", min_length=1)
    """The address to listen on. Beyond loopback, put a TLS proxy in front."""
    mongo_url: str | None = Field(default=None, alias="MONGO_URL", repr=False)
    """The MongoDB that keeps everything, such as mongodb://host:27017/flowdesk; any number of servers may share it.
    Empty: SQLite in the data directory, for one server."""
    redis_url: str | None = Field(default=None, alias="REDIS_URL", repr=False)
    """The Redis that wakes workers and carries live events between servers, such as redis://host:6379/0. Needs
    MONGO_URL. Nothing is kept in it."""
    jwt_secret: str | None = Field(default=None, alias="JWT_SECRET", repr=False, validate_default=True)
    """The key that signs tokens, at least 32 bytes. Empty: made at the first start and kept in the data directory; with
    MONGO_URL it must be given, the same for every process."""
    secrets_key: str | None = Field(default=None, alias="FLOWDESK_SECRETS_KEY", repr=False)
    """The key that seals secrets: 32 bytes in base64, or several separated by commas, of which the first one seals
    and all open. Empty: made with the first secret and kept in the data directory; with MONGO_URL it must be given, the
    same for every process, before secrets can be kept."""
    secrets_env: Annotated[tuple[str, ...], BeforeValidator(_words)] = Field(default=(), alias="FLOWDESK_SECRETS_ENV")
    """Environment variables of the server that everybody's secrets may be taken from, separated by commas; `*` stands
    for any letters, as in APP_*."""
    secrets_files: Annotated[tuple[str, ...], BeforeValidator(_words)] = Field(
        default=(), alias="FLOWDESK_SECRETS_FILES"
    )
    """Directories, separated by commas, in whose files everybody's secrets may be kept, such as /run/secrets."""
    start_scheduler: bool = Field(default=True, alias="START_SCHEDULER")
    """Whether this server starts the runs of cron schedules."""

    data_dir: Path = Field(default_factory=default_data_dir, alias="FLOWDESK_DATA_DIR")
    """Where the database, the signing key and the state file live. Empty: the platform's place for user data."""
    synchronous: Annotated[Literal["FULL", "NORMAL"], BeforeValidator(_upper)] = Field(
        default="FULL", alias="FLOWDESK_SYNCHRONOUS"
    )
    """FULL survives a power cut; NORMAL is faster and may lose the last moments to one (never to a crash)."""
    egress_allow: Annotated[tuple[str, ...], BeforeValidator(_words)] = Field(default=(), alias="FLOWDESK_EGRESS_ALLOW")
    """Addresses and networks, separated by commas, that steps may reach although they are not public."""
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = Field(
        default="info", alias="FLOWDESK_LOG_LEVEL"
    )
    """debug, info, warning or error; requests that succeed are logged at debug only."""
    log_format: Annotated[Literal["auto", "json", "text"], BeforeValidator(_lower)] = Field(
        default="auto", alias="FLOWDESK_LOG_FORMAT"
    )
    """json writes one object per line, text is for people, auto chooses text on a terminal."""
    max_body_bytes: int = Field(default=5_000_000, alias="FLOWDESK_MAX_BODY_BYTES", ge=1024, le=100_000_000)
    """The largest request body, counted after decompression."""
    header_timeout_s: float = Field(default=10, alias="FLOWDESK_HEADER_TIMEOUT_S", gt=0, le=300)
    """Seconds a client has to send the head of a request once it began."""
    body_timeout_s: float = Field(default=30, alias="FLOWDESK_BODY_TIMEOUT_S", gt=0, le=3600)
    """Seconds a client has to send the body of a request, and to go on reading when an answer waits for it."""
    idle_timeout_s: float = Field(default=75, alias="FLOWDESK_IDLE_TIMEOUT_S", gt=0, le=3600)
    """Seconds a connection may stay open between requests."""
    step_timeout_ms: int = Field(default=60_000, alias="FLOWDESK_STEP_TIMEOUT_MS", ge=1, le=86_400_000)
    """How long one attempt of a step may take when the step says nothing else."""
    max_concurrent_runs: int = Field(default=256, alias="FLOWDESK_MAX_CONCURRENT_RUNS", ge=1, le=100_000)
    """How many runs work at the same time; the others wait in the queue."""
    max_runs_per_owner: int | None = Field(default=None, alias="FLOWDESK_MAX_RUNS_PER_OWNER", ge=1, le=100_000)
    """How many runs of one owner work at the same time, so that nobody takes all the room. Empty: four fifths of the
    runs that work at the same time."""
    max_queued_runs: int = Field(default=10_000, alias="FLOWDESK_MAX_QUEUED_RUNS", ge=0, le=1_000_000)
    """How many accepted runs are held in memory to wait; the rest waits in the database."""
    workers: Annotated[Literal["retries", "all", "none"] | None, BeforeValidator(_lower)] = Field(
        default=None, alias="FLOWDESK_WORKERS"
    )
    """What `taskiq worker server.worker:broker` executes: retries, all runs, or none of them. Empty: retries with
    REDIS_URL, none without."""
    worker_concurrency: int = Field(default=100, alias="FLOWDESK_WORKER_CONCURRENCY", ge=1, le=10_000)
    """How many runs each worker process executes at the same time; needs REDIS_URL."""
    redis_prefix: str = Field(default="flowdesk", alias="FLOWDESK_REDIS_PREFIX", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    """What names in Redis begin with; several FlowDesks in one Redis need different ones. Needs REDIS_URL."""
    lease_s: float = Field(default=20, alias="FLOWDESK_LEASE_S", ge=1, le=300)
    """Seconds without a sign of life after which the runs of a process go to others; needs MONGO_URL."""
    retention_days: int = Field(default=30, alias="FLOWDESK_RETENTION_DAYS", ge=0, le=36_500)
    """Finished runs older than this are removed; 0 keeps them for ever."""
    timezone: str = Field(default="UTC", alias="FLOWDESK_TIMEZONE")
    """The IANA zone of cron expressions that name none."""
    registration: Annotated[Literal["open", "invite", "closed"] | None, BeforeValidator(_lower)] = Field(
        default=None, alias="FLOWDESK_REGISTRATION"
    )
    """open lets anybody who reaches the server make an account, invite only those with an invitation, and closed leaves
    that to administrators. Empty: open while HOST is a loopback address and neither FLOWDESK_TRUSTED_PROXIES nor
    FLOWDESK_PUBLIC_URL speaks of others, else invite."""
    bcrypt_cost: int = Field(default=12, alias="FLOWDESK_BCRYPT_COST", ge=MIN_BCRYPT_COST, le=MAX_BCRYPT_COST)
    """The work factor of password hashes, 10 to 15; each step doubles the time of a login."""
    token_hours: int = Field(default=168, alias="FLOWDESK_TOKEN_HOURS", ge=1, le=8760)
    """How many hours a token lasts."""
    session_days: int = Field(default=30, alias="FLOWDESK_SESSION_DAYS", ge=1, le=3650)
    """How many days after its last use a refresh token can still be exchanged for another token."""
    grace_s: float = Field(default=10, alias="FLOWDESK_GRACE_S", ge=0, le=600)
    """Seconds that running steps get to finish when the server is asked to stop."""
    public_url: str = Field(default="", alias="FLOWDESK_PUBLIC_URL", max_length=200)
    """The address people reach this FlowDesk at, such as https://flows.example.org; links in messages begin with it.
    Empty: the address the server listens on, and in workers no links."""
    metrics: Annotated[Literal["admin", "loopback"], BeforeValidator(_lower)] = Field(
        default="admin", alias="FLOWDESK_METRICS"
    )
    """Who may read /metrics: admin lets administrators, loopback also whoever asks on the same machine (so leave it
    when a proxy runs there)."""
    metrics_token: str | None = Field(default=None, alias="FLOWDESK_METRICS_TOKEN", repr=False, pattern=r"^[!-~]{16,}$")
    """A bearer token that may read /metrics and nothing else, at least 16 characters."""
    worker_metrics_port: int | None = Field(default=None, alias="FLOWDESK_WORKER_METRICS_PORT", ge=1, le=65535)
    """The port where a worker answers /metrics at HOST; further processes of one manager take the ports that follow.
    Needs REDIS_URL, and FLOWDESK_METRICS_TOKEN or FLOWDESK_METRICS=loopback. Empty: none."""
    otel: Annotated[Literal["on", "off"] | None, BeforeValidator(_lower)] = Field(default=None, alias="FLOWDESK_OTEL")
    """on sends traces to an OpenTelemetry collector, off sends none. Empty: on when OTEL_EXPORTER_OTLP_ENDPOINT is set.
    Needs the extra `otel` (docs/tracing.md)."""
    otel_endpoint: str | None = Field(default=None, alias="OTEL_EXPORTER_OTLP_ENDPOINT", repr=False)
    """The collector's address for OTLP over HTTP, such as http://collector:4318. Other OTEL_* variables are read from
    the environment, and not from .env, as OpenTelemetry describes them."""
    label: str = Field(default="", alias="FLOWDESK_LABEL", max_length=40)
    """What people call this installation, such as staging; the terminal UI shows it, and takes more care with
    production."""

    @property
    def only_local(self) -> bool:
        """Whether only this machine reaches the server: on loopback, and as far as we are told behind no proxy."""
        outside = urlsplit(self.public_url).hostname
        return self.on_loopback and not self.trusted_proxies and (outside is None or _is_loopback(outside))

    @property
    def on_loopback(self) -> bool:
        """Whether it listens where only this machine, and a proxy on it, can connect."""
        return _is_loopback(self.host)

    @property
    def registers(self) -> Literal["open", "invite", "closed"]:
        """Who may make an account."""
        return self.registration or ("open" if self.only_local else "invite")

    @property
    def traces(self) -> bool:
        """Whether traces are sent."""
        return self.otel == "on" or (self.otel is None and self.otel_endpoint is not None)

    @property
    def workers_execute(self) -> Literal["retries", "all", "none"]:
        """What workers execute."""
        return self.workers or ("none" if self.redis_url is None else "retries")

    @property
    def execute(self) -> Execute:
        """Which runs a server executes itself."""
        return _EXECUTE[self.workers_execute]

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data_dir / "flowdesk.db"

    @property
    def signing_key_file(self) -> Path:
        """The key that signs tokens, when the operator gave none."""
        return self.data_dir / "jwt.key"

    @property
    def secrets_key_file(self) -> Path:
        """The keys that seal secrets, when the operator gave none."""
        return self.data_dir / "secrets.key"

    @property
    def state_file(self) -> Path:
        """Where a running server says how to reach it."""
        return self.data_dir / "server.json"

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("public_url")
    @classmethod
    def _base(cls, value: str) -> str:
        if value and (not value.startswith(("http://", "https://")) or not value.isprintable() or "?" in value):
            raise ValueError("must begin with http:// or https:// and have no query")
        return value.rstrip("/")

    @field_validator("otel_endpoint")
    @classmethod
    def _collector(cls, value: str | None) -> str | None:
        if value is not None and (not value.startswith(("http://", "https://")) or "@" in value or "?" in value):
            raise ValueError(
                "must be an address like http://collector:4318, without a password; that goes into "
                "OTEL_EXPORTER_OTLP_HEADERS"
            )
        return value

    @field_validator("label")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("must be one line of printable characters")
        return value.strip()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (OSError, ValueError, KeyError):
            raise ValueError(f"no such time zone: {value!r}; use an IANA name such as Europe/Berlin") from None
        return value

    @field_validator("egress_allow")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return checked_networks(value)

    @field_validator("mongo_url", "redis_url")
    @classmethod
    def _addresses(cls, value: str | None, info: ValidationInfo) -> str | None:
        schemes = _SCHEMES[info.field_name or ""]
        if value is not None and not value.startswith(schemes):
            raise ValueError(f"must begin with {' or '.join(schemes)}")
        if info.field_name == "redis_url" and value is not None and _lacks(info, "mongo_url"):
            raise ValueError(
                "needs MONGO_URL too: SQLite has one writing process, which has no use for Redis; "
                "leave it empty, or set MONGO_URL to let several processes share the work"
            )
        if info.field_name == "redis_url" and value is not None:
            from server.redis_client import is_address  # the driver costs time

            if not is_address(value):  # its own words may quote the password
                raise ValueError("is no address of Redis; write something like redis://:password@host:6379/0")
        return value

    @field_validator("jwt_secret")
    @classmethod
    def _strong(cls, value: str | None, info: ValidationInfo) -> str | None:
        found = None if value is None else weakness(value)
        if found:
            raise ValueError(f"{found}; make one with: openssl rand -base64 48")
        if value is None and not _lacks(info, "mongo_url"):
            raise ValueError(
                "must be given with MONGO_URL, the same for every process; make one with: openssl rand -base64 48"
            )
        return value

    @field_validator("secrets_key")
    @classmethod
    def _keys(cls, value: str | None) -> str | None:
        if value is not None and not parse_keys(value):
            raise ValueError(f"holds no key; {HOW_TO_MAKE}")
        return value

    @field_validator("secrets_files")
    @classmethod
    def _directories(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not Path(entry).is_absolute():
                raise ValueError(f"{entry!r} is no absolute path")
        return value

    @field_validator("worker_metrics_port")
    @classmethod
    def _for_somebody(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and info.data.get("metrics") == "admin" and _lacks(info, "metrics_token"):
            raise ValueError(
                "nobody could read it, since workers know no accounts; "
                "set FLOWDESK_METRICS_TOKEN too, or FLOWDESK_METRICS=loopback"
            )
        return value

    @field_validator("synchronous", "workers", "worker_concurrency", "redis_prefix", "lease_s", "worker_metrics_port")
    @classmethod
    def _not_without_effect(cls, value: Any, info: ValidationInfo) -> Any:
        name = info.field_name or ""
        if value == cls.model_fields[name].default or (name == "workers" and value == "none"):
            return value
        if name == "synchronous":
            if not _lacks(info, "mongo_url"):
                raise ValueError("is for SQLite and has no effect with MONGO_URL; leave it empty")
        elif name == "lease_s":
            if _lacks(info, "mongo_url"):
                raise ValueError("has no effect without MONGO_URL; leave it empty")
        elif _lacks(info, "redis_url"):
            raise ValueError("has no effect without REDIS_URL; leave it empty")
        return value


def _is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there; a name other than localhost may mean anything."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _lacks(info: ValidationInfo, name: str) -> bool:
    """Whether this setting, which stands before the one in question, is not given; a wrong one is given."""
    return name in info.data and info.data[name] is None


def setting_names() -> dict[str, str]:
    """Environment variable by field; the limits, which few need to set, come last."""
    fields = Settings.model_fields
    ordered = [name for name in fields if name not in LimitSettings.model_fields] + list(LimitSettings.model_fields)
    return {name: fields[name].alias or name for name in ordered}


def setting_default(name: str) -> str:
    """The default as it is written in `.env.example`; empty when it is worked out at start."""
    default: Any = Settings.model_fields[name].default
    if isinstance(default, bool):
        return str(int(default))
    if default is None or isinstance(default, tuple):
        return ""
    return "" if Settings.model_fields[name].default_factory else str(default)
