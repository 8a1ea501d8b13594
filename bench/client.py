"""Runs a load client in a process of its own: wrk where it is installed, else bench/load.py."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

BODY: Final = '{"email":"user@example.com","name":"Ali"}'
_SPARE_S: Final = 60
_WRK_SCRIPT: Final = """
wrk.method = "POST"
wrk.body = [==[{body}]==]
wrk.headers["Content-Type"] = "application/json"
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\\n{{"requests":%d,"seconds":%.4f,"p50":%.3f,"p99":%.3f,"worst":%.3f,"status":%d,"socket":%d}}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    latency.max / 1000, e.status, e.connect + e.read + e.write + e.timeout))
end
"""


@dataclass(slots=True, frozen=True)
class Load:
    """What one round of load came to; latencies in milliseconds."""

    connections: int
    requests: int
    seconds: float
    p50: float
    p99: float
    worst: float
    bad: dict[str, int]

    @property
    def rate(self) -> float:
        """Requests answered with 2xx, per second."""
        return self.requests / self.seconds if self.seconds else 0.0


def client_name() -> str:
    """Which load client this machine has."""
    return "wrk" if shutil.which("wrk") else "own client"


def drive(
    url: str,
    connections: int,
    seconds: float,
    *,
    warmup: float = 0.5,
    body: str = BODY,
    headers: Sequence[str] | None = None,
) -> Load:
    """POST the body over and over for some seconds, after a warm-up that is not counted.

    With `headers` (`Name: value`, where `{n}` is different each time) our own client does it.
    """
    if headers is not None:
        return _own(url, connections, seconds, warmup, 0, body, headers)
    if shutil.which("wrk"):
        if warmup:
            _own(url, connections, warmup, 0, 0, body)
        return _wrk(url, connections, seconds, body)
    return _own(url, connections, seconds, warmup, 0, body)


def send(url: str, connections: int, requests: int, *, within_s: float, body: str = BODY) -> Load:
    """POST the body exactly so many times."""
    done = _own(url, connections, within_s, 0, requests, body)
    if done.requests != requests:
        raise RuntimeError(f"sent {requests} requests to {url}, {done.requests} were accepted: {done.bad}")
    return done


def _own(
    url: str,
    connections: int,
    seconds: float,
    warmup: float,
    requests: int,
    body: str,
    headers: Sequence[str] = (),
) -> Load:
    options = {"url": url, "connections": connections, "seconds": seconds, "warmup": warmup, "requests": requests}
    listed = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    command = [sys.executable, "-P", "-m", "bench.load", *listed, "--body", body]
    command += [text for header in headers for text in ("--header", header)]
    return _load(connections, _last_json(command, seconds + warmup + _SPARE_S))


def _wrk(url: str, connections: int, seconds: float, body: str) -> Load:
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "post.lua"
        script.write_text(wrk_script(body))
        command = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{max(1, round(seconds))}s",
            "--latency",
            "-s",
            str(script),
            url,
        ]
        found = _last_json(command, seconds + _SPARE_S)
    bad = {name: found[name] for name in ("status", "socket") if found[name]}
    answered = found["requests"] - found["status"]
    return _load(connections, {**found, "requests": answered, "bad": bad})


def wrk_script(body: str) -> str:
    """What wrk is told to send and to print at the end."""
    return _WRK_SCRIPT.format(body=body)


def _last_json(command: list[str], timeout: float) -> dict[str, Any]:
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=timeout)
    if ran.returncode:
        raise RuntimeError(f"{command[0]} failed: {ran.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
    return found


def _load(connections: int, found: dict[str, Any]) -> Load:
    return Load(
        connections,
        found["requests"],
        found["seconds"],
        found["p50"],
        found["p99"],
        found["worst"],
        found["bad"],
    )
