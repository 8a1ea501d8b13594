"""Hiding secrets by value."""

from __future__ import annotations

import base64
import html
import json
import random
import re
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from engine.masking import MASK, SHORTEST, Masker, forms_of

SECRETS = [
    "s3cr3t-T0ken",
    "p@ss/w0rd+with&all=of?it#",
    "quoted \"and\" back\\slashed 'both'",
    "line one of it\nline two of it\ttabbed",
    "pässwörd-☃-日本語",
    "0123456789",
    "A" * 40,
    "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n-----END KEY-----\n",
]

WRITTEN: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": lambda text: json.dumps({"a": text}),
    "json of unicode": lambda text: json.dumps([text], ensure_ascii=False),
    "json in json": lambda text: json.dumps({"body": json.dumps({"a": text})}),
    "json with slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "repr": repr,
    "url": lambda text: f"https://h/?q={quote(text, safe='')}&x=1",
    "url path": lambda text: f"https://h/{quote(text)}/x",
    "form": lambda text: f"a=1&b={quote_plus(text)}",
    "lower-case url": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "url in url": lambda text: quote(quote(text, safe=""), safe=""),
    "url of yarl": lambda text: str(URL("http://h/").with_query(key=text)),
    "html": html.escape,
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 after one": lambda text: base64.b64encode(b"u" + text.encode()).decode(),
    "base64 after two": lambda text: base64.b64encode(b"u:" + text.encode() + b"tail").decode(),
    "basic auth": lambda text: "Basic " + base64.b64encode(b"user:" + text.encode()).decode(),
    "url-safe base64": lambda text: base64.urlsafe_b64encode(b"u:x" + text.encode()).decode().rstrip("="),
}


@pytest.mark.parametrize("form", WRITTEN)
@pytest.mark.parametrize("secret", SECRETS)
def test_every_form_is_hidden(secret: str, form: str) -> None:
    """Row 48: base64, URL-encoded and JSON-escaped forms too."""
    written = WRITTEN[form](secret)
    hidden = Masker([secret]).text(f"before {written} after")
    assert MASK in hidden
    assert hidden.startswith("before ")
    assert hidden.endswith(" after")
    if len(secret) == len(secret.encode()):
        for part in (secret, quote(secret, safe=""), secret.encode().hex()):
            assert part not in hidden


def test_what_is_not_secret_stays_the_same_object() -> None:
    masker = Masker(["s3cr3t-T0ken"])
    value = {"a": ["x", 1, None, True, {"b": "a long text " * 100}], "n": 1.5}
    assert masker.value(value) is value
    text = "nothing here ... or … there"
    assert masker.text(text) is text
    assert not masker.holds(text)
    empty = Masker()
    assert not empty
    assert empty.value(value) is value


def test_values_are_hidden_wherever_they_stand() -> None:
    masker = Masker(["s3cr3t-T0ken", "1234567890"])
    value = {"s3cr3t-T0ken": 1, "list": [["x s3cr3t-T0ken y"]], "id": 1234567890, "n": 123, "f": 0.5, "yes": True}
    assert masker.value(value) == {MASK: 1, "list": [[f"x {MASK} y"]], "id": MASK, "n": 123, "f": 0.5, "yes": True}


def test_one_secret_inside_of_another() -> None:
    masker = Masker(["abcdefgh", "abcdefgh-ijklmnop"])
    assert masker.text("abcdefgh-ijklmnop abcdefgh") == f"{MASK} {MASK}"


def test_the_lines_of_a_key_are_hidden_one_by_one() -> None:
    masker = Masker([SECRETS[-1]])
    assert masker.text("  MIIEvQIBADANBgkqhkiG9w0BAQEFAASC") == f"  {MASK}"
    assert masker.text("a -----BEGIN KEY----- of another") == "a -----BEGIN KEY----- of another"


def test_a_short_value_is_not_learnt() -> None:
    """It would hide half of every text; the vault refuses it."""
    assert not Masker(["a" * (SHORTEST - 1)])
    assert Masker(["a" * SHORTEST])


def test_a_token_that_begins_like_another_is_left_alone() -> None:
    """All JWTs begin the same; only what was cut is taken for a part."""
    ours = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9uZQ"
    theirs = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIyIn0.YW5vdGhlci1zaWduYXR1cmU"
    masker = Masker([ours])
    assert masker.text(theirs) == theirs
    assert masker.text(f"got {ours[:30]}") == f"got {MASK}"
    assert masker.text(f"got {ours[:30]}… (more)") == f"got {MASK}… (more)"
    assert masker.text(f"{ours[40:]} it was") == f"{MASK} it was"
    assert masker.text(ours[20:50]) == MASK


def _longest_common(text: str, secret: str) -> int:
    pieces = (secret[start:end] for start in range(len(secret)) for end in range(start + 1, len(secret) + 1))
    return max((len(piece) for piece in pieces if piece in text), default=0)


ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"


@given(
    secret=st.text(ALPHABET, min_size=8, max_size=60),
    around=st.tuples(st.text(" .:,!\n", max_size=30), st.text(" .:,!\n", max_size=30)),
    cuts=st.lists(st.integers(0, 120), max_size=4),
)
def test_no_piece_of_a_split_text_shows_more_than_a_few_characters(
    secret: str, around: tuple[str, str], cuts: list[int]
) -> None:
    """Row 48: also after truncation, wherever a text is cut."""
    text = around[0] + secret + around[1]
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    masker = Masker([secret])
    part = max(4, min(SHORTEST, len(secret) // 2))
    for start, end in pairwise(places):
        hidden = masker.text(text[start:end])
        assert _longest_common(hidden, secret) < part


@given(secret=st.text(min_size=8, max_size=40), before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_base64_of_anything_around_is_hidden(secret: str, before: bytes, after: bytes) -> None:
    raw = secret.encode("utf-8", "surrogatepass")
    written = base64.b64encode(before + raw + after).decode()
    assert MASK in Masker([secret]).text(written)


@given(st.text(st.characters(codec="utf-8"), min_size=8, max_size=40), st.text("/?:@!$&'()*+,;=~ %[]", max_size=20))
def test_a_url_may_leave_any_characters_as_they_are(secret: str, safe: str) -> None:
    written = f"https://host/{quote(secret, safe=safe)}"
    hidden = Masker([secret]).text(written)
    assert MASK in hidden


@given(st.text(min_size=8, max_size=300))
def test_hiding_twice_changes_nothing_more(secret: str) -> None:
    masker = Masker([secret])
    once = masker.text(f"x {secret} y {secret[:20]}")
    assert masker.text(once) == once


def test_forms_of_an_ordinary_token_are_few() -> None:
    """Each costs a search through everything that is written."""
    assert len(forms_of("ghp_16C7e42F292c6912E7710c838347Ae178B4a")) <= 8


def test_it_is_fast_enough_for_large_outputs() -> None:
    rng = random.Random(5)
    rows = [{"id": n, "name": "".join(rng.choices(ALPHABET, k=20)), "ok": True} for n in range(2000)]
    masker = Masker(["ghp_16C7e42F292c6912E7710c838347Ae178B4a"])
    assert masker.value({"rows": rows}) is not None
    assert masker.value({"rows": [*rows, {"t": "ghp_16C7e42F292c6912E7710c838347Ae178B4a"}]})["rows"][-1] == {"t": MASK}
