"""Events on command: people mention the bot, and the application is told of it."""

from starlette.routing import Route

from fakes.kit.events import EventAsked, Outbound, events_route
from fakes.kit.kit import Kit
from fakes.kit.webhooks import Delivery
from fakes.x import wire
from fakes.x.state import State
from fakes.x.state.users import BOT_ID, BOT_USERNAME
from fakes.x.state.webhooks import MENTION

RETRY_AFTER_S = (5.0, 30.0)  # guess: X says only that an event may come again
TIMEOUT_S = 10.0
_FIELDS = frozenset({"type", "user", "text"})


def route(kit: Kit, state: State) -> Route:
    """POST /_fake/events with `{"type": "mention", "user", "text"}`."""

    def make(asked: EventAsked) -> list[Outbound]:
        asked.check_type("mention")
        if asked.late_s:
            raise ValueError("event field 'late_s' has no meaning here: X signs no time")
        author, text = state.users.find(asked.text("user", "viewer_vic")), asked.text("text")
        if author is None:
            raise ValueError(f"nobody has the username '{asked.fields['user']}'")
        if f"@{BOT_USERNAME}" not in text.lower():
            raise ValueError(f"the text does not mention @{BOT_USERNAME}")
        told = state.webhooks.told(MENTION, BOT_ID)
        if not told:
            raise ValueError(f"no subscription to {MENTION} with a valid webhook")
        post = state.posts.say(author, text)
        outbound = []
        for one, webhook in told:
            event_uuid = state.ids.next()
            delivery = _delivery(
                webhook.target, wire.event_body(one, event_uuid, post, author), is_forged=asked.is_forged
            )
            ids = {"id": event_uuid, "post_id": post.id, "subscription_id": one.id, "webhook_id": webhook.id}
            outbound.append(Outbound(ids, delivery))
        return outbound

    return events_route(kit, _FIELDS, make)


def _delivery(target: str, body: bytes, *, is_forged: bool) -> Delivery:
    headers = wire.event_headers(body, is_forged=is_forged)
    return Delivery(
        target,
        body,
        lambda _: headers,
        retry_after_s=() if is_forged else RETRY_AFTER_S,
        timeout_s=TIMEOUT_S,
        is_accepted=lambda status, _body: status == 200,
    )
