"""The files of deploy/ name settings, commands, ports and paths that exist. No engine runs here; they are read."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values
from ruamel.yaml import YAML

from server import worker
from server.app import all_routes
from server.environment import load_settings
from server.manager import REFUSED
from server.settings import Settings, setting_names
from server.worker_settings import worker_settings
from tests.house.tree import ROOT, name_of

DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("systemd/*.service"))
ENVIRONMENTS = sorted(DEPLOY.glob("systemd/*.env.example"))
STRONG = "Zk3vQ9xP7mT2rW8sL4nB6hJ1cF5gD0aE"
OURS = ("flowdesk-server", "taskiq")
SCRIPTS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """compose.yaml, with its merges done."""
    found: dict[str, Any] = YAML(typ="safe").load((DEPLOY / "compose.yaml").read_text())
    return found


@pytest.fixture(scope="module")
def nginx() -> str:
    """nginx.conf without comments."""
    return re.sub(r"#[^\n]*", "", (DEPLOY / "nginx.conf").read_text())


def _ours(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: service for name, service in compose["services"].items() if service["image"] == "flowdesk"}


def _filled(service: dict[str, Any]) -> dict[str, str]:
    """The environment of a service as Compose hands it on; a variable without a default gets a good key."""
    return {
        name: re.sub(r"\$\{\w+:([-?])([^}]*)\}", lambda found: found[2] if found[1] == "-" else STRONG, str(value))
        for name, value in service["environment"].items()
    }


def _is_a_command(words: list[str]) -> None:
    assert words[0] in OURS
    assert (SCRIPTS / words[0]).exists()
    if words[0] == "taskiq":
        assert words[1:3] == ["worker", "server.worker:broker"]
        assert callable(worker.broker)
        offered = subprocess.run([SCRIPTS / "taskiq", "worker", "--help"], capture_output=True, text=True, timeout=60)
        assert all(word in offered.stdout for word in words[3:] if word.startswith("-"))


def test_compose_has_every_part(compose: dict[str, Any]) -> None:
    assert set(_ours(compose)) == {"server1", "server2", "worker"}
    assert set(compose["services"]) - set(_ours(compose)) == {"proxy", "mongo", "redis"}
    assert compose["services"]["worker"]["deploy"]["replicas"] == 2
    for service in compose["services"].values():
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            assert source.startswith(("./", "/")) or source in compose["volumes"]
        assert set(service["networks"]) <= set(compose["networks"])
        assert service["restart"] == "unless-stopped"


def test_compose_gives_settings_servers_and_workers_accept(compose: dict[str, Any], tmp_path: Path) -> None:
    for service in _ours(compose).values():
        environment = _filled(service)
        assert set(environment) <= set(setting_names().values())
        settings = load_settings(environment)
        assert settings.mongo_url is not None
        assert settings.redis_url is not None
        worker_settings(environment, tmp_path / "none")
        assert float(service["stop_grace_period"].removesuffix("s")) > settings.grace_s
        _is_a_command(service["command"])


def test_compose_shows_nothing_but_the_proxy(compose: dict[str, Any]) -> None:
    """Row 68: MongoDB and Redis ask for no password there, so nobody else may reach them."""
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["proxy"]
    assert compose["networks"]["inside"] == {"internal": True}
    for name in ("mongo", "redis"):
        assert compose["services"][name]["networks"] == ["inside"]
    assert "inside" not in compose["services"]["proxy"]["networks"]
    for service in _ours(compose).values():
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True


def test_a_process_that_grows_without_end_is_ended_and_started_again(compose: dict[str, Any]) -> None:
    """Row 34: a step that leaks memory costs its process, not the machine; R2 and R12 take care of its runs."""
    for service in _ours(compose).values():
        assert service["mem_limit"] == "2g"
        assert service["restart"] == "unless-stopped"
    for path in UNITS:
        lines = path.read_text().splitlines()
        assert "MemoryMax=2G" in lines
        assert "Restart=on-failure" in lines  # the kernel's SIGKILL is a failure


def test_compose_keeps_what_must_be_kept(compose: dict[str, Any]) -> None:
    mongo, redis = compose["services"]["mongo"], compose["services"]["redis"]
    assert shlex.join(redis["command"]).startswith("redis-server --appendonly yes")
    assert "noeviction" in redis["command"]
    assert mongo["command"][mongo["command"].index("--replSet") + 1] == "flowdesk"
    (member,) = re.findall(r'host: "([^"]+)"', mongo["healthcheck"]["test"][-1])
    urls = [_filled(service)["MONGO_URL"] for service in _ours(compose).values()]
    assert set(urls) == {f"mongodb://{member}/flowdesk?replicaSet=flowdesk"}
    for service in _ours(compose).values():
        assert {need["condition"] for need in service["depends_on"].values()} == {"service_healthy"}


def test_compose_and_its_environment_file_agree(compose: dict[str, Any]) -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    wanted = {found[0] for found in re.findall(r"\$\{(\w+)(:[-?][^}]*)\}", text)}
    offered = dotenv_values(DEPLOY / "compose.env.example")
    assert set(offered) == wanted
    defaults = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", text))
    assert {name: value for name, value in offered.items() if value} == defaults


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=name_of)
def test_environment_files_name_settings_that_are_accepted(path: Path, tmp_path: Path) -> None:
    given = {name: value or "" for name, value in dotenv_values(path).items()}
    assert set(given) <= set(setting_names().values())
    load_settings({**given, **({"JWT_SECRET": STRONG} if "JWT_SECRET" in given else {})})
    if "REDIS_URL" in given:
        worker_settings({**given, "JWT_SECRET": STRONG}, tmp_path / "none")


def _instructions() -> Iterator[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", (DEPLOY / "Dockerfile").read_text())
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            yield name, rest.strip()


def test_the_image_runs_as_nobody_special_and_says_how_it_is() -> None:
    found = list(_instructions())
    final = found[max(index for index, (name, _) in enumerate(found) if name == "FROM") :]
    names = [name for name, _ in final]
    assert [rest for name, rest in final if name == "USER"] == ["flowdesk"]
    assert names.index("USER") < names.index("CMD")
    assert any("/readyz" in rest for name, rest in final if name == "HEALTHCHECK")
    assert [rest for name, rest in final if name == "EXPOSE"] == [str(Settings.model_fields["port"].default)]
    (command,) = [rest for name, rest in final if name == "CMD"]
    _is_a_command(re.findall(r'"([^"]+)"', command))
    (given,) = [rest for name, rest in final if name == "ENV"]
    settings = {name for name, _ in re.findall(r"(\w+)=(\S+)", given)} - {"PATH", "PYTHONUNBUFFERED"}
    assert settings <= set(setting_names().values())


def test_the_image_is_made_of_what_there_is() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text()
    for name, rest in _instructions():
        if name == "COPY" and not rest.startswith("--from"):
            *sources, _ = rest.split()
            for source in sources:
                assert (ROOT / source).exists()
                assert f"!{source}\n" in ignored


def test_the_healthcheck_of_the_image_is_python() -> None:
    (rest,) = [rest for name, rest in _instructions() if name == "HEALTHCHECK"]
    code = re.findall(r'"-c",\s*"((?:[^"\\]|\\.)*)"', rest)[0].replace('\\"', '"')
    assert compile(code, "healthcheck", "exec")


def test_nginx_knows_the_servers(compose: dict[str, Any], nginx: str) -> None:
    assert nginx.count("{") == nginx.count("}")
    servers = dict(re.findall(r"server (\w+):(\d+) ", nginx))
    exposed = {name: service["expose"] for name, service in _ours(compose).items() if "expose" in service}
    assert {name: [port] for name, port in servers.items()} == exposed
    mounted = [volume.split(":")[1] for volume in compose["services"]["proxy"]["volumes"]]
    for path in re.findall(r"ssl_certificate(?:_key)? ([^;]+);", nginx):
        assert Path(path).parent.as_posix() in mounted


def test_servers_believe_nginx_and_nobody_else(compose: dict[str, Any], nginx: str) -> None:
    """Row 64: each client has its own address, which it cannot choose."""
    (config,) = compose["networks"]["outside"]["ipam"]["config"]
    for service in _ours(compose).values():
        assert load_settings(_filled(service)).trusted_proxies == (config["subnet"],)
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in nginx


def test_nginx_limits_webhooks_and_logins(nginx: str) -> None:
    """Rows 20, 22 and 44, in front of the limits FlowDesk has itself."""
    locations = dict(re.findall(r"location (?:= |~ )?(\S+) \{(.*?)\}", nginx, re.DOTALL))
    paths = {route.path for route in all_routes()}
    for prefix in ("/api/hooks/", "/api/auth/"):
        assert any(path.startswith(prefix) for path in paths)
        assert "limit_req " in locations[prefix]
        assert "client_max_body_size" in locations[prefix]
    assert "limit_req_status 429" in nginx
    for path in ("/readyz", "/metrics"):
        assert path in paths
        assert locations[path].split() == ["return", "404;"]


def test_nginx_does_not_hold_live_events_back(nginx: str) -> None:
    (pattern,) = re.findall(r"location ~ (\S+events\$) \{", nginx)
    streams = [route.path for route in all_routes() if route.path.endswith("/events")]
    assert len(streams) == 3
    assert all(re.search(pattern, path) for path in streams)
    assert not re.search(pattern, "/api/hooks/x")


@pytest.fixture(params=UNITS, ids=name_of)
def unit(request: pytest.FixtureRequest) -> dict[str, dict[str, list[str]]]:
    """A systemd unit: sections of names with all their values."""
    found: dict[str, dict[str, list[str]]] = {}
    section = ""
    for line in request.param.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            assert equals, line
            found.setdefault(section, {}).setdefault(name, []).append(value)
    return found


def test_units_start_commands_that_exist(unit: dict[str, dict[str, list[str]]]) -> None:
    assert set(unit) == {"Unit", "Service", "Install"}
    service = unit["Service"]
    (command,) = service["ExecStart"]
    words = shlex.split(command)
    _is_a_command([Path(words[0]).name, *words[1:]])
    (file,) = service["EnvironmentFile"]
    assert (DEPLOY / "systemd" / f"{Path(file).name}.example").exists()
    for pair in service["Environment"]:
        assert pair.partition("=")[0] in setting_names().values()


def test_units_leave_time_to_stop_and_do_not_start_again_in_vain(unit: dict[str, dict[str, list[str]]]) -> None:
    service = unit["Service"]
    assert float(service["TimeoutStopSec"][0]) > float(str(Settings.model_fields["grace_s"].default))
    is_worker = "taskiq" in service["ExecStart"][0]
    assert service["RestartPreventExitStatus"] == [REFUSED.name if is_worker else "2 3 4"]
    assert service["User"] == ["flowdesk"]
    assert service["StateDirectoryMode"] == ["0700"]
    (directory,) = [pair.split("=")[1] for pair in service["Environment"] if pair.startswith("FLOWDESK_DATA_DIR")]
    assert directory == f"/var/lib/{service['StateDirectory'][0]}" == service["WorkingDirectory"][0]


@pytest.mark.parametrize("path", UNITS, ids=name_of)
def test_systemd_has_no_complaint(path: Path, tmp_path: Path) -> None:
    """Where systemd is installed it reads them too; elsewhere the ini form must do."""
    text = path.read_text().replace("/opt/flowdesk/bin", str(SCRIPTS))
    configparser.ConfigParser(strict=False, interpolation=None).read_string(text)
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return
    copy = tmp_path / path.name.replace("@.", "@4001.")
    copy.write_text(text)
    read = subprocess.run([analyze, "verify", "--man=no", copy], capture_output=True, text=True, timeout=60)
    said = [line for line in read.stderr.splitlines() if copy.name in line]
    assert said == []
