"""Makes and reads tokens: what every grant ends in. No requests and no clients' secrets."""

from collections.abc import Mapping

from fakes.kit.clock import SettableClock
from fakes.kit.oauth.ledger import Ledger, Token
from fakes.kit.oauth.profile import Profile
from fakes.kit.oauth.records import Client, Grant, Issued
from fakes.kit.people import person


class Mint:
    """Makes one provider's tokens, with their lives.

    Args:
        profile: Texts and lives of tokens.
        clock: What lives are measured by.
        ledger: Where tokens are kept.
    """

    def __init__(self, profile: Profile, clock: SettableClock, ledger: Ledger) -> None:
        self._profile = profile
        self._clock = clock
        self._ledger = ledger

    def begin(
        self,
        client: Client,
        login: str,
        scopes: tuple[str, ...],
        params: Mapping[str, str],
        *,
        gives_refresh: bool,
    ) -> Issued:
        """Open an authorization and hand out its first tokens."""
        family = self._ledger.add_family(client.id, login, scopes, params)
        refresh = self._new_refresh(family, client, login, scopes) if gives_refresh else None
        return self._issue(family, client, scopes, self._profile.access_life_s, refresh)

    def for_app(self, client: Client, scopes: tuple[str, ...]) -> Issued:
        """Hand out an application's own token."""
        profile = self._profile
        family = self._ledger.add_family(client.id, profile.app_login, scopes, {})
        return self._issue(family, client, scopes, profile.app_life_s, None, is_app=True)

    def again(self, client: Client, token: Token, scopes: tuple[str, ...]) -> Issued:
        """Hand out the next access token for a refresh token that is good."""
        refresh = self._refreshed(client, token)
        life_s = self._profile.access_life_s
        return self._issue(token.family.id, client, scopes, life_s, refresh, is_refresh=True)

    def grant(self, token: Token) -> Grant:
        """What a token stands for."""
        family = token.family
        one = person(family.login) if family.login else None
        return Grant(
            family=family.id,
            client_id=family.client_id,
            person=one,
            user_id=self._profile.user_id(one) if one else "",
            scopes=token.scopes,
            granted=family.scopes,
            expires_s=token.expires_s,
            params=family.params,
        )

    def end_s(self, life_s: float | None) -> float | None:
        """When what begins now ends."""
        return None if life_s is None else self._clock.now() + life_s

    def is_past(self, expires_s: float | None) -> bool:
        """Whether this end has come."""
        return expires_s is not None and expires_s <= self._clock.now()

    def is_dead(self, token: Token) -> bool:
        """Whether a token was rotated, revoked or is too old."""
        return token.is_dead or self.is_past(token.expires_s)

    def _refreshed(self, client: Client, token: Token) -> str | None:
        """What the use of a refresh token makes of it; the refresh token to send, if any."""
        profile = self._profile
        works_once = client.is_public and profile.public_refresh_life_s is not None
        if profile.rotation == "rotate" or works_once:
            self._ledger.kill_token(token.text)
            return self._new_refresh(token.family.id, client, token.family.login, token.family.scopes)
        life_s = self._refresh_life_s(client)
        if profile.refresh_slides and life_s is not None and self._ledger.setting("refresh_life_s") is None:
            self._ledger.set_end(token.text, self._clock.now() + life_s)
        return token.text if profile.rotation == "keep" else None

    def _refresh_life_s(self, client: Client) -> int | None:
        """How long a refresh token lives; a setting of the control surface goes before the profile."""
        set_life_s: int | None = self._ledger.setting("refresh_life_s")
        if set_life_s is not None:
            return set_life_s
        profile = self._profile
        return (profile.public_refresh_life_s if client.is_public else None) or profile.refresh_life_s

    def _issue(
        self,
        family: int,
        client: Client,
        scopes: tuple[str, ...],
        life_s: int | None,
        refresh: str | None,
        *,
        is_refresh: bool = False,
        is_app: bool = False,
    ) -> Issued:
        make = (self._profile.app_text if is_app else None) or self._profile.access_text
        text = self._ledger.new_token("access", make, family, scopes, self.end_s(life_s))
        token = self._ledger.token(text)
        assert token is not None
        refresh_life_s = self._refresh_life_s(client) if refresh else None
        return Issued(text, life_s, refresh, refresh_life_s, self.grant(token), is_refresh)

    def _new_refresh(self, family: int, client: Client, login: str | None, scopes: tuple[str, ...]) -> str:
        expires_s = self.end_s(self._refresh_life_s(client))
        limit = self._profile.refresh_limit
        owner = f"{client.id} {login}" if limit is not None else None
        make = self._profile.refresh_text
        text = self._ledger.new_token("refresh", make, family, scopes, expires_s, owner=owner)
        if owner is not None and limit is not None:
            self._ledger.keep_newest(owner, limit)
        return text
