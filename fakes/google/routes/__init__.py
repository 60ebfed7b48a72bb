"""Google over HTTP."""

from fakes.google import wire
from fakes.google.routes import oauth, upload, watch, youtube
from fakes.google.state import GoogleState
from fakes.google.wire.youtube import post_body
from fakes.kit.kit import Kit, Parts
from fakes.kit.oauth import oauth_controls
from fakes.kit.refusals import REFUSAL


def build(kit: Kit) -> Parts:
    """Make the fake."""
    state = GoogleState(kit)
    routes = [*oauth.routes(state), *youtube.routes(state), *upload.routes(state), *watch.routes(state)]
    return Parts(
        state=state,
        routes=routes,
        error_body=wire.error_body,
        posts=lambda: [post_body(video, kit.url_at) for video in state.videos.all()],
        forget=state.forget,
        close=state.close,
        controls=oauth_controls(state.oauth, kit),
        conditions={REFUSAL.name: state.refusals},
    )
