"""Which addresses a fake may call, and which ones a browser may be sent to."""

import pytest

from fakes.kit.addresses import Reach, is_within
from fakes.kit.oauth.redirects import is_loopback


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8401/a", True),
        ("HTTPS://LOCALHOST/", True),
        ("http://127.0.0.1@evil.test/", False),
        ("http://evil.test#127.0.0.1", False),
        ("ftp://127.0.0.1/", False),
        ("http://[127.0.0.1", False),
        ("http://127.0.0.1:99999/", False),
        ("//127.0.0.1/", False),
        ("http://127.0.0.1:8416/_fake/reset", False),
        ("http://127.0.0.1:8416/%5Ffake/reset", False),
        ("http://127.0.0.1:8416/a/../_fake/requests?limit=1", False),
        ("http://127.0.0.1:8416/a/_fake/b", True),
        ("", False),
    ],
)
def test_only_allowed_hosts_are_called(url: str, expected: bool) -> None:
    assert is_within(url, {"127.0.0.1", "localhost"}) is expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://127.0.0.1:9/callback", True),
        ("http://localhost/", True),
        ("https://localhost/", False),
        ("http://localhost/#a", False),
        ("http://evil.test\\@127.0.0.1/", False),
        ("http://somebody@127.0.0.1/", False),
        ("http://[127.0.0.1", False),
    ],
)
def test_loopback_is_this_machine_for_browsers_too(uri: str, expected: bool) -> None:
    assert is_loopback(uri) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://cdn.test/a/b.png?c=d#e", "http://127.0.0.1:9/a/b.png?c=d#e"),
        ("http://CDN.test:80/a", "http://127.0.0.1:9/a"),
        ("http://127.0.0.1:700/a", "http://127.0.0.1:9/a"),
        ("http://127.0.0.1:701/a", "http://127.0.0.1:701/a"),
    ],
)
def test_what_is_served_in_this_process_is_asked_for_there(url: str, expected: str) -> None:
    here = "http://127.0.0.1:9"
    reach = Reach(frozenset({"127.0.0.1"}), {"cdn.test": here, "127.0.0.1:700": here})

    assert (reach.allows(url), reach.target(url)) == (True, expected)


@pytest.mark.parametrize("url", ["https://other.test/", "https://cdn.test.evil.test/", "http://[cdn.test"])
def test_nothing_else_is_reached(url: str) -> None:
    assert Reach(frozenset(), {"cdn.test": "http://127.0.0.1:9"}).allows(url) is False
