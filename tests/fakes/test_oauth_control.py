"""`/_fake/oauth` of all providers: grants are listed, tokens ended, consent and tokens refused on command."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.fakes.oauth_login import callback
from tests.fakes.oauth_ways import WAYS, At

ASKED_WITH = {
    "google": ("/tokeninfo?access_token={}", None),
    "tiktok": ("/v2/user/info/?fields=open_id", "Bearer {}"),
    "twitch": ("/oauth2/validate", "OAuth {}"),
    "discord": ("/api/users/@me", "Bearer {}"),
    "x": ("/2/users/me", "Bearer {}"),
}


def is_live(client: httpx.Client, name: str, access_token: str) -> bool:
    path, header = ASKED_WITH[name]
    headers = {"Authorization": header.format(access_token)} if header else {}
    return client.get(path.format(access_token), headers=headers).status_code == 200


def command(client: httpx.Client, action: str, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/_fake/oauth/{action}", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("name", WAYS)
def test_grants_are_listed_newest_first_with_masked_tokens(at: At, name: str) -> None:
    way, client = WAYS[name], at(name)
    way.log_in(client, "streamer_sam")
    tokens = way.log_in(client, "clipper_cleo")

    listed = client.get("/_fake/oauth").json()
    cleos = client.get("/_fake/oauth", params={"user": "cleo@clipnet.test"}).json()["grants"]

    assert [grant["user"] for grant in listed["grants"]] == ["clipper_cleo", "streamer_sam"]
    assert cleos == listed["grants"][:1]
    assert {token["kind"]: token["state"] for token in cleos[0]["tokens"]} == {
        "access": "live",
        "refresh": "live",
    }
    assert cleos[0]["tokens"][0]["token"] == f"{tokens['access_token'][:6]}..."
    assert tokens["access_token"] not in str(listed)
    assert (listed["fake"], listed["deny"], listed["fail"]) == (name, None, None)


@pytest.mark.parametrize("name", WAYS)
def test_access_tokens_of_one_person_end_and_are_refreshed(at: At, name: str) -> None:
    way, client = WAYS[name], at(name)
    sam, cleo = (way.log_in(client, login) for login in ("streamer_sam", "clipper_cleo"))

    done = command(client, "expire", user="streamer_sam")

    assert done == {"fake": name, "expired": 1}
    assert [is_live(client, name, one["access_token"]) for one in (sam, cleo)] == [False, True]
    assert "access_token" in way.refresh(client, sam["refresh_token"]).json()


@pytest.mark.parametrize("name", WAYS)
def test_one_token_ends_by_its_id_and_all_by_kind(at: At, name: str) -> None:
    way, client = WAYS[name], at(name)
    first, second = way.log_in(client), way.log_in(client)
    grants = client.get("/_fake/oauth").json()["grants"]
    token_id = next(token["id"] for token in grants[1]["tokens"] if token["kind"] == "access")

    command(client, "expire", token=token_id)
    alive = [is_live(client, name, one["access_token"]) for one in (first, second)]
    done = command(client, "expire", kind="all")

    assert alive == [False, True]
    assert done["expired"] == 3
    assert "access_token" not in way.refresh(client, second["refresh_token"]).json()


@pytest.mark.parametrize("name", WAYS)
def test_a_person_ends_the_authorization_at_the_provider(at: At, name: str) -> None:
    way, client = WAYS[name], at(name)
    sam, cleo = (way.log_in(client, login) for login in ("streamer_sam", "clipper_cleo"))

    done = command(client, "revoke", user="streamer_sam")

    assert done["revoked"] == 1
    assert [is_live(client, name, one["access_token"]) for one in (sam, cleo)] == [False, True]
    assert "access_token" not in way.refresh(client, sam["refresh_token"]).json()
    assert command(client, "revoke", user="streamer_sam")["revoked"] == 0


@pytest.mark.parametrize("name", WAYS)
def test_the_next_consent_is_refused_whoever_agrees(at: At, name: str) -> None:
    way, client = WAYS[name], at(name)
    ask = {**way.ask, "auto_approve": "1"}

    command(client, "deny")
    answers = [callback(client.get(way.authorize, params=ask)) for _ in range(2)]
    command(client, "deny", times=None)
    answers += [callback(client.post(way.authorize, params=way.ask, data={"decision": "mod_mia"}))] * 2
    command(client, "clear")
    answers += [callback(client.get(way.authorize, params=ask))]

    assert [answer.get("error") for answer in answers] == [
        "access_denied",
        None,
        "access_denied",
        "access_denied",
        None,
    ]


UNAVAILABLE: dict[str, tuple[int, Any]] = {
    "google": (503, {"error": "temporarily_unavailable", "error_description": "Service Unavailable"}),
    "tiktok": (200, "temporarily_unavailable"),
    "twitch": (503, {"status": 503, "message": "Service Unavailable"}),
    "discord": (503, {"error": "temporarily_unavailable"}),
    "x": (
        503,
        {
            "title": "Service Unavailable",
            "detail": "Service Unavailable",
            "type": "about:blank",
            "status": 503,
        },
    ),
}


@pytest.mark.parametrize("name", WAYS)
def test_the_token_endpoint_fails_on_command_and_spends_nothing(at: At, name: str) -> None:
    way, client = WAYS[name], at(name)
    code = way.code(client)

    command(client, "fail")
    failed, worked = way.exchange(client, code), way.exchange(client, code)

    body = failed.json()["error"] if name == "tiktok" else failed.json()
    assert (failed.status_code, body) == UNAVAILABLE[name]
    assert "access_token" in worked.json()


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("failure", ["invalid_grant", "invalid_client"])
def test_a_failure_may_be_a_dead_grant_or_a_bad_client(at: At, name: str, failure: str) -> None:
    way, client = WAYS[name], at(name)
    tokens = way.log_in(client)
    expected = (
        way.refresh(client, tokens["refresh_token"], client_secret="wrong")
        if failure == "invalid_client"
        else None
    )

    command(client, "fail", times=2, **{"as": failure})
    answers = [way.refresh(client, tokens["refresh_token"]) for _ in range(3)]

    assert ["access_token" in answer.json() for answer in answers] == [False, False, True]
    if expected is not None:
        bodies = [{**answer.json(), "log_id": ""} for answer in (answers[0], expected)]
        assert bodies[0] == bodies[1]


@pytest.mark.parametrize("name", ["tiktok", "twitch", "discord"])
def test_an_application_s_own_token_has_no_grant_that_could_be_dead(at: At, name: str) -> None:
    way, client = WAYS[name], at(name)
    code = way.code(client)
    command(client, "fail", **{"as": "invalid_grant"})

    own = way.post(client, way.token, {"grant_type": "client_credentials"})
    failed, worked = way.exchange(client, code), way.exchange(client, code)

    assert ["access_token" in answer.json() for answer in (own, failed, worked)] == [True, False, True]


@pytest.mark.parametrize("name", ["google", "discord", "x"])
def test_credentials_of_strange_characters_are_none(at: At, name: str) -> None:
    way = WAYS[name]

    answer = at(name).post(
        way.token, data={"grant_type": "refresh_token"}, headers={b"Authorization": b"Basic \xe9"}
    )

    assert 400 <= answer.status_code < 402


@pytest.mark.parametrize(
    ("action", "body", "words"),
    [
        ("expire", {"user": "nobody"}, "user 'nobody' is nobody here; known logins: streamer_sam"),
        ("expire", {"kind": "id"}, "kind is 'id'; known are access, refresh, all"),
        ("expire", {"kind": ["access"]}, "kind is '['access']'; known are access, refresh, all"),
        ("expire", {"token": [1]}, "no token has the id '[1]'"),
        ("fail", {"as": {}, "times": True}, "times is 'True', it must be 1 to 1000 or null"),
        ("deny", {"as": ["x"]}, "as is '['x']'; X has no pages of its own"),
        ("expire", {"token": 99}, "no token has the id '99'"),
        ("expire", {"token": 1 << 80}, "no token has the id"),
        ("expire", {"who": 1}, "unknown field 'who'"),
        ("revoke", {"token": "x"}, "no token has the id 'x'"),
        ("deny", {"as": "org_internal"}, "as is 'org_internal'; X has no pages of its own"),
        ("deny", {"times": 0}, "times is '0', it must be 1 to 1000 or null"),
        ("fail", {"as": "teapot"}, "as is 'teapot'; known are unavailable, invalid_grant, invalid_client"),
        ("clear", {"x": 1}, "clear takes no fields"),
    ],
)
def test_what_cannot_be_done_is_said(at: At, action: str, body: dict[str, Any], words: str) -> None:
    answer = at("x").post(f"/_fake/oauth/{action}", json=body)

    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_commands_end_with_a_reset(at: At) -> None:
    client = at("x")
    command(client, "deny", times=None)
    command(client, "fail", times=5)

    client.post("/_fake/reset")

    assert client.get("/_fake/oauth").json()["deny"] is None
    assert client.get("/_fake/oauth").json()["fail"] is None


def test_tiktok_tells_the_application_that_somebody_disconnected(at: At) -> None:
    way, client = WAYS["tiktok"], at("tiktok")
    client.put("/_fake/state", json={"webhook_url": "http://127.0.0.1:9/hook"})
    way.log_in(client, "mod_mia")

    command(client, "revoke", user="mod_mia")

    told = client.get("/_fake/webhooks").json()["deliveries"]
    assert ["authorization.removed" in str(one["body"]) for one in told] == [True]


@pytest.mark.parametrize(
    ("name", "kept", "expected"),
    [
        ("tiktok", [], "user.info.basic"),
        ("tiktok", ["video.publish"], "user.info.basic,video.publish"),
        ("google", [], "openid email"),
    ],
)
def test_people_take_scopes_out_on_the_consent_page(
    at: At, name: str, kept: list[str], expected: str
) -> None:
    way, client = WAYS[name], at(name)
    page = client.get(way.authorize, params=way.ask)
    form = {"choice": "scopes", "scope": kept, "decision": "clipper_cleo"}

    back = callback(client.post(str(page.request.url), data=form))

    assert page.text.count('type="checkbox"') == 1
    assert back["scopes" if name == "tiktok" else "scope"] == expected
    assert way.exchange(client, back["code"]).json()["scope"] == expected


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ([], None),
        (["x"], "oauth must be an object"),
        ({"clients": {"id": "x"}}, "oauth.clients must be a list"),
        ({"clients": ["x"]}, "oauth.clients[0] must be an object"),
        ({"clients": [{"id": "x", "redirect_uris": "http://a"}]}, "oauth.clients[0] needs an 'id'"),
        ({"clients": [{"id": "x-production-client"}]}, "oauth.clients[0].id is production's"),
        ({"grants": [{"login": "mod_mia"}]}, "oauth.grants[0].access_token is missing"),
        ({"grants": [{"login": "mod_mia", "scopes": 5}]}, "oauth.grants[0].scopes must be a list"),
        (
            {"grants": [{"login": "mod_mia", "access_token": "x", "expires_in": "soon"}]},
            "oauth.grants[0].expires_in must be a number of seconds or null",
        ),
        ({"refresh_life_s": "week"}, "oauth.refresh_life_s is 'week', it must be 1 to 315360000"),
        ({"auto_approve": "nobody"}, "oauth.auto_approve is 'nobody'"),
    ],
)
def test_a_seed_document_that_cannot_be_is_refused_with_the_place(
    at: At, part: Any, words: str | None
) -> None:
    answer = at("x").put("/_fake/state", json={"oauth": part})

    assert answer.status_code == (200 if words is None else 400)
    assert words is None or words in answer.json()["error"]
