"""Webhooks and activity subscriptions: who is told of what."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from fakes.kit import callbacks
from fakes.kit.addresses import is_within
from fakes.kit.kit import Kit
from fakes.kit.snowflake import Snowflakes
from fakes.x import errors
from fakes.x.state.users import BOT_ID

SCHEMA = """
CREATE TABLE webhooks (
    id TEXT PRIMARY KEY, url TEXT NOT NULL UNIQUE, is_valid INTEGER NOT NULL, created_s REAL NOT NULL
);
CREATE TABLE subscriptions (
    id TEXT PRIMARY KEY, event_type TEXT NOT NULL, filter TEXT NOT NULL, tag TEXT NOT NULL, webhook_id TEXT,
    created_s REAL NOT NULL
)
"""
STAGING_WEBHOOK_ID = "1146654567674912769"
STAGING_SUBSCRIPTION_ID = "1146654567674912770"
MENTION = "post.mention.create"
EVENT_TYPES = frozenset(
    f"{thing}.{what}"
    for thing, whats in {
        "post": ("create", "delete"),
        "post.mention": ("create",),
        "post.reply": ("create",),
        "post.quote": ("create",),
        "post.repost": ("create",),
        "like": ("create",),
        "dm": ("received", "sent"),
        "follow": ("follow", "unfollow"),
        "profile.update": ("bio", "profile_picture", "banner_picture", "screenname", "geo", "url"),
    }.items()
    for what in whats
)
_MOST_WEBHOOKS = 5
_URL_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook; `url` as it was given, `target` where it is really called."""

    id: str
    url: str
    target: str
    is_valid: bool
    created_s: float


@dataclass(frozen=True, slots=True)
class Subscription:
    """One activity subscription."""

    id: str
    event_type: str
    filter: Mapping[str, str]
    tag: str
    webhook_id: str | None
    created_s: float


class ActivityWebhooks:
    """All webhooks and subscriptions.

    Args:
        kit: Clock, store and the hosts that may be called.
        ids: Makes ids.
    """

    def __init__(self, kit: Kit, ids: Snowflakes) -> None:
        self._kit = kit
        self._ids = ids
        self._callbacks = callbacks.Callbacks(kit)

    def populate(self) -> None:
        """Staging's webhook, which is told when somebody mentions the bot."""
        now = self._kit.clock.now()
        self._kit.store.execute(
            "INSERT INTO webhooks VALUES (?, ?, 1, ?)",
            (STAGING_WEBHOOK_ID, f"{callbacks.API}/v1/clipbot/x", now),
        )
        row = (
            STAGING_SUBSCRIPTION_ID,
            MENTION,
            json.dumps({"user_id": BOT_ID}),
            "mentions",
            STAGING_WEBHOOK_ID,
            now,
        )
        self._kit.store.execute("INSERT INTO subscriptions VALUES (?, ?, ?, ?, ?, ?)", row)

    def load(self, targets: Mapping[str, str]) -> None:
        """Read `callbacks` of a seed document."""
        self._callbacks.load(targets)

    def check(self, url: str) -> str:
        """Where a new webhook of this URL would be called.

        Raises:
            ProviderError: It is not a URL that may be used, or there are enough.
        """
        target = self._callbacks.target(url)
        is_reachable = is_within(target, self._kit.settings.callback_hosts)
        if not self._callbacks.accepts(url, None) or not is_reachable or len(url) > _URL_CHARACTERS:
            raise errors.webhook_refused("UrlValidationFailed", url)
        known = self.every()
        if any(one.url == url for one in known):
            raise errors.webhook_refused("DuplicateUrlFailed", url)
        if len(known) >= _MOST_WEBHOOKS:
            raise errors.webhook_refused("WebhookLimitExceeded", url)
        return target

    def create(self, url: str) -> Webhook:
        """Add a webhook whose challenge was answered."""
        webhook_id = self._ids.next()
        self._kit.store.execute(
            "INSERT INTO webhooks VALUES (?, ?, 1, ?)", (webhook_id, url, self._kit.clock.now())
        )
        return self.get(webhook_id)

    def get(self, webhook_id: str) -> Webhook:
        """One webhook.

        Raises:
            ProviderError: There is none of this id.
        """
        row = self._kit.store.one("SELECT * FROM webhooks WHERE id = ?", (webhook_id,))
        if row is None:
            raise errors.webhook_refused("WebhookIdInvalid", webhook_id)
        return self._webhook(row)

    def every(self) -> list[Webhook]:
        """All webhooks, oldest first."""
        return [self._webhook(row) for row in self._kit.store.all("SELECT * FROM webhooks ORDER BY rowid")]

    def set_valid(self, webhook_id: str, *, is_valid: bool) -> None:
        """Note how a challenge was answered."""
        self._kit.store.execute("UPDATE webhooks SET is_valid = ? WHERE id = ?", (is_valid, webhook_id))

    def delete(self, webhook_id: str) -> None:
        """Remove a webhook.

        Raises:
            ProviderError: There is none of this id.
        """
        self.get(webhook_id)
        self._kit.store.execute("DELETE FROM webhooks WHERE id = ?", (webhook_id,))

    def subscribe(self, asked: Mapping[str, Any]) -> Subscription:
        """Add a subscription.

        Raises:
            ProviderError: An unknown event type, no user, or no such webhook.
        """
        event_type, wanted = str(asked.get("event_type", "")), asked.get("filter")
        if event_type not in EVENT_TYPES:
            raise errors.invalid("event_type is not known", "event_type", event_type)
        if not isinstance(wanted, Mapping) or not wanted.get("user_id"):
            raise errors.invalid("filter.user_id is required", "filter")
        webhook_id = asked.get("webhook_id")
        if webhook_id is not None:
            self.get(str(webhook_id))
        row = (self._ids.next(), event_type, json.dumps(dict(wanted)), str(asked.get("tag", "")))
        self._kit.store.execute(
            "INSERT INTO subscriptions VALUES (?, ?, ?, ?, ?, ?)", (*row, webhook_id, self._kit.clock.now())
        )
        return self.subscription(row[0])

    def subscription(self, subscription_id: str) -> Subscription:
        """One subscription.

        Raises:
            ProviderError: There is none of this id (404).
        """
        row = self._kit.store.one("SELECT * FROM subscriptions WHERE id = ?", (subscription_id,))
        if row is None:
            raise errors.not_found("subscription", "id", subscription_id)
        return _subscription(row)

    def subscriptions(self) -> list[Subscription]:
        """All subscriptions, oldest first."""
        return [
            _subscription(row) for row in self._kit.store.all("SELECT * FROM subscriptions ORDER BY rowid")
        ]

    def change(self, subscription_id: str, asked: Mapping[str, Any]) -> Subscription:
        """Set tag and webhook of a subscription.

        Raises:
            ProviderError: No such subscription or webhook.
        """
        old = self.subscription(subscription_id)
        webhook_id = str(asked.get("webhook_id", old.webhook_id))
        self.get(webhook_id)
        self._kit.store.execute(
            "UPDATE subscriptions SET tag = ?, webhook_id = ? WHERE id = ?",
            (str(asked.get("tag", old.tag)), webhook_id, subscription_id),
        )
        return self.subscription(subscription_id)

    def unsubscribe(self, subscription_id: str) -> None:
        """Remove a subscription.

        Raises:
            ProviderError: There is none of this id (404).
        """
        self.subscription(subscription_id)
        self._kit.store.execute("DELETE FROM subscriptions WHERE id = ?", (subscription_id,))

    def told(self, event_type: str, user_id: str) -> list[tuple[Subscription, Webhook]]:
        """Who is told of this kind of event about a user, by valid webhooks."""
        found = []
        webhooks = {one.id: one for one in self.every() if one.is_valid}
        for one in self.subscriptions():
            is_meant = one.event_type == event_type and one.filter.get("user_id") == user_id
            if is_meant and one.webhook_id in webhooks:
                found.append((one, webhooks[one.webhook_id]))
        return found

    def summary(self) -> dict[str, int]:
        """Counts."""
        return {name: self._kit.store.count(name) for name in ("webhooks", "subscriptions")}

    def _webhook(self, row: Row) -> Webhook:
        url = self._callbacks.address(row["url"])
        return Webhook(row["id"], url, self._callbacks.target(url), bool(row["is_valid"]), row["created_s"])


def _subscription(row: Row) -> Subscription:
    wanted = json.loads(row["filter"])
    return Subscription(row["id"], row["event_type"], wanted, row["tag"], row["webhook_id"], row["created_s"])


def challenge_failed(url: str) -> Exception:
    """The webhook did not answer its challenge."""
    return errors.webhook_refused("CrcValidationFailed", url)
