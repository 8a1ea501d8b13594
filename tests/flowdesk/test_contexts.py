from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowdesk import contexts
from flowdesk.contexts import Context, Contexts
from flowdesk.errors import BadContext

WORK = Context("work", "https://flows.example.com", "secret", "me@example.com")


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "contexts.json"
    assert contexts.load(path) == Contexts({})
    saved = Contexts({}).put(WORK, use=True).put(Context("other", "http://b"), use=False)
    contexts.save(path, saved)
    assert contexts.load(path) == saved
    assert contexts.load(path).current == "work"


def test_tokens_are_for_their_owner_only(tmp_path: Path) -> None:
    """Row 68: 0600 from the first moment on, whatever the umask and the mode before."""
    path = tmp_path / "cfg" / "contexts.json"
    before = os.umask(0)
    try:
        contexts.save(path, Contexts({}).put(WORK, use=True))
        path.chmod(0o666)
        contexts.save(path, Contexts({}).put(WORK, use=True))
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["contexts.json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"contexts": []}',
        '{"contexts": {"a": {}}}',
        '{"contexts": {"a": {"url": 1}}}',
        '{"contexts": {"a": {"url": "http://a", "token": 5}}}',
        '{"current": "gone", "contexts": {}}',
    ],
)
def test_a_broken_file_is_named_and_left_alone(text: str, tmp_path: Path) -> None:
    path = tmp_path / "contexts.json"
    path.write_text(text)
    with pytest.raises(BadContext, match=r"contexts\.json"):
        contexts.load(path)
    assert path.read_text() == text


def test_choosing_and_removing() -> None:
    both = Contexts({}).put(WORK, use=True).put(Context("b", "http://b", "t"), use=True)
    assert both.current == "b"
    assert both.choose("work").current == "work"
    assert both.choose("local").current is None
    assert both.without("b") == Contexts({"work": WORK})
    assert both.without("work").current == "b"
    assert both.without_token("b").get("b") == Context("b", "http://b")
    with pytest.raises(BadContext, match="no context 'c'") as caught:
        both.choose("c")
    assert caught.value.hint == "known: b, work, local"


def test_a_token_belongs_to_exactly_one_server() -> None:
    """Row 50: no token is sent to an address that merely looks alike."""
    known = Contexts({}).put(WORK, use=True)
    assert known.for_url("https://FLOWS.example.com/") == WORK
    for other in ("http://flows.example.com", "https://flows.example.com:8443", "https://flows.example.com.evil"):
        assert known.for_url(other) is None


@pytest.mark.parametrize("name", ["", "local", "a b", "../x", "-x", "x" * 65, "a/b", "\x1b"])
def test_unusable_names(name: str) -> None:
    with pytest.raises(BadContext):
        Contexts({}).put(Context(name, "http://a"), use=True)


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("http://a:4000/", "http://a:4000"),
        ("a:4000", "http://a:4000"),
        ("https://a/base/", "https://a/base"),
        ("http://[::1]:4000", "http://[::1]:4000"),
    ],
)
def test_addresses_in_their_plain_form(given: str, plain: str) -> None:
    assert contexts.checked_url(given) == plain


@pytest.mark.parametrize(
    "given", ["", "http://", "ftp://a", "http://a:b", "http://a:99999", "http://u:p@a", "http://a?x=1", "file:///etc"]
)
def test_unusable_addresses(given: str) -> None:
    with pytest.raises(BadContext):
        contexts.checked_url(given)


def test_loopback() -> None:
    assert contexts.is_loopback("http://localhost:4000")
    assert contexts.is_loopback("http://127.0.0.5")
    assert contexts.is_loopback("http://[::1]:4000")
    assert not contexts.is_loopback("http://10.0.0.1")


def test_the_directory_can_be_chosen(tmp_path: Path) -> None:
    assert contexts.contexts_path({"FLOWDESK_CONFIG_DIR": str(tmp_path)}) == tmp_path / "contexts.json"
    assert contexts.contexts_path({}).name == "contexts.json"


def test_a_directory_nobody_can_write_to(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(BadContext, match="cannot write"):
        contexts.save(blocked / "contexts.json", Contexts({}))
