"""Carries EventSub messages to the callbacks of subscriptions and notes in the state how that ended."""

from collections.abc import Mapping, Sequence
from typing import Any

from fakes.kit.kit import Kit
from fakes.kit.webhooks import Delivery
from fakes.twitch import wire
from fakes.twitch.state.accounts import User
from fakes.twitch.state.eventsub import DISCONNECTED, EventSub, Subscription

RETRY_AFTER_S = (1.0, 4.0, 16.0, 64.0)  # guess: Twitch says only that it retries a few times
TIMEOUT_S = 10.0


class Courier:
    """Sends challenges, notifications and revocations.

    Args:
        kit: Clock, ids and webhooks.
        eventsub: Told of answers.
    """

    def __init__(self, kit: Kit, eventsub: EventSub) -> None:
        self._kit = kit
        self._eventsub = eventsub

    def challenge(self, one: Subscription) -> None:
        """Ask the callback to prove itself: it must answer 2xx with the challenge as its body."""
        challenge = self._kit.ids.text(30)
        message = wire.message(
            one,
            "webhook_callback_verification",
            self._kit.ids.uuid(),
            self._kit.clock.now(),
            {"challenge": challenge},
        )
        self._kit.webhooks.send(
            Delivery(
                one.target,
                message.body,
                lambda retry: message.headers(one.secret, retry),
                timeout_s=TIMEOUT_S,
                is_accepted=lambda status, body: 200 <= status < 300 and body == challenge.encode(),
                on_end=lambda _status, _body, is_right: self._eventsub.verified(one.id, is_right=is_right),
            )
        )

    def tell(self, kind: str, broadcaster_id: str, event: Mapping[str, Any]) -> None:
        """Tell all who have subscribed to a kind of event of a channel, in the background."""
        self._notify(self._eventsub.enabled(kind, broadcaster_id), event)

    def disconnected(self, client_id: str, user: User) -> None:
        """A person took back an application's access: it is told, and what needs their consent ends."""
        for one in self._eventsub.end_consent(client_id, user.id):
            self._revocation(one)
        told = self._eventsub.about_client(DISCONNECTED, client_id)
        self._notify(told, wire.disconnected_event(client_id, user))

    def _notify(self, told: Sequence[Subscription], event: Mapping[str, Any]) -> None:
        for one in told:
            message_id, at_s = self._kit.ids.uuid(), self._kit.clock.now()
            message = wire.message(one, "notification", message_id, at_s, {"event": event})
            self._kit.webhooks.send(self.notification(one, message))

    def notification(self, one: Subscription, message: wire.Message, *, is_forged: bool = False) -> Delivery:
        """A notification ready to be sent; a forged one is signed with a wrong secret and sent once."""
        secret = f"not-{one.secret}" if is_forged else one.secret

        def note(_status: int | None, _body: bytes, is_accepted: bool) -> None:
            revoked = None if is_forged else self._eventsub.delivered(one.id, is_accepted=is_accepted)
            if revoked is not None:
                self._revocation(revoked)

        return Delivery(
            one.target,
            message.body,
            lambda retry: message.headers(secret, retry),
            retry_after_s=() if is_forged else RETRY_AFTER_S,
            timeout_s=TIMEOUT_S,
            on_end=note,
        )

    def _revocation(self, one: Subscription) -> None:
        message = wire.message(one, "revocation", self._kit.ids.uuid(), self._kit.clock.now(), {})
        self._kit.webhooks.send(
            Delivery(
                one.target,
                message.body,
                lambda retry: message.headers(one.secret, retry),
                timeout_s=TIMEOUT_S,
            )
        )
