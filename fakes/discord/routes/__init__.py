"""HTTP of the fake: OAuth, users, channels, webhooks, interactions, commands, and events on command."""

import re
from collections.abc import Mapping

from starlette.requests import Request

from fakes.discord import wire
from fakes.discord.guard import Guard
from fakes.discord.routes import applications, channels, events, login, webhooks
from fakes.discord.state import State
from fakes.kit.kit import Kit, Parts
from fakes.kit.oauth import authorize_routes, oauth_controls
from fakes.kit.refusals import REFUSAL

_TOKEN_IN_PATH = re.compile(r'/(?:webhooks|interactions)/\d+/([^/?"\s]+)')


def build(kit: Kit) -> Parts:
    """The fake's parts."""
    state = State(kit)
    guard = Guard(kit, state)

    def headers(request: Request) -> Mapping[str, str]:
        return {**wire.VIA, **request.scope.get("rate", {})}

    handlers = (
        *login.handlers(kit, state, guard),
        *channels.handlers(kit, state, guard),
        *webhooks.handlers(state, guard),
        *applications.handlers(kit, state, guard),
    )
    return Parts(
        state=state,
        routes=[
            *authorize_routes(state.oauth, "/oauth2/authorize"),
            *(one.route(prefix) for prefix in ("/api/v10", "/api") for one in handlers),
            events.route(kit, state),
        ],
        error_body=wire.error_body,
        posts=state.messages.posts,
        forget=state.messages.forget,
        headers=headers,
        conditions={REFUSAL.name: state.refusals},
        controls=oauth_controls(state.oauth, kit),
        secret_in_path=_TOKEN_IN_PATH,
    )
