"""What a seed document says of clients and grants."""

from collections.abc import Mapping
from typing import Any

from fakes.kit.documents import rows
from fakes.kit.oauth.ledger import Ledger
from fakes.kit.oauth.mint import Mint
from fakes.kit.oauth.profile import Profile
from fakes.kit.oauth.records import Client
from fakes.kit.people import PEOPLE, person

_LONGEST_S = 10 * 365 * 86_400


def load(part: Mapping[str, Any], profile: Profile, ledger: Ledger, mint: Mint) -> None:
    """Add `clients` and `grants`, and take the `refresh_life_s`.

    Raises:
        ValueError: A field is not usable.
    """
    life_s = part.get("refresh_life_s")
    if life_s is not None:
        if not isinstance(life_s, int) or not 0 < life_s <= _LONGEST_S:
            raise ValueError(f"oauth.refresh_life_s is '{life_s}', it must be 1 to {_LONGEST_S}")
        ledger.set("refresh_life_s", life_s)
    for where, row in rows(part, "clients", "oauth."):
        ledger.add_client(_client(where, row, profile))
    for where, row in rows(part, "grants", "oauth."):
        _add_grant(where, row, profile, ledger, mint)


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
    login, scopes = str(row.get("login")), row.get("scopes", ())
    life_s = row.get("expires_in", profile.access_life_s)
    if not isinstance(scopes, list | tuple):
        raise ValueError(f"{where}.scopes must be a list")
    if life_s is not None and not isinstance(life_s, int | float):
        raise ValueError(f"{where}.expires_in must be a number of seconds or null")
    if person(login) is None:
        raise ValueError(f"{where}.login is '{login}'; known logins: {logins()}")
    if unknown := [scope for scope in map(str, scopes) if scope not in profile.scopes]:
        raise ValueError(f"{where}.scopes has '{unknown[0]}', which {profile.title} does not know")
    if not row.get("access_token"):
        raise ValueError(f"{where}.access_token is missing")
    granted = tuple(map(str, scopes))
    family = ledger.add_family(profile.client_id, login, granted, {})
    expires_s = mint.end_s(life_s)
    ledger.add_token(str(row["access_token"]), "access", family, granted, expires_s)
    if row.get("refresh_token"):
        expires_s = mint.end_s(profile.refresh_life_s)
        ledger.add_token(str(row["refresh_token"]), "refresh", family, granted, expires_s)
