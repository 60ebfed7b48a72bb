"""The routes of a built output, as a deployment's site goes by them."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from fakes.vercel.routing import Routed, routed
from tests.fakes.vercel.conftest import STAGING, deployed, site

FILES = {"/index.html", "/a.js"}
HEADERS = {"src": "/.*", "headers": {"X-Frame-Options": "DENY"}, "continue": True}
ALL = {"x-frame-options": "DENY"}


@pytest.mark.parametrize(
    ("rules", "path", "found"),
    [
        ([], "/a.js", Routed("/a.js")),
        ([HEADERS], "/a.js", Routed("/a.js", None, ALL)),
        (
            [HEADERS, {"handle": "filesystem"}, {"src": "/.*", "dest": "/index.html"}],
            "/a.js",
            Routed("/a.js", None, ALL),
        ),
        (
            [HEADERS, {"handle": "filesystem"}, {"src": "/.*", "dest": "/index.html"}],
            "/b",
            Routed("/index.html", None, ALL),
        ),
        ([{"src": "/old/(.*)", "dest": "/$1.js"}], "/old/a", Routed("/a.js")),
        ([{"src": "/old/(?P<name>.*)", "dest": "/$name.js"}], "/old/a", Routed("/a.js")),
        (
            [{"src": "/old", "status": 308, "headers": {"Location": "/new"}}],
            "/old",
            Routed("/old", 308, {"location": "/new"}),
        ),
        ([{"src": "/a", "status": 404}], "/a.js", Routed("/a.js")),
        ([{"handle": "error"}, {"src": "/.*", "status": 500}], "/a.js", Routed("/a.js")),
        (["x", {"src": "("}, {"src": 3}, {"src": "/.*", "headers": 3}], "/a.js", Routed("/a.js")),
    ],
)
def test_rules_are_followed_in_their_order(rules: list[Any], path: str, found: Routed) -> None:
    assert routed(rules, path, FILES.__contains__) == found


def test_a_built_output_is_served_by_its_routes(client: httpx.Client) -> None:
    routes = [
        HEADERS,
        {"src": "/old", "status": 307, "headers": {"Location": "/new"}},
        {"handle": "filesystem"},
        {"src": "/lost/.*", "status": 404},
        {"src": "/.*", "dest": "/index.html"},
    ]
    files = {
        ".vercel/output/config.json": json.dumps({"version": 3, "routes": routes}).encode(),
        ".vercel/output/static/index.html": b"page",
        ".vercel/output/static/a.js": b"script",
    }
    deployed(client, files, branch="develop")

    answers = [site(client, STAGING, path) for path in ("/", "/a.js", "/deep/link", "/lost/a", "/old")]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 404, 307]
    assert [answer.text for answer in answers[:3]] == ["page", "script", "page"]
    assert answers[4].headers["location"] == "/new"
    assert {answer.headers["x-frame-options"] for answer in answers} == {"DENY"}
    assert answers[3].headers["x-vercel-error"] == "NOT_FOUND"


def test_routes_of_what_is_not_served_do_not_count(client: httpx.Client) -> None:
    rules = json.dumps({"version": 3, "routes": [{"src": "/.*", "status": 404}]}).encode()
    deployed(client, {"index.html": b"plain", ".vercel/output/config.json": rules}, branch="develop")

    assert site(client, STAGING).text == "plain"
