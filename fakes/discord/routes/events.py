"""Events on command: somebody uses a slash command, and the application is asked."""

from typing import Any

from starlette.routing import Route

from fakes.discord import wire
from fakes.discord.shapes import as_object
from fakes.discord.state import State
from fakes.discord.state.guild import GUILD_ID
from fakes.discord.state.interactions import ANSWER_WITHIN_S, PONG
from fakes.kit.bodies import compact_json, strict_json
from fakes.kit.errors import ProviderError
from fakes.kit.events import EventAsked, Outbound, events_route
from fakes.kit.kit import Kit
from fakes.kit.webhooks import Delivery

_FIELDS = frozenset({"type", "command", "options", "user", "channel", "user_installed"})


def route(kit: Kit, state: State) -> Route:
    """POST /_fake/events with `{"command", "options"?, "user"?, "channel"?, "user_installed"?}`."""

    def make(asked: EventAsked) -> list[Outbound]:
        asked.check_type("command")
        name, options = asked.text("command").lstrip("/"), asked.fields.get("options") or {}
        user = state.guild.user(asked.text("user", "viewer_vic"))
        channel = state.guild.find_channel(asked.text("channel", "clips"))
        if user is None or channel is None or not isinstance(options, dict):
            raise ValueError("an event needs a known user and channel, and options as an object")
        is_own = bool(asked.fields.get("user_installed", False))
        one = state.interactions.begin(channel, user, name, is_user_installed=is_own)
        command_id = state.commands.id_of(name, GUILD_ID)
        body = compact_json(wire.interaction_body(one, user, channel, command_id, options))
        timestamp = str(int(kit.clock.now() - asked.late_s))
        headers = wire.signed(body, timestamp, is_forged=asked.is_forged)
        url = state.guild.interactions_url or f"{kit.settings.api_url}/v1/clipbot/discord"

        def end(status: int | None, answer: bytes, _is_accepted: bool) -> None:
            take_answer(state, one.id, one.token, status, answer)

        delivery = Delivery(url, body, lambda _: headers, timeout_s=ANSWER_WITHIN_S, on_end=end)
        ids = {"id": one.id, "token": one.token, "command": name, "channel_id": channel.id}
        return [Outbound(ids, delivery)]

    return events_route(kit, _FIELDS, make)


def take_answer(state: State, interaction_id: str, token: str, status: int | None, answer: bytes) -> None:
    """Read the application's answer to an interaction; one that cannot be used fails it."""
    if status == 202 and not answer:
        return  # the application will use the callback endpoint
    try:
        body: Any = strict_json(answer) if status == 200 else None
    except ValueError:
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("type"), int) or body["type"] == PONG:
        reason = "no answer within 3 s" if status is None else f"answered with status {status}"
        state.interactions.fail(interaction_id, reason)
        return
    try:
        state.interactions.acknowledge(
            interaction_id, token, body["type"], wire.draft(as_object(body.get("data"), "data"))
        )
    except ProviderError as error:
        state.interactions.fail(interaction_id, error.message)
