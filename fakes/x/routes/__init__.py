"""HTTP of the fake: OAuth, users, posts, media, webhooks, and events on command."""

from collections.abc import Mapping

from starlette.requests import Request

from fakes.kit.kit import Kit, Parts
from fakes.kit.oauth import oauth_controls
from fakes.kit.refusals import REFUSAL
from fakes.x import wire
from fakes.x.guard import Guard, untouched
from fakes.x.routes import events, login, media, posts, webhooks
from fakes.x.state import State


def build(kit: Kit) -> Parts:
    """The fake's parts."""
    state = State(kit)
    guard = Guard(state)

    def headers(request: Request) -> Mapping[str, str]:
        if "rate" in request.scope:
            counted: Mapping[str, str] = request.scope["rate"]
            return counted
        is_api = request.url.path.startswith("/2/")
        return wire.rate_headers(untouched(kit.clock.now())) if is_api else {}

    return Parts(
        state=state,
        routes=[
            *login.routes(state, guard),
            *posts.routes(state, guard),
            *media.routes(state, guard),
            *webhooks.routes(kit, state, guard),
            events.route(kit, state),
        ],
        error_body=wire.error_body,
        posts=state.posts.sent_by_api,
        forget=state.posts.forget,
        controls=oauth_controls(state.oauth, kit),
        conditions={REFUSAL.name: state.refusals},
        headers=headers,
    )
