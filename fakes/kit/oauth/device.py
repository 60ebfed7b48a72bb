"""The device flow (RFC 8628): a person types a code into a page while the device asks again and again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fakes.kit.ids import Ids
from fakes.kit.oauth.ledger import Ledger
from fakes.kit.oauth.mint import Mint
from fakes.kit.oauth.profile import DeviceProfile, Profile, Reason
from fakes.kit.oauth.records import Client, Issued
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE oauth_devices (
    device_code TEXT PRIMARY KEY, user_code TEXT NOT NULL UNIQUE, shown_code TEXT NOT NULL,
    client_id TEXT NOT NULL, scopes TEXT NOT NULL, expires_s REAL NOT NULL, asked_s REAL,
    state TEXT NOT NULL, login TEXT
);
"""


@dataclass(frozen=True, slots=True)
class DeviceLogin:
    """A login that was begun on a device.

    Attributes:
        user_code: What the person types in, as it is shown; `device_code` is what the device asks with.
        asked_s: When the device asked last in Unix seconds; None before.
        state: pending, approved, denied or used.
        login: Who agreed.
    """

    device_code: str
    user_code: str
    client: Client
    scopes: tuple[str, ...]
    expires_s: float
    asked_s: float | None
    state: str
    login: str | None


class Devices:
    """One provider's logins on devices.

    Args:
        profile: How the provider behaves; its `device` is not None.
        store: Opened with `SCHEMA` among its tables.
        ids: Source of codes.
        ledger: Clients.
        mint: Makes the tokens.
    """

    def __init__(self, profile: Profile, store: Store, ids: Ids, ledger: Ledger, mint: Mint) -> None:
        assert profile.device is not None
        self._profile = profile
        self._way: DeviceProfile = profile.device
        self._store = store
        self._ids = ids
        self._ledger = ledger
        self._mint = mint

    def begin(self, client: Client, scopes: tuple[str, ...]) -> DeviceLogin:
        """Hand out both codes.

        Raises:
            ProviderError: A scope does not exist, or is not for devices.
        """
        for scope in scopes:
            if scope not in self._profile.scopes:
                raise self._profile.refusal(Reason.SCOPE_UNKNOWN, "device", scope)
            if self._way.scopes is not None and scope not in self._way.scopes:
                raise self._profile.refusal(Reason.DEVICE_SCOPE, "device", scope)
        device_code = self._unused("device_code", self._way.device_text)
        user_code = self._unused("shown_code", self._way.user_text)
        row: tuple[Any, ...] = (device_code, _plain(user_code), user_code, client.id)
        row += (self._profile.join_scopes(scopes), self._mint.end_s(self._way.life_s))
        self._store.execute("INSERT INTO oauth_devices VALUES (?, ?, ?, ?, ?, ?, NULL, 'pending', NULL)", row)
        begun = self._find("device_code", device_code)
        assert begun is not None
        return begun

    def typed(self, user_code: str) -> DeviceLogin | None:
        """The login that a person means, if it still waits; spaces, hyphens and case do not matter."""
        found = self._find("user_code", _plain(user_code))
        waits = found is not None and found.state == "pending" and not self._mint.is_past(found.expires_s)
        return found if waits else None

    def decide(self, one: DeviceLogin, login: str | None) -> None:
        """Let a person agree; None refuses."""
        self._store.execute(
            "UPDATE oauth_devices SET state = ?, login = ? WHERE device_code = ?",
            ("denied" if login is None else "approved", login, one.device_code),
        )

    def exchange(self, client: Client, device_code: str | None) -> Issued:
        """Give the device its tokens, once.

        Raises:
            ProviderError: Not yet, not any more, or never.
        """
        if not device_code:
            raise self._profile.refusal(Reason.PARAMETER_MISSING, "token", "device_code")
        one = self._find("device_code", device_code)
        flaw = Reason.DEVICE_UNKNOWN if one is None else self._flaw(one, client)
        if one is None or flaw is not None:
            raise self._profile.refusal(flaw or Reason.DEVICE_UNKNOWN, "token", device_code)
        self._store.execute(
            "UPDATE oauth_devices SET state = 'used' WHERE device_code = ?", (one.device_code,)
        )
        assert one.login is not None
        return self._mint.begin(client, one.login, one.scopes, {}, gives_refresh=True)

    def ask_again(self, device_code: str | None) -> None:
        """Note when the device asked; a refusal must not undo that, so that it is a step of its own."""
        now_s = self._mint.end_s(0)
        self._store.execute(
            "UPDATE oauth_devices SET asked_s = ? WHERE device_code = ?", (now_s, device_code)
        )

    def _flaw(self, one: DeviceLogin, client: Client) -> Reason | None:
        if one.client.id != client.id:
            return Reason.DEVICE_OF_OTHER_CLIENT
        if one.state == "used":
            return Reason.DEVICE_USED
        if self._mint.is_past(one.expires_s):
            return Reason.DEVICE_EXPIRED
        is_early = one.asked_s is not None and not self._mint.is_past(one.asked_s + self._way.interval_s)
        if self._way.slows_down and is_early:
            return Reason.DEVICE_TOO_FAST
        if one.state == "denied":
            return Reason.DEVICE_DENIED
        return Reason.DEVICE_PENDING if one.state == "pending" else None

    def _find(self, column: str, text: str) -> DeviceLogin | None:
        row = self._store.one(
            f"SELECT * FROM oauth_devices WHERE {column} = ?",  # noqa: S608 - own column names
            (text,),
        )
        client = self._ledger.client(row["client_id"]) if row else None
        if row is None or client is None:
            return None
        return DeviceLogin(
            device_code=row["device_code"],
            user_code=row["shown_code"],
            client=client,
            scopes=self._profile.split_scopes(row["scopes"]),
            expires_s=row["expires_s"],
            asked_s=row["asked_s"],
            state=row["state"],
            login=row["login"],
        )

    def _unused(self, column: str, make: Callable[[Ids], str]) -> str:
        return self._store.unused("oauth_devices", column, lambda: make(self._ids))


def _plain(user_code: str) -> str:
    return "".join(filter(str.isalnum, user_code)).upper()
