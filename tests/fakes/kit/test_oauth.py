"""The OAuth engine with a profile of no provider: what the real profiles leave to chance or to each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from fakes.kit.clock import ManualClock
from fakes.kit.errors import ProviderError
from fakes.kit.ids import Ids
from fakes.kit.journal import Journal
from fakes.kit.kit import FakeSettings, Kit
from fakes.kit.oauth import SCHEMA, Asked, Client, Engine, Profile, Refusal, TokenRequest
from fakes.kit.oauth.pages import consent_page
from fakes.kit.people import PEOPLE
from fakes.kit.webhooks import Webhooks
from tests.fakes.oauth_login import CHALLENGE, VERIFIER

SAM, CLEO = PEOPLE[:2]
REDIRECT = "http://127.0.0.1:8401/v1/oauth/acme/callback"
ASK = {"client_id": "stage", "redirect_uri": REDIRECT, "response_type": "code", "scope": "read write"}


def refuse(refusal: Refusal) -> ProviderError:
    return ProviderError(400, f"{refusal.stage} {refusal.reason.name} {refusal.name}".strip())


PROFILE = Profile(
    name="acme",
    title="Acme",
    color="#123456",
    client_id="stage",
    client_secret="s3cret",
    production_client_id="prod",
    scopes=frozenset({"read", "write"}),
    refuse=refuse,
    user_id=lambda one: f"u{one.number}",
    code_text=lambda ids: ids.text(8),
    access_text=lambda ids: "a" + ids.text(8),
    refresh_text=lambda ids: "r" + ids.text(8),
    code_life_s=30,
    access_life_s=100,
    refresh_life_s=1000,
    grant_types=frozenset({"authorization_code", "refresh_token", "client_credentials"}),
)


def engine(**changes: Any) -> tuple[Engine, ManualClock]:
    clock = ManualClock()
    settings = FakeSettings(public_urls={"acme": "http://127.0.0.1:1"})
    kit = Kit("acme", settings, clock, Ids(1), Journal(), Webhooks(clock, frozenset()))
    kit.open_store(SCHEMA)
    made = Engine(replace(PROFILE, **changes), kit)
    made.populate()
    return made, clock


def code_of(address: str) -> str:
    return dict(parse_qsl(urlsplit(address).query))["code"]


def exchange(one: Engine, code: str, basic: tuple[str, str] | None = None, **params: str) -> Any:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, **params}
    if basic is None:
        form |= {"client_id": "stage", "client_secret": "s3cret"}
    return one.token(TokenRequest(form, basic))


def refresh(one: Engine, token: str) -> Any:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return one.token(TokenRequest({**form, "client_id": "stage", "client_secret": "s3cret"}))


def logged_in(one: Engine) -> Any:
    return exchange(one, code_of(one.approve(one.ask(ASK), SAM)))


def refusal(call: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(ProviderError) as caught:
        call(*args, **kwargs)
    return caught.value.message


def test_keep_sends_the_same_refresh_token_again() -> None:
    one, _ = engine(rotation="keep")
    issued = logged_in(one)

    again = refresh(one, issued.refresh_token)

    assert again.refresh_token == issued.refresh_token
    assert again.is_refresh
    assert again.access_token != issued.access_token
    assert one.bearer(again.access_token, "write").person == SAM


def test_rotate_starts_the_life_of_a_new_token_and_the_family_lives_on() -> None:
    one, clock = engine(rotation="rotate")
    issued = logged_in(one)

    clock.advance(900)
    second = refresh(one, issued.refresh_token)
    clock.advance(900)
    third = refresh(one, second.refresh_token)

    assert refusal(refresh, one, issued.refresh_token).startswith("token REFRESH_DEAD")
    assert third.grant.family == issued.grant.family
    assert third.refresh_expires_in_s == 1000


def test_a_profile_that_insists_on_pkce_refuses_a_request_without_a_challenge() -> None:
    one, _ = engine(needs_pkce=lambda _asked: True)

    without = refusal(one.ask, ASK)
    asked = one.ask({**ASK, "code_challenge": CHALLENGE, "code_challenge_method": "S256"})
    code = code_of(one.approve(asked, SAM))

    assert without == "authorize CHALLENGE_MISSING code_challenge"
    assert refusal(exchange, one, code) == f"token VERIFIER_MISSING {code}"
    assert exchange(one, code, code_verifier=VERIFIER).grant.person == SAM


def test_a_wrong_verifier_does_not_spend_the_code() -> None:
    one, _ = engine()
    asked = one.ask({**ASK, "code_challenge": CHALLENGE, "code_challenge_method": "S256"})
    code = code_of(one.approve(asked, SAM))

    assert "VERIFIER_WRONG" in refusal(exchange, one, code, code_verifier="w" * 43)
    assert exchange(one, code, code_verifier=VERIFIER).access_token


def test_clients_are_looked_for_where_the_profile_says() -> None:
    one, _ = engine(client_places=("basic",))
    codes = [code_of(one.approve(one.ask(ASK), SAM)) for _ in range(2)]

    assert exchange(one, codes[0], ("stage", "s3cret")).access_token
    assert refusal(exchange, one, codes[1]) == "token CLIENT_CREDENTIALS_MISSING client_id"
    assert refusal(exchange, one, codes[1], ("stage", "")) == "token CLIENT_SECRET_WRONG stage"


def test_a_code_belongs_to_one_client_and_lives_its_time() -> None:
    one, clock = engine()
    one.clients.register(Client("other", "s3cret", "Other", (REDIRECT,)))
    code = code_of(one.approve(one.ask(ASK), SAM))

    foreign = refusal(exchange, one, code, ("other", "s3cret"), client_id="other", client_secret="s3cret")
    clock.advance(30)
    late = refusal(exchange, one, code)

    assert foreign == f"token CODE_OF_OTHER_CLIENT {code}"
    assert late == f"token CODE_EXPIRED {code}"


def test_a_used_code_is_refused_and_its_tokens_live_on() -> None:
    one, _ = engine()
    code = code_of(one.approve(one.ask(ASK), SAM))
    issued = exchange(one, code)

    assert refusal(exchange, one, code) == f"token CODE_USED {code}"
    assert one.bearer(issued.access_token).person == SAM


def test_an_applications_own_token_is_nobodys_unless_the_profile_names_somebody() -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": "stage",
        "client_secret": "s3cret",
        "scope": "read",
    }

    nobody = engine(app_text=lambda ids: "app" + ids.text(8))[0].token(TokenRequest(form))
    somebody = engine(app_login="clipper_cleo", app_life_s=50)[0].token(TokenRequest(form))

    assert (nobody.grant.person, nobody.expires_in_s, nobody.refresh_token) == (None, None, None)
    assert nobody.access_token.startswith("app")
    assert (somebody.grant.person, somebody.expires_in_s) == (CLEO, 50)


def test_an_access_token_ends_by_time_by_revocation_and_lacks_what_was_not_granted() -> None:
    one, clock = engine()
    narrow = exchange(one, code_of(one.approve(one.ask({**ASK, "scope": "read"}), SAM))).access_token
    revoked = logged_in(one)
    one.revoke(revoked.refresh_token)

    answers = [
        refusal(one.bearer, None),
        refusal(one.bearer, "nonsense"),
        refusal(one.bearer, narrow, "write"),
        refusal(one.bearer, revoked.access_token),
    ]
    clock.advance(100)
    answers.append(refusal(one.bearer, narrow))

    assert answers == [
        "api BEARER_MISSING",
        "api BEARER_UNKNOWN",
        "api SCOPE_MISSING write",
        "api BEARER_REVOKED",
        "api BEARER_EXPIRED",
    ]


def test_a_refresh_token_is_no_access_token() -> None:
    one, _ = engine()

    assert refusal(one.bearer, logged_in(one).refresh_token) == "api BEARER_UNKNOWN"


def test_another_clients_token_cannot_be_revoked() -> None:
    one, _ = engine()
    issued = logged_in(one)
    other = Client("other", "x", "Other", ())

    assert refusal(one.revoke, issued.access_token, other).startswith("revoke REVOKED_UNKNOWN")
    assert one.bearer(issued.access_token).person == SAM


@pytest.mark.parametrize(
    ("uri", "allows_loopback", "is_accepted"),
    [
        (REDIRECT, False, True),
        (REDIRECT.replace("127.0.0.1", "localhost"), False, True),
        (REDIRECT + "/", False, False),
        (REDIRECT + "?x=1", False, False),
        ("http://127.0.0.1:1/other", False, False),
        ("http://127.0.0.1:1/other", True, True),
        ("http://127.0.0.1.evil.test/", True, False),
        ("https://localhost/", True, False),
        ("http://localhost/#fragment", True, False),
    ],
)
def test_redirects_are_compared_exactly(uri: str, allows_loopback: bool, is_accepted: bool) -> None:
    one, _ = engine(allows_loopback=allows_loopback)
    ask = {**ASK, "redirect_uri": uri}

    if is_accepted:
        asked: Asked = one.ask(ask)
        assert asked.redirect_uri == uri
    else:
        assert refusal(one.ask, ask) == f"authorize REDIRECT_UNREGISTERED {uri}"


def test_productions_client_is_a_tripwire() -> None:
    one, _ = engine()

    with pytest.raises(ProviderError) as caught:
        one.ask({**ASK, "client_id": "prod"})

    assert caught.value.violation == "production client 'prod' was used at Acme"
    assert caught.value.message == "authorize CLIENT_PRODUCTION prod"


def test_a_query_cannot_break_out_of_the_consent_page() -> None:
    one, _ = engine()

    page = consent_page(one.profile, one.ask(ASK), 'state="><script>alert(1)</script>')

    assert "<script>" not in page
    assert 'action="?state=&quot;&gt;&lt;script&gt;' in page


def test_a_browser_that_shows_the_consent_page_asks_for_no_icon() -> None:
    one, _ = engine()

    page = consent_page(one.profile, one.ask(ASK), "")

    assert '<link rel="icon" href="data:,">' in page
