from __future__ import annotations

import pytest
from yarl import URL

from plugins.http.address import BadUrl, parse_url, redirect_target, same_origin, shown, with_query


def test_fragments_are_left_out_and_names_encoded() -> None:
    assert str(parse_url(" https://bücher.example/a b?x=ä#part ")) == "https://xn--bcher-kva.example/a%20b?x=%C3%A4"


def test_what_is_shown_holds_no_path_query_or_user() -> None:
    assert shown("GET", URL("https://u:p@x.example:8443/bot123:secret?key=1")) == "GET https://x.example:8443"


def test_the_query_of_the_url_is_kept_as_it_is() -> None:
    url = with_query(parse_url("https://x.example/?sig=a%2Bb%2F%3D&x"), {"y": "1"})
    assert url.raw_query_string == "sig=a%2Bb/%3D&x&y=1"
    assert parse_url("https://x.example/?a=1%262") == with_query(parse_url("https://x.example/?a=1%262"), {})


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b", "https://x.example/b"),
        ("c?d#e", "https://x.example/a/c?d"),
        ("//y.example/", "https://y.example/"),
        ("http://u:p@y.example", "http://y.example/"),
        ("?q", "https://x.example/a/?q"),
    ],
)
def test_redirect_targets(location: str, target: str) -> None:
    assert redirect_target(URL("https://x.example/a/"), location) == URL(target)


@pytest.mark.parametrize("location", ["javascript:1", "file:///etc", "http://[", "https://a b/", "http:///x"])
def test_redirects_to_nowhere(location: str) -> None:
    with pytest.raises(BadUrl):
        redirect_target(URL("https://x.example/"), location)


def test_origins() -> None:
    assert same_origin(URL("https://x.example/a"), URL("https://x.example:443/b"))
    assert not same_origin(URL("https://x.example/"), URL("http://x.example/"))
    assert not same_origin(URL("https://x.example/"), URL("https://x.example:8443/"))
    assert not same_origin(URL("https://x.example/"), URL("https://y.example/"))
