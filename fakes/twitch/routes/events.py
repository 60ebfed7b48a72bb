"""Events on command: people write in a chat or redeem a reward, and the application is told of it."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from starlette.routing import Route

from fakes.kit.events import EventAsked, Outbound, events_route
from fakes.kit.kit import Kit
from fakes.twitch import wire
from fakes.twitch.courier import Courier
from fakes.twitch.state import State
from fakes.twitch.state.accounts import User
from fakes.twitch.state.eventsub import CHAT, REDEMPTION

_FIELDS = frozenset({"type", "user", "channel", "text", "reward"})
_REWARDS = uuid.UUID("5f0dd5b6-0d3b-4b0e-9a52-0a5b1f5a9c11")
_LONGEST_INPUT = 200


def routes(kit: Kit, state: State, courier: Courier) -> list[Route]:
    """POST /_fake/events with `{"type": "chat" or "redeem", "user", "channel", "text", "reward"}`."""

    def user(login: str) -> User:
        found = state.accounts.by_login(login)
        if found is None:
            raise ValueError(f"nobody has the login '{login}'")
        return found

    def make(asked: EventAsked) -> list[Outbound]:
        kind = asked.text("type", "chat")
        if kind not in _KINDS:
            raise ValueError(f"unknown event type '{kind}'; known are {', '.join(_KINDS)}")
        subscribed, event_of = _KINDS[kind]
        room, author = user(asked.text("channel", "streamer_sam")), user(asked.text("user", "viewer_vic"))
        told = state.eventsub.enabled(subscribed, room.id)
        if not told:
            raise ValueError(f"no enabled subscription to {subscribed} of '{room.login}'")
        event, ids = event_of(kit, state, room, author, asked)
        outbound = []
        for one in told:
            message_id, at_s = kit.ids.uuid(), kit.clock.now() - asked.late_s
            message = wire.message(one, "notification", message_id, at_s, {"event": event})
            shown = {"id": message_id, **ids, "subscription_id": one.id, "callback": one.callback}
            outbound.append(Outbound(shown, courier.notification(one, message, is_forged=asked.is_forged)))
        return outbound

    return [events_route(kit, _FIELDS, make)]


Made = tuple[dict[str, Any], dict[str, Any]]


def _chat(_kit: Kit, state: State, room: User, author: User, asked: EventAsked) -> Made:
    text = asked.text("text")
    chat_id = state.chat.say(room, author, text)
    return wire.chat_event(room, author, chat_id, text), {"chat_message_id": chat_id}


def _redeem(kit: Kit, _state: State, room: User, author: User, asked: EventAsked) -> Made:
    title, text = asked.text("reward", "Clip that"), asked.fields.get("text") or ""
    if not isinstance(text, str) or len(text) > _LONGEST_INPUT:
        raise ValueError(f"event field 'text' must be a text of at most {_LONGEST_INPUT} characters")
    reward = wire.Reward(str(uuid.uuid5(_REWARDS, f"{room.id}/{title}")), title)
    redemption_id = kit.ids.uuid()
    event = wire.redemption_event(room, author, redemption_id, reward, text, kit.clock.now() - asked.late_s)
    return event, {"redemption_id": redemption_id}


_KINDS: Mapping[str, tuple[str, Callable[[Kit, State, User, User, EventAsked], Made]]] = {
    "chat": (CHAT, _chat),
    "redeem": (REDEMPTION, _redeem),
}
