"""Events on command: people write in a chat, and the application is told of it."""

from starlette.routing import Route

from fakes.kit.events import EventAsked, Outbound, events_route
from fakes.kit.kit import Kit
from fakes.twitch import wire
from fakes.twitch.courier import Courier
from fakes.twitch.state import State
from fakes.twitch.state.accounts import User

_FIELDS = frozenset({"type", "user", "channel", "text"})


def routes(kit: Kit, state: State, courier: Courier) -> list[Route]:
    """POST /_fake/events with `{"type": "chat", "user", "channel", "text"}`."""

    def user(login: str) -> User:
        found = state.accounts.by_login(login)
        if found is None:
            raise ValueError(f"nobody has the login '{login}'")
        return found

    def make(asked: EventAsked) -> list[Outbound]:
        asked.check_type("chat")
        room, author = user(asked.text("channel", "streamer_sam")), user(asked.text("user", "viewer_vic"))
        text = asked.text("text")
        told = state.eventsub.enabled("channel.chat.message", room.id)
        if not told:
            raise ValueError(f"no enabled subscription to channel.chat.message of '{room.login}'")
        chat_id = state.chat.say(room, author, text)
        event = wire.chat_event(room, author, chat_id, text)
        outbound = []
        for one in told:
            message_id, at_s = kit.ids.uuid(), kit.clock.now() - asked.late_s
            message = wire.message(one, "notification", message_id, at_s, {"event": event})
            ids = {
                "id": message_id,
                "chat_message_id": chat_id,
                "subscription_id": one.id,
                "callback": one.callback,
            }
            outbound.append(Outbound(ids, courier.notification(one, message, is_forged=asked.is_forged)))
        return outbound

    return [events_route(kit, _FIELDS, make)]
