"""The README's curl session, run as it is written, by real curl against a real server process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SESSION = re.compile(r"<!-- curl-session -->(.*?)<!-- /curl-session -->", re.DOTALL)
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^(curl .*?)\n# (\d{3})$", re.DOTALL | re.MULTILINE)
ADDRESS = "http://localhost:4000"
JSON = "-H 'Content-Type: application/json'"
SEED = (
    f"""curl -X POST {ADDRESS}/api/auth/register {JSON} -d '{{"email":"me@example.com","password":"abc123"}}'""",
    f"""curl -X POST {ADDRESS}/api/hooks/<WORKFLOW_ID> {JSON} -d '{{"email":"user@example.com","name":"Ali"}}'""",
)


@dataclass(slots=True)
class Answer:
    status: int
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


def session(text: str) -> list[tuple[str, int]]:
    found = SESSION.search(text)
    assert found, "the markers of the curl session are missing"
    blocks = "\n".join(BLOCK.findall(found.group(1)))
    commands = [(command, int(status)) for command, status in COMMAND.findall(blocks)]
    assert len(commands) == blocks.count("curl "), "every command is followed by the status it answers with"
    return commands


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PORT": "0",
        "FLOWDESK_DATA_DIR": str(tmp_path / "data"),
        "FLOWDESK_BCRYPT_COST": "10",
        "FLOWDESK_LOG_FORMAT": "json",
    }
    log = tmp_path / "server.log"
    with (
        log.open("wb") as stderr,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "server"], cwd=tmp_path, env=environment, stderr=stderr
        ) as process,
    ):
        try:
            yield address(process, tmp_path / "data" / "server.json", log).replace("127.0.0.1", "localhost")
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0, log.read_text()
        finally:
            process.kill()


def address(process: subprocess.Popen[bytes], state: Path, log: Path) -> str:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        if state.exists():
            return str(json.loads(state.read_text())["url"])
        time.sleep(0.02)
    raise AssertionError("the server did not start: " + log.read_text())


class Reader:
    """Somebody who copies the commands and fills in what earlier answers said."""

    def __init__(self, address: str, home: Path) -> None:
        self.known: dict[str, str] = {}
        self._address = address
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(home), "CURL_HOME": str(home)}
        (home / ".curlrc").write_text('silent\nshow-error\nwrite-out = "\\n%{http_code}"\nmax-time = 20\n')

    def run(self, command: str) -> Answer:
        for name, value in self.known.items():
            command = command.replace(f"<{name}>", value)
        assert not re.search(r"<[A-Z_]+>", command), f"nothing said before what to put here: {command}"
        command = command.replace(ADDRESS, self._address)
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, env=self._environment, timeout=30, check=True
        )
        text, _, status = done.stdout.rpartition("\n")
        return Answer(int(status), text)

    def learn(self, command: str, answer: Answer) -> None:
        if "/auth/register" in command:
            self.known["TOKEN"] = answer.json()["token"]
        elif f"{ADDRESS}/api/workflows -H" in command and "POST" in command:
            self.known["WORKFLOW_ID"] = answer.json()["id"]
        elif "/execute?wait=true" in command:
            self.known["RUN_ID"] = answer.json()["id"]
        elif command.startswith("curl http") and "/jobs " in command:
            self.known["JOB_ID"] = answer.json()[0]["id"]


def test_the_session_works_as_written(server: str, tmp_path: Path) -> None:
    """R1: what the README says works, and each answer has the status it promises."""
    reader = Reader(server, tmp_path)
    answers: dict[str, Answer] = {}
    for command, status in session((ROOT / "README.md").read_text(encoding="utf-8")):
        answer = reader.run(command)
        assert answer.status == status, f"{command}\n{answer.text}"
        reader.learn(command, answer)
        answers[command] = answer
    told = "\n".join(answer.text for answer in answers.values())
    assert "greeted user@example.com: Hello Ali" in told
    assert "event: end" in told


def test_the_session_holds_the_first_commands_everybody_tries() -> None:
    commands = [command for command, _ in session((ROOT / "README.md").read_text(encoding="utf-8"))]
    for command in SEED:
        assert command in commands


def test_the_copy_in_the_docs_is_the_same() -> None:
    readme, docs = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/curl-session.md"))
    assert session(readme) == session(docs)
