"""HTTP of the fake: the id server, Helix, and events on command."""

from starlette.requests import Request

from fakes.kit.kit import Kit, Parts
from fakes.kit.oauth import oauth_controls
from fakes.kit.refusals import REFUSAL
from fakes.twitch import wire
from fakes.twitch.courier import Courier
from fakes.twitch.routes import events, helix, login
from fakes.twitch.state import State


def build(kit: Kit) -> Parts:
    """The fake's parts."""
    state = State(kit)
    courier = Courier(kit, state.eventsub)
    state.when_disconnected(courier.disconnected)

    def headers(request: Request) -> dict[str, str]:
        taken = request.scope.get("taken")
        if taken is None and request.url.path.startswith("/helix/"):
            taken = helix.untouched(kit.clock.now())
        return wire.rate_headers(taken) if taken else {}

    return Parts(
        state=state,
        routes=[
            *login.routes(kit, state),
            *helix.routes(state, courier),
            *events.routes(kit, state, courier),
        ],
        error_body=wire.error_body,
        posts=state.chat.sent_by_api,
        forget=state.chat.forget,
        controls=oauth_controls(state.oauth, kit),
        conditions={REFUSAL.name: state.refusals},
        headers=headers,
    )
