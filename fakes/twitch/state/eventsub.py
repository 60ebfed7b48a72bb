"""EventSub subscriptions: who is told of what, and what becomes of a subscription that nobody answers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from sqlite3 import Row
from typing import Any

from fakes.kit import callbacks
from fakes.kit.kit import Kit
from fakes.kit.oauth import Ledger
from fakes.kit.people import PEOPLE, decimal_id
from fakes.twitch import errors
from fakes.twitch.state.accounts import BOT_ID, Accounts
from fakes.twitch.state.profile import PROFILE

SCHEMA = """
CREATE TABLE subscriptions (
    id TEXT PRIMARY KEY, client_id TEXT NOT NULL, type TEXT NOT NULL, version TEXT NOT NULL,
    condition TEXT NOT NULL, callback TEXT NOT NULL, secret TEXT NOT NULL, status TEXT NOT NULL,
    created_s REAL NOT NULL, cost INTEGER NOT NULL, failures INTEGER NOT NULL
);
CREATE INDEX subscriptions_by_type ON subscriptions (type, condition)
"""
PENDING = "webhook_callback_verification_pending"
MAX_TOTAL_COST = 10_000
FAILURES_LIMIT = 5
_ALIKE_LIMIT = 3
_SECRET_CHARACTERS = range(10, 101)
STAGING_SECRET = "clipbot-staging-secret"
CHAT = "channel.chat.message"
DISCONNECTED = "user.authorization.revoke"
_SEEDED = "00000000-0000-"
REDEMPTION = "channel.channel_points_custom_reward_redemption.add"


@dataclass(frozen=True, slots=True)
class Kind:
    """One type and version (dev.twitch.tv/docs/eventsub/eventsub-subscription-types).

    Attributes:
        condition: The fields of its condition; `optional` may be left out.
        consents: The fields that name people who must have let the application in, with the scopes of which
            they must have granted one.
    """

    condition: tuple[str, ...]
    optional: tuple[str, ...] = ()
    consents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_BROADCASTER = ("broadcaster_user_id",)
_READS_REDEMPTIONS = {"broadcaster_user_id": ("channel:read:redemptions", "channel:manage:redemptions")}
KINDS: Mapping[tuple[str, str], Kind] = {
    (CHAT, "1"): Kind(
        ("broadcaster_user_id", "user_id"),
        consents={"broadcaster_user_id": ("channel:bot",), "user_id": ("user:bot",)},
    ),
    (REDEMPTION, "1"): Kind(_BROADCASTER, ("reward_id",), _READS_REDEMPTIONS),
    ("channel.channel_points_custom_reward_redemption.update", "1"): Kind(
        _BROADCASTER, ("reward_id",), _READS_REDEMPTIONS
    ),
    ("channel.channel_points_automatic_reward_redemption.add", "2"): Kind(
        _BROADCASTER, consents=_READS_REDEMPTIONS
    ),
    ("stream.online", "1"): Kind(_BROADCASTER),
    ("stream.offline", "1"): Kind(_BROADCASTER),
    ("channel.update", "2"): Kind(_BROADCASTER),
    ("channel.follow", "2"): Kind(
        ("broadcaster_user_id", "moderator_user_id"),
        consents={"moderator_user_id": ("moderator:read:followers",)},
    ),
    ("channel.cheer", "1"): Kind(_BROADCASTER, consents={"broadcaster_user_id": ("bits:read",)}),
    ("channel.subscribe", "1"): Kind(
        _BROADCASTER, consents={"broadcaster_user_id": ("channel:read:subscriptions",)}
    ),
    ("channel.raid", "1"): Kind((), ("from_broadcaster_user_id", "to_broadcaster_user_id")),
    (DISCONNECTED, "1"): Kind(("client_id",)),
}


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription; `callback` as it was given, `target` where it is really sent."""

    id: str
    client_id: str
    type: str
    version: str
    condition: Mapping[str, str]
    callback: str
    target: str
    secret: str
    status: str
    created_s: float
    cost: int
    failures: int


class EventSub:
    """All subscriptions.

    Args:
        kit: Clock, ids and store.
        accounts: Whose consent is asked for.
        ledger: What people have granted by logging in.
    """

    def __init__(self, kit: Kit, accounts: Accounts, ledger: Ledger) -> None:
        self._kit = kit
        self._accounts = accounts
        self._ledger = ledger
        self._callbacks = callbacks.Callbacks(kit)

    def populate(self) -> None:
        """Staging's own subscriptions: chat and rewards of every channel, sent to ClipBOT."""
        for one in PEOPLE:
            if one.has_channel:
                broadcaster = {"broadcaster_user_id": decimal_id(one)}
                self._populate(f"4000-8000-{decimal_id(one):0>12}", CHAT, broadcaster | {"user_id": BOT_ID})
                self._populate(f"4000-8001-{decimal_id(one):0>12}", REDEMPTION, broadcaster)

    def _populate(self, id_end: str, kind: str, condition: Mapping[str, str]) -> None:
        row = (
            f"{_SEEDED}{id_end}",
            PROFILE.client_id,
            kind,
            "1",
            json.dumps(condition),
            f"{callbacks.API}/v1/clipbot/twitch",
            STAGING_SECRET,
            "enabled",
            self._kit.clock.now(),
        )
        self._kit.store.execute("INSERT INTO subscriptions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)", row)

    def load(self, targets: Mapping[str, str]) -> None:
        """Read `callbacks` of a seed document."""
        self._callbacks.load(targets)

    def create(self, client_id: str, asked: Mapping[str, Any]) -> Subscription:
        """Add a subscription whose callback is still to be verified.

        Raises:
            ProviderError: A field is wrong, consent is missing, or there is one like it.
        """
        condition = self._checked_condition(client_id, asked)
        transport = asked.get("transport")
        callback, secret = self._checked_transport(transport if isinstance(transport, Mapping) else {})
        alike = [
            one
            for one in self._all("type = ? AND condition = ?", (asked["type"], json.dumps(condition)))
            if one.status in ("enabled", PENDING)
        ]
        if any(one.callback == callback for one in alike):
            raise errors.subscription_exists()
        if len(alike) >= _ALIKE_LIMIT:
            raise errors.too_many_alike()
        broadcaster = condition.get("broadcaster_user_id", "")
        cost = 0 if not broadcaster or self._accounts.has_granted(broadcaster, "channel:bot") else 1
        row = (
            self._kit.ids.uuid(),
            client_id,
            asked["type"],
            asked["version"],
            json.dumps(condition),
            callback,
            secret,
        )
        self._kit.store.execute(
            "INSERT INTO subscriptions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (*row, PENDING, self._kit.clock.now(), cost),
        )
        return self._one(row[0])

    def owned(self, client_id: str, filters: Mapping[str, str]) -> list[Subscription]:
        """Subscriptions of one client.

        Raises:
            ProviderError: More than one filter.
        """
        if len(filters) > 1:
            raise errors.bad_request("you may specify only one filter")
        found = self._all("client_id = ?", (client_id,))
        match dict(filters):
            case {"status": status}:
                return [one for one in found if one.status == status]
            case {"type": kind}:
                return [one for one in found if one.type == kind]
            case {"user_id": user_id}:
                return [one for one in found if user_id in one.condition.values()]
            case {"subscription_id": subscription_id}:
                return [one for one in found if one.id == subscription_id]
        return found

    def delete(self, client_id: str, subscription_id: str | None) -> None:
        """Remove one.

        Raises:
            ProviderError: No id, or no subscription of this client has it.
        """
        if not subscription_id:
            raise errors.missing_parameter("id")
        done = self._kit.store.execute(
            "DELETE FROM subscriptions WHERE id = ? AND client_id = ?", (subscription_id, client_id)
        )
        if not done.rowcount:
            raise errors.subscription_not_found()

    def enabled(self, kind: str, broadcaster_id: str) -> list[Subscription]:
        """Who is told of this kind of event in this channel."""
        found = self._all("type = ? AND status = 'enabled'", (kind,))
        return [one for one in found if one.condition.get("broadcaster_user_id") == broadcaster_id]

    def about_client(self, kind: str, client_id: str) -> list[Subscription]:
        """Who is told of this kind of event about an application."""
        found = self._all("type = ? AND status = 'enabled'", (kind,))
        return [one for one in found if one.condition.get("client_id") == client_id]

    def end_consent(self, client_id: str, user_id: str) -> list[Subscription]:
        """End a client's subscriptions that need a person's consent; returns them.

        Those that are always there stay: their consent is taken as given.
        """
        ended = []
        for one in self._all("client_id = ? AND status = 'enabled'", (client_id,)):
            fields = KINDS[one.type, one.version].consents
            if one.id.startswith(_SEEDED) or user_id not in (one.condition.get(name) for name in fields):
                continue
            self._kit.store.execute(
                "UPDATE subscriptions SET status = 'authorization_revoked' WHERE id = ?", (one.id,)
            )
            ended.append(self._one(one.id))
        return ended

    def verified(self, subscription_id: str, *, is_right: bool) -> None:
        """Note how the challenge was answered."""
        status = "enabled" if is_right else "webhook_callback_verification_failed"
        self._kit.store.execute(
            "UPDATE subscriptions SET status = ? WHERE id = ? AND status = ?",
            (status, subscription_id, PENDING),
        )

    def delivered(self, subscription_id: str, *, is_accepted: bool) -> Subscription | None:
        """Note how a notification ended; returns the subscription when it is thereby revoked."""
        self._kit.store.execute(
            "UPDATE subscriptions SET failures = CASE WHEN ? THEN 0 ELSE failures + 1 END WHERE id = ?",
            (is_accepted, subscription_id),
        )
        done = self._kit.store.execute(
            "UPDATE subscriptions SET status = 'notification_failures_exceeded'"
            " WHERE id = ? AND status = 'enabled' AND failures >= ?",
            (subscription_id, FAILURES_LIMIT),
        )
        return self._one(subscription_id) if done.rowcount else None

    def summary(self) -> dict[str, int]:
        """Number of subscriptions by status."""
        rows = self._kit.store.all("SELECT status, count(*) AS n FROM subscriptions GROUP BY status")
        return {row["status"]: row["n"] for row in rows}

    def _checked_condition(self, client_id: str, asked: Mapping[str, Any]) -> dict[str, str]:
        kind = KINDS.get((str(asked.get("type")), str(asked.get("version"))))
        if kind is None:
            raise errors.bad_request("invalid subscription type and version")
        condition = asked.get("condition")
        condition = condition if isinstance(condition, Mapping) else {}
        known = {
            name: str(condition[name]) for name in (*kind.condition, *kind.optional) if condition.get(name)
        }
        if not set(kind.condition) <= set(known) or not known:
            raise errors.bad_request("missing or unparseable subscription condition")
        if not all(self._consents(known[name], client_id, any_of) for name, any_of in kind.consents.items()):
            raise errors.missing_authorization()
        return known

    def _consents(self, user_id: str, client_id: str, any_of: tuple[str, ...]) -> bool:
        """Whether a person granted one of these scopes: to the bot, or to the client by a login."""
        if any(self._accounts.has_granted(user_id, scope) for scope in any_of):
            return True
        user = self._accounts.by_id(user_id)
        return user is not None and not self._ledger.granted_scopes(user.login, client_id).isdisjoint(any_of)

    def _checked_transport(self, transport: Mapping[str, Any]) -> tuple[str, str]:
        if transport.get("method") != "webhook":
            raise errors.bad_request("unsupported transport method")
        callback, secret = str(transport.get("callback", "")), str(transport.get("secret", ""))
        if not secret.isascii() or len(secret) not in _SECRET_CHARACTERS:
            raise errors.bad_request("secret must be between 10 and 100 ASCII characters")
        if not self._callbacks.accepts(callback, None, 443):
            raise errors.bad_request("callback must be an https URL on port 443")
        self._kit.webhooks.check(self._callbacks.target(callback))
        return callback, secret

    def _all(self, where: str, params: Sequence[Any]) -> list[Subscription]:
        rows = self._kit.store.all(f"SELECT * FROM subscriptions WHERE {where} ORDER BY rowid", params)  # noqa: S608 - own texts
        return [self._subscription(row) for row in rows]

    def _one(self, subscription_id: str) -> Subscription:
        return self._all("id = ?", (subscription_id,))[0]

    def _subscription(self, row: Row) -> Subscription:
        callback = self._callbacks.address(row["callback"])
        return Subscription(
            id=row["id"],
            client_id=row["client_id"],
            type=row["type"],
            version=row["version"],
            condition=json.loads(row["condition"]),
            callback=callback,
            target=self._callbacks.target(callback),
            secret=row["secret"],
            status=row["status"],
            created_s=row["created_s"],
            cost=row["cost"],
            failures=row["failures"],
        )
