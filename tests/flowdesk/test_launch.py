"""Which server is meant, and whose token goes there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from flowdesk import contexts
from flowdesk.contexts import Context, Contexts
from flowdesk.errors import BadContext
from flowdesk.launch import Target, Wish, find_remote

WORK = Context("work", "http://work:4000", "work-token")
SIDE = Context("side", "http://side:4000", "side-token")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A user with two contexts, `work` chosen, and a local server's state file."""
    found = {"FLOWDESK_CONFIG_DIR": str(tmp_path / "config"), "FLOWDESK_DATA_DIR": str(tmp_path / "data")}
    contexts.save(tmp_path / "config" / "contexts.json", Contexts({}).put(SIDE, use=False).put(WORK, use=True))
    (tmp_path / "data").mkdir()
    state = {"url": "http://127.0.0.1:4000", "pid": os.getpid(), "token": "local-token"}
    (tmp_path / "data" / "server.json").write_text(json.dumps(state))
    return found


@pytest.mark.parametrize(
    ("wish", "more", "expected"),
    [
        (Wish(), {}, Target("http://work:4000", "work-token", "context", "work")),
        (Wish(context="side"), {}, Target("http://side:4000", "side-token", "context", "side")),
        (Wish(context="local"), {}, None),
        (Wish(), {"FLOWDESK_CONTEXT": "side"}, Target("http://side:4000", "side-token", "context", "side")),
        (Wish(), {"FLOWDESK_CONTEXT": "local"}, None),
        (
            Wish(context="work"),
            {"FLOWDESK_CONTEXT": "side"},
            Target("http://work:4000", "work-token", "context", "work"),
        ),
        (Wish(url="http://side:4000/"), {}, Target("http://side:4000", "side-token", "address")),
        (Wish(url="other:1"), {}, Target("http://other:1", None, "address")),
        (Wish(url="http://127.0.0.1:4000"), {}, Target("http://127.0.0.1:4000", "local-token", "address")),
        (Wish(), {"FLOWDESK_URL": "http://other"}, Target("http://other", None, "address")),
        (
            Wish(context="side"),
            {"FLOWDESK_URL": "http://x"},
            Target("http://side:4000", "side-token", "context", "side"),
        ),
        (Wish(url="http://a"), {"FLOWDESK_URL": "http://b"}, Target("http://a", None, "address")),
        (Wish(), {"FLOWDESK_TOKEN": "t"}, Target("http://work:4000", "t", "context", "work")),
        (Wish(url="http://a"), {"FLOWDESK_TOKEN": "t"}, Target("http://a", "t", "address")),
    ],
)
def test_the_nearest_wish_wins(
    wish: Wish, more: dict[str, str], expected: Target | None, environ: dict[str, str]
) -> None:
    """Row 50: a kept token goes to no other server than its own."""
    assert find_remote(wish, {**environ, **more}) == expected


def test_a_context_that_is_not_there(environ: dict[str, str]) -> None:
    with pytest.raises(BadContext, match="no context 'gone'"):
        find_remote(Wish(context="gone"), environ)


def test_nothing_known_means_the_local_server(tmp_path: Path) -> None:
    assert find_remote(Wish(), {"FLOWDESK_CONFIG_DIR": str(tmp_path)}) is None
