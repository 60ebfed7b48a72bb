"""Webhooks of teams: who is told of what, and how it is signed (vercel.com/docs/webhooks/webhooks-api)."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fakes.kit.bodies import compact_json
from fakes.kit.clock import Clock
from fakes.kit.ids import Ids
from fakes.kit.store import Store
from fakes.kit.webhooks import Delivery, Webhooks
from fakes.vercel import errors

SCHEMA = """
CREATE TABLE hooks (
    id TEXT PRIMARY KEY, team_id TEXT NOT NULL, url TEXT NOT NULL, events TEXT NOT NULL,
    project_ids TEXT NOT NULL, secret TEXT NOT NULL, created_s REAL NOT NULL
);
"""
EVENTS = (
    *("deployment.created", "deployment.succeeded", "deployment.ready", "deployment.error"),
    *("deployment.canceled", "deployment.promoted", "deployment.rollback"),
)
_RETRY_AFTER_S = (5.0, 30.0, 120.0)  # guess: the documents say up to 24 hours, and no more than that


@dataclass(frozen=True, slots=True)
class Hook:
    """Who is told of which events; without projects, of those of all."""

    id: str
    team_id: str
    url: str
    events: tuple[str, ...]
    project_ids: tuple[str, ...]
    secret: str
    created_s: float


class Hooks:
    """All webhooks.

    Args:
        store: Where they are stored.
        sender: What sends their events.
    """

    def __init__(self, store: Store, clock: Clock, ids: Ids, sender: Webhooks) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._sender = sender

    def of_team(self, team_id: str) -> list[Hook]:
        """The webhooks of a team."""
        rows = self._store.all("SELECT * FROM hooks WHERE team_id = ? ORDER BY created_s, rowid", (team_id,))
        return [_hook(row) for row in rows]

    def add(self, team_id: str, url: str, events: Sequence[str], project_ids: Sequence[str]) -> Hook:
        """Make a webhook.

        Raises:
            ProviderError: An event that there is not (400).
            CallbackRefused: The address is outside of this stack.
        """
        if not events or not set(events) <= set(EVENTS):
            raise errors.bad_request(f"Invalid request: `events` should be some of {', '.join(EVENTS)}.")
        self._sender.check(url)
        made = self._store.unused("hooks", "id", lambda: f"account_hook_{self._ids.text(24)}")
        row = (made, team_id, url, json.dumps(events), json.dumps(project_ids), self._ids.text(24))
        self._store.execute("INSERT INTO hooks VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, self._clock.now()))
        return self.existing(team_id, made)

    def existing(self, team_id: str, hook_id: str) -> Hook:
        """One webhook.

        Raises:
            ProviderError: There is none (404).
        """
        found = next((one for one in self.of_team(team_id) if one.id == hook_id), None)
        if found is None:
            raise errors.not_found("Webhook")
        return found

    def remove(self, hook: Hook) -> None:
        """Delete a webhook."""
        self._store.execute("DELETE FROM hooks WHERE id = ?", (hook.id,))

    def tell(self, team_id: str, project_id: str, event: str, payload: Mapping[str, Any]) -> None:
        """Send an event to all who want it."""
        for hook in self.of_team(team_id):
            if event not in hook.events or (hook.project_ids and project_id not in hook.project_ids):
                continue
            body = compact_json(
                {
                    "id": f"evt_{self._ids.text(24)}",
                    "type": event,
                    "createdAt": int(self._clock.now() * 1000),
                    "region": "iad1",
                    "payload": payload,
                }
            )
            self._sender.send(_delivery(hook, body))


def _delivery(hook: Hook, body: bytes) -> Delivery:
    headers = {"Content-Type": "application/json", "x-vercel-signature": signature(hook.secret, body)}
    return Delivery(hook.url, body, lambda _attempt: headers, retry_after_s=_RETRY_AFTER_S)


def signature(secret: str, body: bytes) -> str:
    """What `x-vercel-signature` says of a body."""
    return hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()


def _hook(row: Any) -> Hook:
    values = dict(row)
    values["events"] = tuple(json.loads(values["events"]))
    values["project_ids"] = tuple(json.loads(values["project_ids"]))
    return Hook(**values)
