"""HTTP of the fake: the GraphQL API, uploads, and what is told from outside."""

import re

from starlette.requests import Request

from fakes.kit.kit import Kit, Parts
from fakes.kit.refusals import REFUSAL
from fakes.railway import wire
from fakes.railway.files import Files
from fakes.railway.routes import api, control, upload
from fakes.railway.state import State

_NEW_TOKEN = re.compile(r'"projectTokenCreate":"([^"]+)"')
"""A token is told once, in an answer; the journal keeps none."""


def build(kit: Kit) -> Parts:
    """The fake's parts."""
    state, files = State(kit), Files(kit.settings.state_dir)

    def headers(request: Request) -> dict[str, str]:
        taken = request.scope.get("taken")
        return wire.rate_headers(taken) if taken else {}

    return Parts(
        state=state,
        routes=[*api.routes(kit, state), *upload.routes(state, files)],
        error_body=wire.error_body,
        controls=control.routes(state),
        conditions={REFUSAL.name: state.refusals},
        headers=headers,
        close=files.close,
        secret_in_path=_NEW_TOKEN,
    )
