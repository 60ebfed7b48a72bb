from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import pytest

from tests.fakes.google.conftest import ASK, AUTH, CLIENT, Bearer
from tests.fakes.oauth_login import CHALLENGE, VERIFIER, approved, callback
from tests.fakes.serving import Served, served


def exchange(client: httpx.Client, code: str, **changes: str | None) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": ASK["redirect_uri"]}
    sent = {name: value for name, value in {**form, **CLIENT, **changes}.items() if value is not None}
    return client.post("/token", data=sent)


def refresh(client: httpx.Client, token: str, **changes: str) -> httpx.Response:
    return client.post(
        "/token", data={"grant_type": "refresh_token", "refresh_token": token, **CLIENT, **changes}
    )


def described(answer: httpx.Response) -> tuple[int, str, str]:
    return answer.status_code, answer.json()["error"], answer.json()["error_description"]


def test_the_consent_page_lists_all_people_and_a_click_comes_back_with_a_code(client: httpx.Client) -> None:
    page = client.get(AUTH, params=ASK)
    action = str(page.request.url)

    answer = callback(client.post(action, data={"decision": "clipper_cleo"}))

    assert page.status_code == 200
    assert page.text.count('name="decision"') == 6
    assert "ClipNET staging" in page.text
    assert answer["state"] == "s1"
    assert answer["scope"] == ASK["scope"]
    assert exchange(client, answer["code"]).status_code == 200


def test_what_the_page_shows_is_escaped(client: httpx.Client) -> None:
    page = client.get(AUTH, params={**ASK, "state": '"><script>alert(1)</script>'})

    assert page.status_code == 200
    assert "<script>" not in page.text


def test_a_refusal_of_the_person_comes_back_as_an_error(client: httpx.Client) -> None:
    answer = callback(client.post(AUTH, params=ASK, data={"decision": "deny"}))

    assert answer == {"error": "access_denied", "state": "s1"}


def test_a_code_gives_tokens_of_googles_form(client: httpx.Client) -> None:
    code = approved(client, AUTH, ASK, "streamer_sam")["code"]

    body = exchange(client, code).json()

    assert code.startswith("4/0A")
    assert set(body) == {"access_token", "expires_in", "refresh_token", "scope", "token_type", "id_token"}
    assert body["access_token"].startswith("ya29.")
    assert body["refresh_token"].startswith("1//0")
    assert (body["expires_in"], body["token_type"]) == (3599, "Bearer")


def test_a_refresh_token_comes_with_the_first_consent_or_with_prompt_consent(client: httpx.Client) -> None:
    online = {name: value for name, value in ASK.items() if name != "access_type"}
    asked = [online, ASK, ASK, {**ASK, "prompt": "consent"}]

    # the second of these is offline, but not the person's first consent
    given = [
        "refresh_token" in exchange(client, approved(client, AUTH, ask, "mod_mia")["code"]).json()
        for ask in asked
    ]
    first = exchange(client, approved(client, AUTH, ASK, "clipper_cleo")["code"]).json()

    assert given == [False, False, False, True]
    assert "refresh_token" in first


def test_pkce_must_match(client: httpx.Client) -> None:
    ask = {**ASK, "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    codes = [approved(client, AUTH, ask, "streamer_sam")["code"] for _ in range(3)]

    right = exchange(client, codes[0], code_verifier=VERIFIER)
    missing = exchange(client, codes[1])
    wrong = exchange(client, codes[2], code_verifier="x" * 43)

    assert CHALLENGE == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert right.status_code == 200
    assert described(missing) == (400, "invalid_grant", "Missing code verifier.")
    assert described(wrong) == (400, "invalid_grant", "Invalid code verifier.")


def test_a_challenge_without_a_method_is_plain(client: httpx.Client) -> None:
    code = approved(client, AUTH, {**ASK, "code_challenge": "p" * 43}, "streamer_sam")["code"]

    assert exchange(client, code, code_verifier="p" * 43).status_code == 200


def test_misuse_of_the_token_endpoint_is_answered_in_googles_words(
    client: httpx.Client, running: Served
) -> None:
    used, late, moved, other = (approved(client, AUTH, ASK, "streamer_sam")["code"] for _ in range(4))
    exchange(client, used)

    answers = {
        "used": exchange(client, used),
        "malformed": exchange(client, "abc"),
        "unknown": exchange(client, "4/0Anobody"),
        "redirect": exchange(client, moved, redirect_uri="http://localhost:1/"),
        "secret": exchange(client, other, client_secret="wrong"),
        "client": exchange(client, other, client_id="nobody"),
        "no code": exchange(client, ""),
        "grant type": exchange(client, other, grant_type="password"),
        "no client": exchange(client, other, client_id=None),
    }
    running.clock.advance(601)
    answers["late"] = exchange(client, late)

    assert {name: described(answer) for name, answer in answers.items()} == {
        "used": (400, "invalid_grant", "Bad Request"),
        "malformed": (400, "invalid_grant", "Malformed auth code."),
        "unknown": (400, "invalid_grant", "Bad Request"),
        "redirect": (400, "redirect_uri_mismatch", "Bad Request"),
        "secret": (401, "invalid_client", "Unauthorized"),
        "client": (401, "invalid_client", "The OAuth client was not found."),
        "no code": (400, "invalid_request", "Missing required parameter: code"),
        "grant type": (400, "unsupported_grant_type", "Invalid grant_type: password"),
        "no client": (400, "invalid_request", "Could not determine client ID from request."),
        "late": (400, "invalid_grant", "Bad Request"),
    }


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"redirect_uri": "https://evil.test/cb"}, 400, "Error 400: redirect_uri_mismatch"),
        ({"client_id": "nobody"}, 401, "Error 401: invalid_client"),
        ({"scope": "everything"}, 400, "Error 400: invalid_scope"),
        ({"scope": ""}, 400, "Error 400: invalid_request"),
        ({"response_type": "none"}, 400, "Error 400: unsupported_response_type"),
        ({"code_challenge": "c", "code_challenge_method": "S512"}, 400, "Error 400: invalid_request"),
    ],
)
def test_a_bad_authorization_request_is_a_page_and_never_a_redirect(
    client: httpx.Client, changes: dict[str, str], status: int, words: str
) -> None:
    answer = client.get(AUTH, params={**ASK, **changes, "auto_approve": "1"})

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert words in answer.text


def test_productions_client_is_refused_and_recorded(client: httpx.Client) -> None:
    production = "production.apps.googleusercontent.com"

    page = client.get(AUTH, params={**ASK, "client_id": production})
    token = refresh(client, "1//0x", client_id=production)

    requests = client.get("/_fake/requests", params={"violations": "1"}).json()["requests"]
    assert page.status_code == 401
    assert described(token) == (401, "invalid_client", "The OAuth client was not found.")
    assert [entry["violation"] for entry in requests] == [
        f"production client '{production}' was used at Google",
        f"production client '{production}' was used at Google",
    ]


def test_a_refresh_keeps_the_refresh_token_and_may_narrow_the_scope(client: httpx.Client) -> None:
    token = exchange(client, approved(client, AUTH, ASK, "streamer_sam")["code"]).json()["refresh_token"]

    whole = refresh(client, token).json()
    narrow = refresh(client, token, scope="email").json()
    wider = refresh(client, token, scope="https://www.googleapis.com/auth/youtube")

    assert "refresh_token" not in whole
    assert "id_token" in whole
    assert whole["scope"] == ASK["scope"]
    assert narrow["scope"] == "email"
    assert described(wider) == (400, "invalid_scope", "Bad Request")


def test_a_refresh_token_lives_for_six_months_after_its_last_use(
    client: httpx.Client, running: Served
) -> None:
    token = exchange(client, approved(client, AUTH, ASK, "streamer_sam")["code"]).json()["refresh_token"]
    days = 86_400

    running.clock.advance(170 * days)
    used = refresh(client, token)
    running.clock.advance(170 * days)
    used_again = refresh(client, token)
    running.clock.advance(181 * days)
    forgotten = refresh(client, token)

    assert (used.status_code, used_again.status_code) == (200, 200)
    assert described(forgotten) == (400, "invalid_grant", "Token has been expired or revoked.")


def test_revoking_either_token_ends_the_authorization(client: httpx.Client) -> None:
    first = exchange(client, approved(client, AUTH, ASK, "streamer_sam")["code"]).json()
    access = {"Authorization": f"Bearer {first['access_token']}"}

    revoked = client.post("/revoke", params={"token": first["refresh_token"]})

    assert (revoked.status_code, revoked.json()) == (200, {})
    assert client.get("/v1/userinfo", headers=access).status_code == 401
    assert described(refresh(client, first["refresh_token"]))[2] == "Token has been expired or revoked."
    again = client.post("/revoke", data={"token": first["access_token"]})
    assert described(again) == (400, "invalid_token", "Token expired or revoked")


def test_userinfo_shows_what_the_scopes_allow(client: httpx.Client, running: Served) -> None:
    code = approved(client, AUTH, {**ASK, "scope": "openid email"}, "mod_mia")["code"]
    access = {"Authorization": f"bearer {exchange(client, code).json()['access_token']}"}

    v1, v2 = client.post("/v1/userinfo", headers=access), client.get("/oauth2/v2/userinfo", headers=access)
    running.clock.advance(3600)
    late = client.get("/oauth2/v3/userinfo", headers=access)

    sub = "100000000000000000004"
    assert v1.json() == {"sub": sub, "email": "mia@clipnet.test", "email_verified": True}
    assert v2.json() == {"id": sub, "email": "mia@clipnet.test", "verified_email": True}
    assert described(late) == (401, "invalid_request", "Invalid Credentials")


def test_tokeninfo_answers_texts_for_both_kinds_of_tokens(client: httpx.Client) -> None:
    tokens = exchange(client, approved(client, AUTH, ASK, "streamer_sam")["code"]).json()

    access = client.get("/tokeninfo", params={"access_token": tokens["access_token"]}).json()
    identity = client.get("/tokeninfo", params={"id_token": tokens["id_token"]}).json()
    bad = client.get("/tokeninfo", params={"access_token": "x"})

    assert (access["aud"], access["email_verified"]) == (CLIENT["client_id"], "true")
    assert access["access_type"] == "offline"
    assert (identity["alg"], identity["sub"], identity["typ"]) == ("RS256", "100000000000000000001", "JWT")
    assert all(isinstance(value, str) for value in (access | identity).values())
    assert described(bad) == (400, "invalid_token", "Invalid Value")


def test_the_discovery_document_is_about_the_origin_where_it_lies(
    client: httpx.Client, running: Served
) -> None:
    found = client.get("/.well-known/openid-configuration").json()

    assert found["issuer"] == running.url("google")
    assert client.get(found["jwks_uri"]).json()["keys"][0]["alg"] == "RS256"
    assert found["code_challenge_methods_supported"] == ["plain", "S256"]


def test_prompt_none_needs_somebody_who_consented_before(client: httpx.Client, bearer: Bearer) -> None:
    ask = {**ASK, "prompt": "none"}

    nobody = callback(client.get(AUTH, params=ask))
    stranger = callback(client.get(AUTH, params={**ask, "login_hint": "sam@clipnet.test"}))
    bearer("streamer_sam")
    known = callback(client.get(AUTH, params={**ask, "login_hint": "sam@clipnet.test"}))

    assert nobody["error"] == "login_required"
    assert stranger["error"] == "interaction_required"
    assert "code" in known


def test_a_seed_document_sets_the_default_approver_and_brings_tokens(running: Served) -> None:
    with served("google") as fakes, httpx.Client(base_url=fakes.url("google")) as client:
        grant = {
            "login": "mod_mia",
            "scopes": ["email"],
            "access_token": "ya29.seeded",
            "refresh_token": "1//0s",
        }
        document = {"oauth": {"auto_approve": "viewer_vic", "grants": [grant]}}

        loaded = client.put("/_fake/state", json=document)
        answer = client.get(AUTH, params=ASK)
        info = client.get("/v1/userinfo", headers={"Authorization": "Bearer ya29.seeded"})

        assert loaded.json()["state"]["auto_approve"] == "viewer_vic"
        assert "code" in dict(parse_qsl(urlsplit(answer.headers["location"]).query))
        assert info.json()["email"] == "mia@clipnet.test"
        assert refresh(client, "1//0s").status_code == 200
        wrong = client.put("/_fake/state", json={"oauth": {"grants": [{"login": "nobody"}]}})
        assert wrong.status_code == 400
        assert "oauth.grants[0].login is 'nobody'" in wrong.json()["error"]


def test_an_unknown_login_hint_is_said_loudly(client: httpx.Client) -> None:
    answer = client.get(AUTH, params={**ASK, "auto_approve": "1", "login_hint": "nobody"})

    assert answer.status_code == 400
    assert "login_hint 'nobody' is nobody here" in answer.text.replace("&#x27;", "'")


def test_a_restart_hands_out_other_tokens_than_before() -> None:
    with served("google") as fakes, httpx.Client(base_url=fakes.url("google")) as client:
        before = approved(client, AUTH, ASK, "streamer_sam")["code"]
        fakes.apps["google"].kit.ids.reset()

        after = approved(client, AUTH, ASK, "streamer_sam")["code"]

        assert before != after


def test_a_person_has_a_hundred_refresh_tokens_and_one_more_ends_the_oldest(client: httpx.Client) -> None:
    ask = {**ASK, "prompt": "consent"}

    tokens = [
        exchange(client, approved(client, AUTH, ask, "streamer_sam")["code"]).json()["refresh_token"]
        for _ in range(101)
    ]
    other = exchange(client, approved(client, AUTH, ask, "mod_mia")["code"]).json()["refresh_token"]

    assert described(refresh(client, tokens[0])) == (
        400,
        "invalid_grant",
        "Token has been expired or revoked.",
    )
    assert [refresh(client, token).status_code for token in (tokens[1], tokens[100], other)] == [200] * 3


def test_grants_of_a_project_in_testing_end_after_a_week(client: httpx.Client, running: Served) -> None:
    client.put("/_fake/state", json={"oauth": {"refresh_life_s": 604_799}})
    body = exchange(client, approved(client, AUTH, ASK, "streamer_sam")["code"]).json()

    running.clock.advance(500_000)
    used = refresh(client, body["refresh_token"])
    running.clock.advance(200_000)
    late = refresh(client, body["refresh_token"])
    client.put("/_fake/state", json={})

    assert body["refresh_token_expires_in"] == 604_799
    assert used.status_code == 200
    assert described(late)[2] == "Token has been expired or revoked."


def test_tokens_come_at_once_in_the_fragment(client: httpx.Client) -> None:
    ask = {**ASK, "scope": "openid email", "nonce": "n1", "auto_approve": "1", "login_hint": "mod_mia"}

    answers = {}
    for kind in ("token", "id_token", "code token id_token"):
        back = httpx.URL(client.get(AUTH, params={**ask, "response_type": kind}).headers["location"])
        answers[kind] = dict(parse_qsl(back.fragment))

    shown = client.get("/tokeninfo", params={"id_token": answers["code token id_token"]["id_token"]}).json()
    assert set(answers["token"]) == {"access_token", "token_type", "expires_in", "scope", "state"}
    assert set(answers["id_token"]) == {"id_token", "state"}
    assert {"code", "access_token", "id_token"} <= set(answers["code token id_token"])
    assert (shown["nonce"], {"c_hash", "at_hash"} <= set(shown)) == ("n1", True)


@pytest.mark.parametrize(
    ("page", "status", "words"),
    [
        ("access_denied", 403, "has not completed the Google verification process"),
        ("admin_policy_enforced", 400, "restricted by policies within your organization"),
        ("deleted_client", 401, "The OAuth client was deleted."),
        ("disallowed_useragent", 403, "secure browsers"),
        ("org_internal", 403, "restricted to users within its organization"),
    ],
)
def test_google_itself_refuses_on_command_and_the_client_is_not_told(
    client: httpx.Client, page: str, status: int, words: str
) -> None:
    client.post("/_fake/oauth/deny", json={"as": page})

    refused = client.post(AUTH, params=ASK, data={"decision": "mod_mia"})
    agreed = client.post(AUTH, params=ASK, data={"decision": "mod_mia"})

    assert (refused.status_code, f"Error {status}: {page}" in refused.text) == (status, True)
    assert words in refused.text
    assert "code" in callback(agreed)


def test_the_journal_holds_no_token_of_a_fragment_and_no_device_code(client: httpx.Client) -> None:
    ask = {**ASK, "scope": "openid", "response_type": "code token id_token", "auto_approve": "1"}

    back = client.get(AUTH, params=ask).headers["location"]
    device = client.post("/device/code", data={"client_id": CLIENT["client_id"], "scope": "email"}).json()

    journal = client.get("/_fake/requests").text
    given = dict(parse_qsl(httpx.URL(back).fragment))
    secrets = [quote(given["code"], safe=""), given["access_token"], given["id_token"], device["device_code"]]
    assert [one for one in secrets if one in journal] == []
