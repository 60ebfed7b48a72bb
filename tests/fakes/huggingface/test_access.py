"""Who may see and change what, production as a tripwire, limits, and errors on command."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from fakes.huggingface.refusals import ON_COMMAND
from tests.fakes.huggingface.conftest import (
    API,
    DOCKER,
    FINE,
    PRODUCTION,
    READ,
    SPACE,
    USER,
    advance,
    committed,
    created,
    file,
    header,
    refusal,
    seeded,
)

NOBODY = {"Authorization": ""}
OTHER = {"Authorization": "Bearer hf_other"}
NARROW = {"Authorization": "Bearer hf_narrow"}
HIDDEN = (404, "RepoNotFound", "Repository not found")
ANONYMOUS = (401, "RepoNotFound", "Invalid username or password.")
UNKNOWN = (401, None, "Invalid credentials in Authorization header")
READS_ONLY = (403, None, "Forbidden: you must use a write token to upload to a repository.")
NO_SCOPE = (403, None, "Forbidden: your token does not have the permissions for this repository.")
NOT_OWNED = (403, None, "Forbidden: pass `create_pr=1` as a query parameter to create a Pull Request")


@pytest.fixture
def shared(hub: httpx.Client) -> httpx.Client:
    """The Hub with a public and a private Space, and tokens of others."""
    tokens = [
        {"token": "hf_other", "user": "somebody"},
        {"token": "hf_narrow", "user": USER, "role": "fineGrained", "scopes": [f"{USER}/elsewhere"]},
    ]
    spaces: list[dict[str, Any]] = [
        {"id": SPACE, "files": DOCKER},
        {"id": f"{USER}/hidden", "private": True},
    ]
    seeded(hub, {"tokens": tokens, "spaces": spaces})
    return hub


@pytest.mark.parametrize(
    ("token", "expected"), [(OTHER, HIDDEN), (NOBODY, ANONYMOUS), (NARROW, HIDDEN), (FINE, HIDDEN)]
)
def test_a_private_space_looks_like_none(
    shared: httpx.Client, token: dict[str, str], expected: tuple[int, str, str]
) -> None:
    hidden = shared.get(f"/api/spaces/{USER}/hidden/runtime", headers=token)
    missing = shared.get(f"/api/spaces/{USER}/nowhere/runtime", headers=token)

    assert (refusal(hidden), refusal(missing)) == (expected, expected)


@pytest.mark.parametrize("token", [READ, OTHER, NOBODY, FINE])
def test_a_public_space_is_for_everybody_to_see(shared: httpx.Client, token: dict[str, str]) -> None:
    looked = [
        shared.get(f"{API}{path}", headers=token) for path in ("", "/runtime", "/variables", "/auth-check")
    ]

    assert [one.status_code for one in looked] == [200] * 4


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (READ, READS_ONLY),
        (OTHER, NOT_OWNED),
        (NARROW, NO_SCOPE),
        (NOBODY, (401, None, "Invalid username or password.")),
        ({"Authorization": "Bearer hf_wrong"}, UNKNOWN),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{API}/commit/main"),
        ("POST", f"{API}/preupload/main"),
        ("POST", f"{API}/restart"),
        ("POST", f"{API}/pause"),
        ("POST", f"{API}/secrets"),
        ("DELETE", f"{API}/variables"),
        ("PUT", f"{API}/settings"),
        ("GET", f"{API}/auth-check/write"),
        ("POST", f"/spaces/{SPACE}.git/info/lfs/objects/batch"),
    ],
)
def test_who_may_not_change_a_space_is_told_why(
    shared: httpx.Client, token: dict[str, str], expected: tuple[int, None, str], method: str, path: str
) -> None:
    assert refusal(shared.request(method, path, headers=token)) == expected


@pytest.mark.parametrize("path", ["/secrets", "/logs/run"])
def test_secrets_and_logs_are_for_the_owner(shared: httpx.Client, path: str) -> None:
    assert refusal(shared.get(f"{API}{path}", headers=OTHER)) == NOT_OWNED
    assert shared.get(f"{API}{path}", headers=NOBODY).status_code == 401


def test_a_fine_grained_token_changes_its_space_only(shared: httpx.Client) -> None:
    shared.headers.update(FINE)

    own = committed(shared, header(), file("a.txt"))
    new = created(shared, "another")

    words = f'You don\'t have the rights to create a space under the namespace "{USER}"'
    assert (own.status_code, refusal(new)) == (200, (403, None, words))


@pytest.mark.parametrize(("token", "status"), [(READ, 403), (NOBODY, 401), (OTHER, 403)])
def test_a_space_is_created_and_deleted_by_its_owner(
    shared: httpx.Client, token: dict[str, str], status: int
) -> None:
    body = {"name": "new", "organization": USER, "type": "space", "sdk": "docker"}

    new = shared.post("/api/repos/create", json=body, headers=token)
    gone = shared.request("DELETE", "/api/repos/delete", json={**body, "name": "clipnet-api"}, headers=token)

    assert (new.status_code, gone.status_code) == (status, status)


def test_who_shows_no_token_is_nobody(hub: httpx.Client) -> None:
    answer = hub.get("/api/whoami-v2", headers=NOBODY)

    assert refusal(answer) == (401, None, "Invalid username or password.")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("method", "path", "body", "token", "expected"),
    [
        ("GET", "/api/spaces/clipnet/clipnet-api", None, {}, HIDDEN),
        ("GET", "/api/spaces/Clipnet/any/runtime", None, NOBODY, ANONYMOUS),
        ("POST", "/api/spaces/clipnet/clipnet-api/restart", None, {}, HIDDEN),
        (
            "DELETE",
            "/api/repos/delete",
            {"name": "a", "organization": "clipnet", "type": "space"},
            {},
            HIDDEN,
        ),
        ("GET", "/api/whoami-v2", None, PRODUCTION, UNKNOWN),
    ],
)
def test_production_is_a_tripwire(
    hub: httpx.Client,
    method: str,
    path: str,
    body: dict[str, str] | None,
    token: dict[str, str],
    expected: tuple[int, str | None, str],
) -> None:
    answer = hub.request(method, path, json=body, headers=token)

    found = hub.get("/_fake/requests", params={"violations": "1"}).json()["requests"]
    assert refusal(answer) == expected
    assert (len(found), "production's" in found[0]["violation"]) == (1, True)


def test_no_space_is_created_in_production(hub: httpx.Client) -> None:
    answer = created(hub, organization="clipnet")

    assert answer.status_code == 403
    assert hub.get("/_fake/state").json()["violations"] == 1


def test_no_space_is_moved_to_production(shared: httpx.Client) -> None:
    to = {"fromRepo": SPACE, "toRepo": "clipnet/clipnet-api", "type": "space"}

    answer = shared.post("/api/repos/move", json=to)

    assert answer.status_code == 403
    assert shared.get("/_fake/state").json()["violations"] == 1


def test_requests_are_counted_for_five_minutes(hub: httpx.Client) -> None:
    hub.post("/_fake/clock", json={"freeze": True})
    answers = [hub.get(f"/api/spaces/{USER}/nowhere", headers=NOBODY) for _ in range(500)]

    over = hub.get(f"/api/spaces/{USER}/nowhere", headers=NOBODY)
    with_token = hub.get("/api/whoami-v2")
    advance(hub, 300)
    after = hub.get(f"/api/spaces/{USER}/nowhere", headers=NOBODY)

    assert {one.status_code for one in answers} == {401}
    assert answers[0].headers["ratelimit"] == '"api";r=499;t=300'
    assert answers[0].headers["ratelimit-policy"] == '"fixed window";"api";q=500;w=300'
    assert (over.status_code, over.headers["retry-after"], over.headers["ratelimit"]) == (
        429,
        "300",
        '"api";r=0;t=300',
    )
    assert (with_token.status_code, after.status_code) == (200, 401)


@pytest.mark.parametrize("code", ON_COMMAND)
def test_errors_come_on_command(hub: httpx.Client, code: str) -> None:
    hub.put("/_fake/faults", json={"kind": "refusal", "code": code, "times": 1}).raise_for_status()

    first, second = hub.get("/api/whoami-v2"), hub.get("/api/whoami-v2")

    assert (first.status_code, second.status_code) == (ON_COMMAND[code]().status, 200)
    assert first.headers["x-request-id"].startswith("Root=1-")


def test_a_text_that_no_header_can_have_is_still_an_answer(hub: httpx.Client) -> None:
    answer = created(hub, "a\r\nX-Evil: ü")

    assert answer.status_code == 400
    assert "x-evil" not in answer.headers
    assert answer.headers["x-error-message"].startswith('Invalid repo name: "a X-Evil:')


ODD: tuple[Any, ...] = (
    [],
    {},
    "a",
    1,
    -1,
    1 << 70,
    1.5,
    True,
    None,
    [[]],
    {"a": []},
    "../..",
    "a\0b",
    "ü" * 300,
)


@pytest.mark.parametrize(
    ("method", "path", "names"),
    [
        (
            "POST",
            "/api/repos/create",
            ("name", "organization", "sdk", "visibility", "hardware", "sleepTimeSeconds"),
        ),
        ("POST", "/api/repos/create", ("secrets", "variables", "private", "type")),
        ("POST", "/api/repos/move", ("fromRepo", "toRepo")),
        ("DELETE", "/api/repos/delete", ("name", "organization")),
        ("POST", "/api/validate-yaml", ("content", "repoType")),
        ("PUT", f"{API}/settings", ("visibility", "private")),
        ("POST", f"{API}/paths-info/main", ("paths", "expand")),
        ("POST", f"{API}/preupload/main", ("files", "gitIgnore")),
        ("POST", f"{API}/hardware", ("flavor", "sleepTimeSeconds")),
        ("POST", f"{API}/sleeptime", ("seconds",)),
        ("POST", f"{API}/secrets", ("key", "value", "description")),
        ("DELETE", f"{API}/variables", ("key",)),
        ("POST", f"/spaces/{SPACE}.git/info/lfs/objects/batch", ("operation", "objects")),
        ("POST", f"/spaces/{SPACE}.git/info/lfs/verify", ("oid", "size")),
    ],
)
def test_odd_values_are_no_failure(
    shared: httpx.Client, method: str, path: str, names: tuple[str, ...]
) -> None:
    usual = {"name": "odd", "type": "space", "sdk": "docker", "fromRepo": SPACE, "operation": "upload"}
    usual |= {"key": "KEY", "value": "a", "flavor": "t4-small"}

    for name in names:
        for value in ODD:
            answer = shared.request(method, path, json={**usual, name: value})
            assert answer.status_code < 500 or name == "type", (name, value, answer.text)


@pytest.mark.parametrize("key", ["header", "file", "lfsFile", "deletedFile", "deletedFolder"])
def test_odd_commits_are_no_failure(shared: httpx.Client, key: str) -> None:
    usual = {"summary": "a", "path": "a", "content": "", "encoding": "base64", "oid": "0" * 64}

    for name in (*usual, "description", "parentCommit"):
        for value in ODD:
            answer = committed(shared, header(), {"key": key, "value": {**usual, name: value}})
            assert answer.status_code < 500, (name, value, answer.text)
