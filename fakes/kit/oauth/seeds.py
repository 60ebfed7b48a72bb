"""What a seed document says of clients and grants."""

from collections.abc import Mapping
from typing import Any

from fakes.kit.oauth.ledger import Ledger
from fakes.kit.oauth.mint import Mint
from fakes.kit.oauth.profile import Profile
from fakes.kit.oauth.records import Client
from fakes.kit.people import PEOPLE, person


def load(part: Mapping[str, Any], profile: Profile, ledger: Ledger, mint: Mint) -> None:
    """Add `clients` and `grants`, and take the `refresh_life_s`.

    Raises:
        ValueError: A field is not usable.
    """
    if "refresh_life_s" in part:
        ledger.set("refresh_life_s", int(part["refresh_life_s"]))
    for number, row in enumerate(part.get("clients", ())):
        ledger.add_client(_client(f"oauth.clients[{number}]", row, profile))
    for number, row in enumerate(part.get("grants", ())):
        _add_grant(f"oauth.grants[{number}]", row, profile, ledger, mint)


def logins() -> str:
    """Everybody's login, for texts."""
    return ", ".join(one.login for one in PEOPLE)


def _client(where: str, row: Mapping[str, Any], profile: Profile) -> Client:
    uris = row.get("redirect_uris", ())
    if not row.get("id") or not isinstance(uris, list | tuple):
        raise ValueError(f"{where} needs an 'id', and 'redirect_uris' as a list")
    if row["id"] == profile.production_client_id:
        raise ValueError(f"{where}.id is production's")
    name, secret = str(row.get("name", row["id"])), str(row.get("secret") or "")
    return Client(str(row["id"]), secret, name, tuple(map(str, uris)))


def _add_grant(where: str, row: Mapping[str, Any], profile: Profile, ledger: Ledger, mint: Mint) -> None:
    login, scopes = str(row.get("login")), tuple(row.get("scopes", ()))
    if person(login) is None:
        raise ValueError(f"{where}.login is '{login}'; known logins: {logins()}")
    if unknown := [scope for scope in scopes if scope not in profile.scopes]:
        raise ValueError(f"{where}.scopes has '{unknown[0]}', which {profile.title} does not know")
    if not row.get("access_token"):
        raise ValueError(f"{where}.access_token is missing")
    family = ledger.add_family(profile.client_id, login, scopes, {})
    expires_s = mint.end_s(row.get("expires_in", profile.access_life_s))
    ledger.add_token(row["access_token"], "access", family, scopes, expires_s)
    if row.get("refresh_token"):
        expires_s = mint.end_s(profile.refresh_life_s)
        ledger.add_token(row["refresh_token"], "refresh", family, scopes, expires_s)
