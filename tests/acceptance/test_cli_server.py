"""Which server a command talks to, and what becomes of one it starts."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from flowdesk.local import is_alive
from tests.acceptance.command import FLOWDESK, WITHIN_S, Home, end, eventually, read_until, serving

HELLO = {
    "name": "Hi",
    "steps": [
        {"id": "start", "type": "TRIGGER", "ref": "manual", "next": "say"},
        {"id": "say", "ref": "core.log", "params": {"message": "hi {{name}}"}},
    ],
}


def test_without_a_server_a_command_starts_one_and_takes_it_along(home: Home) -> None:
    listed = home.flowdesk("ls")
    assert (listed.code, listed.out) == (0, "")
    assert "no workflows" in listed.err
    assert home.living() is None
    assert not (home.data / "server.json").exists()
    assert (home.data / "flowdesk.db").stat().st_mode & 0o077 == 0
    assert (home.data / "server.log").stat().st_mode & 0o077 == 0


def test_a_run_keeps_the_server_that_was_started_for_it(home: Home) -> None:
    """R2: nothing else would finish the run."""
    ran = home.flowdesk("run", home.write("hi.json", HELLO), "--data", '{"name": "x"}', "--json")
    assert ran.code == 0
    assert ran.json["status"] == "SUCCESS"
    assert home.flowdesk("runs", "--json").json[0]["status"] == "SUCCESS"


def test_a_running_server_is_used_and_left_alone(home: Home) -> None:
    with serving(home) as server:
        home.flowdesk("apply", home.write("hi.json", HELLO))
        assert home.flowdesk("ls", "--json").json[0]["name"] == "Hi"
        assert home.living() == server
    assert home.living() is None


def test_commands_that_start_servers_at_the_same_moment_share_one(home: Home) -> None:
    several = [home.spawn("ls", "--json") for _ in range(3)]
    for process in several:
        out, err = process.communicate(timeout=WITHIN_S)
        assert process.returncode == 0, err.decode()
        assert json.loads(out) == []


def test_a_killed_command_takes_its_server_along(home: Home) -> None:
    """R2: the server's stdin is its lifeline, so even kill -9 of the command leaves no orphan."""
    sleep = {"name": "Sleep", "steps": [{"id": "a", "ref": "core.sleep", "params": {"duration": "30s"}}]}
    following = home.spawn("run", home.write("sleep.json", sleep), "-f", FLOWDESK_GRACE_S="0")
    read_until(following, "started by hand")
    server = home.living()
    assert server is not None
    os.kill(following.pid, signal.SIGKILL)
    following.communicate(timeout=WITHIN_S)
    eventually(lambda: not is_alive(server.pid))


def test_a_server_that_cannot_start_says_why(home: Home) -> None:
    """Row 10: the reason is the server's own last words, in one line."""
    home.data.mkdir()
    (home.data / "flowdesk.db").write_bytes(b"this is no database" * 100)
    failed = home.flowdesk("ls")
    assert (failed.code, failed.out) == (3, "")
    assert "the local server did not start: " in failed.err
    assert "flowdesk.db" in failed.err
    assert failed.err.count("\n") <= 3
    assert home.flowdesk("ls", FLOWDESK_PROT="1").code == 3


def test_an_unwritable_data_directory(home: Home) -> None:
    home.data.write_text("in the way")
    failed = home.flowdesk("ls")
    assert failed.code == 3
    assert "FLOWDESK_DATA_DIR" in failed.err


def test_a_stale_state_file_is_no_server(home: Home) -> None:
    home.data.mkdir()
    gone = subprocess.Popen(["true"])
    gone.wait(timeout=30)
    (home.data / "server.json").write_text(json.dumps({"url": "http://127.0.0.1:1", "pid": gone.pid, "token": "t"}))
    assert home.flowdesk("ls").code == 0


def test_a_folder_of_the_user_does_not_take_the_place_of_ours(home: Home) -> None:
    """A user's own `server/` and `plugins/` are theirs; the child is started so that it does not see them."""
    for name in ("server", "plugins", "engine"):
        (home.work / name).mkdir()
        (home.work / name / "__init__.py").write_text("raise SystemExit('shadowed')")
        (home.work / name / "__main__.py").write_text("raise SystemExit('shadowed')")
    assert home.flowdesk("ls").code == 0


def test_nobody_at_the_address(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        failed = home.flowdesk("ls", "--url", url)
        assert (failed.code, failed.out) == (3, "")
        assert url in failed.err
        told = home.flowdesk("ls", "--json", FLOWDESK_URL=url)
        assert told.code == 3
        assert json.loads(told.err)["error"]["code"] == "unreachable"
    assert home.flowdesk("ls", "--url", "ftp://x").code == 2
    assert not home.data.exists()


def test_logging_in_choosing_and_logging_out(home: Home, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Row 68: tokens are kept 0600, and only ever sent to the server they are for."""
    elsewhere = Home(tmp_path_factory.mktemp("elsewhere"))
    with serving(elsewhere) as server:
        account = ("--email", "me@example.com", "--password-stdin")
        made = home.flowdesk("login", server.url, *account, "--register", "--name", "work", stdin="secret1\n")
        assert (made.code, made.err) == (0, "")
        assert "me@example.com" in made.out
        file = home.root / "config" / "contexts.json"
        assert file.stat().st_mode & 0o777 == 0o600
        assert "secret1" not in file.read_text()

        home.flowdesk("apply", home.write("hi.json", HELLO))
        assert [w["name"] for w in home.flowdesk("ls", "--json").json] == ["Hi"]
        assert home.flowdesk("ls", "--json", "--context", "local").json == []
        assert [w["name"] for w in home.flowdesk("ls", "--json", "--url", server.url).json] == ["Hi"]
        assert home.flowdesk("ls", FLOWDESK_CONTEXT="nowhere").code == 2

        names = {c["name"]: c for c in home.flowdesk("contexts", "--json").json}
        assert names["work"]["chosen"]
        assert not names["local"]["chosen"]
        token = json.loads(file.read_text())["contexts"]["work"]["token"]
        assert token not in home.flowdesk("contexts").out

        assert home.flowdesk("logout").code == 0
        refused = home.flowdesk("ls")
        assert refused.code == 4
        assert f"flowdesk login {server.url}" in refused.err
        assert home.flowdesk("ls", FLOWDESK_TOKEN=token).code == 4, "logging out ends the token, wherever it was copied"

        wrong = home.flowdesk("login", "--password-stdin", stdin="wrong66\n")
        assert wrong.code == 4
        assert home.flowdesk("login", "--password-stdin", stdin="secret1\n").code == 0
        assert home.flowdesk("ls").code == 0

        assert home.flowdesk("contexts", "use", "local").code == 0
        assert home.flowdesk("ls", "--json").json == []
        assert home.flowdesk("contexts", "remove", "work").code == 0
        assert home.flowdesk("contexts", "use", "work").code == 2


def test_logging_in_asks_only_on_a_terminal(home: Home) -> None:
    silent = home.flowdesk("login", "http://127.0.0.1:1")
    assert silent.code == 2
    assert "--email" in silent.err
    silent = home.flowdesk("login", "http://127.0.0.1:1", "--email", "a@b.c")
    assert silent.code == 2
    assert "--password-stdin" in silent.err


def test_the_password_is_not_echoed(home: Home) -> None:
    with serving(home) as server:
        shown = _on_terminal(
            home, ["login", server.url, "--register", "--name", "t"], ["me@example.com", "hidden1", "hidden1"]
        )
        assert "logged in" in shown
        assert "hidden1" not in shown


def _on_terminal(home: Home, arguments: list[str], answers: list[str]) -> str:
    """Run a command on a pseudo terminal, answering each of its questions."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [FLOWDESK, *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=home.work,
        env=home.environment(),
        start_new_session=True,
    )
    os.close(slave)
    shown = ""
    for answer in [*answers, None]:
        while answer is None or not shown.rstrip(" ").endswith(":"):
            try:
                piece = os.read(master, 1024).decode()
            except OSError:  # the terminal is closed when the last one using it ends
                piece = ""
            if not piece:
                break
            shown += piece
        if answer is not None:
            os.write(master, f"{answer}\n".encode())
            shown += "\n"
    process.wait(timeout=WITHIN_S)
    os.close(master)
    assert process.returncode == 0, shown
    return shown


def test_the_quick_start(home: Home) -> None:
    """`flowdesk up`: a server, the examples, and what to do next."""
    up = home.spawn("up", PORT="0")
    shown = read_until(up, "Ctrl-C stops the server")
    url = re.findall(r"is running at (http://\S+)", shown)[0]
    assert "Hello" in shown
    assert f"curl -X POST {url}/api/hooks/" in shown
    assert len(home.flowdesk("ls", "--json").json) >= 3
    ran = home.flowdesk("run", "Hello", "--data", '{"name": "Ada"}', "--wait")
    assert ran.code == 0
    told = read_until(up, "SUCCESS in")
    assert "Hello Ada!" in told

    second = home.spawn("up", "--json")
    assert second.stdout is not None
    hello = json.loads(second.stdout.readline())
    assert (hello["url"], hello["attached"], hello["loaded"]) == (url, True, [])
    assert end(second, signal.SIGINT).code == 0
    assert home.living() is not None

    left = end(up, signal.SIGINT)
    assert left.code == 0
    assert "stopping" in left.err
    assert home.living() is None


def test_the_quick_start_loads_examples_once(home: Home) -> None:
    up = home.spawn("up", "--port", "0", "--no-examples")
    read_until(up, "Ctrl-C stops")
    home.flowdesk("apply", home.write("hi.json", HELLO))
    assert end(up, signal.SIGTERM).code == 0
    up = home.spawn("up", "--port", "0")
    read_until(up, "Ctrl-C stops")
    assert [w["name"] for w in home.flowdesk("ls", "--json").json] == ["Hi"]
    assert end(up, signal.SIGINT).code == 0


def test_the_quick_start_with_a_taken_port(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        up = home.spawn("up", "--port", str(port))
        out, err = up.communicate(timeout=WITHIN_S)
        assert up.returncode == 3
        assert str(port) in err.decode()
        assert out == b""


def test_the_quick_start_notices_when_its_server_dies(home: Home) -> None:
    up = home.spawn("up", "--port", "0", "--no-examples")
    read_until(up, "Ctrl-C stops")
    attached = home.spawn("up")
    read_until(attached, "Ctrl-C leaves")
    server = home.living()
    assert server is not None
    os.kill(server.pid, signal.SIGKILL)
    for process in (up, attached):
        _, err = process.communicate(timeout=WITHIN_S)
        assert process.returncode == 3
        assert "the server has ended" in err.decode()
        assert ("exit code -9" in err.decode()) == (process is up)


def test_serve_is_the_server(home: Home) -> None:
    helped = home.flowdesk("serve", "--help")
    assert helped.code == 0
    assert "--embedded" in helped.out
    wrong = home.flowdesk("serve", "--no-such-option")
    assert wrong.code == 2
    with serving(home) as server:
        command = Path(f"/proc/{server.pid}/cmdline")
        if command.exists():
            assert b"-P\0-m\0server" in command.read_bytes()


def test_who_executes_runs(home: Home) -> None:
    with serving(home):
        (alone,) = home.flowdesk("workers", "--json").json
        assert (alone["role"], alone["executes"], alone["differences"], alone["answering"]) == (
            "server",
            "all",
            [],
            True,
        )
        shown = home.flowdesk("workers")
        assert (shown.code, len(shown.out.splitlines())) == (0, 2)
        assert shown.out.splitlines()[1].startswith("server *")
