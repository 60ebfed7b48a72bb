"""The device flow of Google and Twitch: codes, the page to type them in, polling, and its refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.fakes.oauth_ways import WAYS, At

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True, slots=True)
class Device:
    """One provider's device flow as a device and a person see it."""

    path: str
    page: str
    code_param: str
    form: dict[str, str]
    pending: tuple[int, Any]
    dead: tuple[int, Any]
    denied: tuple[int, Any]


def flat(error: str, description: str) -> dict[str, str]:
    return {"error": error, "error_description": description}


_NO_CODE = (400, {"status": 400, "message": "invalid device code"})
DEVICES = {
    "google": Device(
        path="/device/code",
        page="/device",
        code_param="user_code",
        form={"scope": "openid email"},
        pending=(428, flat("authorization_pending", "Precondition Required")),
        dead=(400, flat("invalid_grant", "Bad Request")),
        denied=(403, flat("access_denied", "Forbidden")),
    ),
    "twitch": Device(
        path="/oauth2/device",
        page="/activate",
        code_param="device-code",
        form={"scopes": "clips:edit user:read:email"},
        pending=(400, {"status": 400, "message": "authorization_pending"}),
        dead=_NO_CODE,
        denied=_NO_CODE,
    ),
}


def begin(client: httpx.Client, name: str, **changes: str) -> httpx.Response:
    return client.post(
        DEVICES[name].path, data={"client_id": WAYS[name].client_id, **DEVICES[name].form, **changes}
    )


def poll(client: httpx.Client, name: str, device_code: str, **changes: str | None) -> httpx.Response:
    form = {"grant_type": DEVICE, "device_code": device_code, **changes}
    return WAYS[name].post(client, WAYS[name].token, form)


def later(client: httpx.Client, seconds: float) -> None:
    client.post("/_fake/clock", json={"advance_s": seconds})


def said(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()


def type_in(client: httpx.Client, name: str, user_code: str, decision: str) -> httpx.Response:
    device = DEVICES[name]
    page = client.get(device.page, params={device.code_param: user_code})
    assert "Clipper Cleo" in page.text
    return client.post(str(page.request.url), data={"decision": decision})


def test_the_answers_have_the_providers_names(at: At) -> None:
    google, twitch = begin(at("google"), "google").json(), begin(at("twitch"), "twitch").json()

    assert {**google, "device_code": "", "user_code": ""} == {
        "device_code": "",
        "user_code": "",
        "expires_in": 1800,
        "interval": 5,
        "verification_url": f"{str(at('google').base_url).rstrip('/')}/device",
    }
    assert len(google["user_code"]) == 9
    assert (twitch["expires_in"], twitch["interval"], len(twitch["user_code"])) == (1800, 5, 8)
    assert twitch["verification_uri"].endswith(f"/activate?public=true&device-code={twitch['user_code']}")


@pytest.mark.parametrize("name", DEVICES)
def test_a_person_types_the_code_in_and_the_device_gets_its_tokens_once(at: At, name: str) -> None:
    client = at(name)
    begun = begin(client, name).json()

    empty = client.get(DEVICES[name].page)
    before = poll(client, name, begun["device_code"])
    good_bye = type_in(client, name, f" {begun['user_code'].lower()} ", "clipper_cleo")
    later(client, 6)
    tokens = poll(client, name, begun["device_code"])
    later(client, 6)
    again = poll(client, name, begun["device_code"])

    assert f'name="{DEVICES[name].code_param}"' in empty.text
    assert said(before) == DEVICES[name].pending
    assert "Your device is connected" in good_bye.text
    assert {"access_token", "refresh_token"} <= set(tokens.json())
    assert client.get("/_fake/oauth").json()["grants"][0]["user"] == "clipper_cleo"
    assert said(again) == DEVICES[name].dead
    assert "access_token" in WAYS[name].refresh(client, tokens.json()["refresh_token"]).json()


@pytest.mark.parametrize("name", DEVICES)
def test_a_refusal_reaches_the_device(at: At, name: str) -> None:
    client = at(name)
    begun = begin(client, name).json()

    good_bye = type_in(client, name, begun["user_code"], "deny")
    typed_again = client.get(DEVICES[name].page, params={DEVICES[name].code_param: begun["user_code"]})

    assert "Your device was not connected" in good_bye.text
    assert said(poll(client, name, begun["device_code"])) == DEVICES[name].denied
    assert (typed_again.status_code, "not known here" in typed_again.text) == (400, True)


@pytest.mark.parametrize("name", DEVICES)
def test_both_codes_live_for_half_an_hour(at: At, name: str) -> None:
    client = at(name)
    begun = begin(client, name).json()

    later(client, 1801)
    typed = client.get(DEVICES[name].page, params={DEVICES[name].code_param: begun["user_code"]})

    assert typed.status_code == 400
    assert said(poll(client, name, begun["device_code"])) == DEVICES[name].dead


@pytest.mark.parametrize("name", DEVICES)
def test_a_test_needs_no_click(at: At, name: str) -> None:
    client = at(name)
    begun = begin(client, name).json()
    skipped = {DEVICES[name].code_param: begun["user_code"], "auto_approve": "1", "login_hint": "mod_mia"}

    page = client.get(DEVICES[name].page, params=skipped)
    first = poll(client, name, begun["device_code"])
    client.put("/_fake/state", json={"oauth": {"auto_approve": "viewer_vic"}})
    second = poll(client, name, begin(client, name).json()["device_code"])

    assert "Your device is connected" in page.text
    assert ["access_token" in answer.json() for answer in (first, second)] == [True, True]
    assert client.get("/_fake/oauth").json()["grants"][0]["user"] == "viewer_vic"


@pytest.mark.parametrize("name", DEVICES)
def test_consent_on_a_page_is_refused_on_command(at: At, name: str) -> None:
    client = at(name)
    begun = begin(client, name).json()
    client.post("/_fake/oauth/deny")

    good_bye = type_in(client, name, begun["user_code"], "mod_mia")

    assert "Your device was not connected" in good_bye.text


def test_google_slows_a_hasty_device_down_and_twitch_does_not(at: At) -> None:
    answers = {}
    for name in DEVICES:
        code = begin(at(name), name).json()["device_code"]
        poll(at(name), name, code)
        later(at(name), 4)
        hasty = poll(at(name), name, code)
        later(at(name), 6)
        answers[name] = (said(hasty), said(poll(at(name), name, code)) == DEVICES[name].pending)

    assert answers == {
        "google": ((403, flat("slow_down", "Forbidden")), True),
        "twitch": (DEVICES["twitch"].pending, True),
    }


def test_google_wants_the_secret_and_twitch_only_no_wrong_one(at: At) -> None:
    codes = {name: begin(at(name), name).json()["device_code"] for name in DEVICES}

    without = {name: poll(at(name), name, code, client_secret=None) for name, code in codes.items()}
    wrong = {name: poll(at(name), name, code, client_secret="wrong") for name, code in codes.items()}

    assert said(without["google"]) == (401, flat("invalid_client", "Unauthorized"))
    assert said(without["twitch"]) == DEVICES["twitch"].pending
    assert (wrong["google"].status_code, wrong["twitch"].status_code) == (401, 403)


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("google", {"client_id": "nobody"}, (401, flat("invalid_client", "The OAuth client was not found."))),
        (
            "google",
            {"client_id": ""},
            (400, flat("invalid_request", "Missing required parameter: client_id")),
        ),
        ("google", {"scope": ""}, (400, flat("invalid_request", "Missing required parameter: scope"))),
        (
            "google",
            {"scope": "https://www.googleapis.com/auth/youtube.upload"},
            (
                400,
                flat(
                    "invalid_scope",
                    "Invalid device flow scope: https://www.googleapis.com/auth/youtube.upload",
                ),
            ),
        ),
        ("twitch", {"client_id": "nobody"}, (400, {"status": 400, "message": "invalid client"})),
        ("twitch", {"client_id": ""}, (400, {"status": 400, "message": "missing client id"})),
        ("twitch", {"scopes": "fly"}, (400, {"status": 400, "message": "invalid scope requested"})),
    ],
)
def test_a_bad_beginning_is_refused(
    at: At, name: str, changes: dict[str, str], expected: tuple[int, Any]
) -> None:
    assert said(begin(at(name), name, **changes)) == expected


@pytest.mark.parametrize(
    ("name", "device_code", "expected"),
    [
        ("google", "x", (400, flat("invalid_grant", "Malformed auth code."))),
        ("google", "", (400, flat("invalid_request", "Missing required parameter: device_code"))),
        ("twitch", "x", _NO_CODE),
        ("twitch", "", (400, {"status": 400, "message": "missing device code"})),
    ],
)
def test_a_bad_device_code_is_refused(at: At, name: str, device_code: str, expected: tuple[int, Any]) -> None:
    assert said(poll(at(name), name, device_code)) == expected


def test_a_typed_code_cannot_break_out_of_the_page(at: At) -> None:
    page = at("google").get("/device", params={"user_code": "<script>alert(1)</script>"})

    assert page.status_code == 400
    assert "<script>" not in page.text


@pytest.mark.parametrize("name", DEVICES)
def test_an_answer_to_the_page_without_a_code_is_refused(at: At, name: str) -> None:
    answer = at(name).post(DEVICES[name].page, data={"decision": "deny"})

    assert answer.status_code == 400
    assert "is not known here, or it is too old" in answer.text
