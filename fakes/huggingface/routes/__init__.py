"""The Hub over HTTP."""

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.routing import Route

from fakes.huggingface import wire
from fakes.huggingface.guard import Guard
from fakes.huggingface.routes.content import Content
from fakes.huggingface.routes.control import controls
from fakes.huggingface.routes.repos import Repos
from fakes.huggingface.routes.running import Running
from fakes.huggingface.state import HubState
from fakes.kit.kit import Kit, Parts
from fakes.kit.refusals import REFUSAL

_VALUES = re.compile(r'"value"\s*:\s*"((?:[^"\\]|\\.)+)"')
"""Secrets are sent as `value`: the journal shall not have them."""


def build(kit: Kit) -> Parts:
    """Make the fake."""
    state = HubState(kit)
    guard = Guard(state)

    def headers(request: Request) -> Mapping[str, str]:
        request_id = f"Root=1-{kit.ids.hex(8)}-{kit.ids.hex(24)}"
        return {"X-Request-Id": request_id, **request.scope.get("rate", {})}

    return Parts(
        state=state,
        routes=[
            *_repos(Repos(state, guard)),
            *_running(Running(state, guard)),
            *_content(Content(state, guard)),
        ],
        error_body=wire.error_body,
        close=state.close,
        headers=headers,
        controls=controls(state),
        conditions={REFUSAL.name: state.refusals},
        secret_in_path=_VALUES,
    )


_SPACE = "/api/spaces/{namespace}/{name}"
_PAGE = "/spaces/{namespace}/{name}"


def _repos(repos: Repos) -> list[Route]:
    return [
        Route("/api/whoami-v2", repos.whoami),
        Route("/api/repos/create", repos.create, methods=["POST"]),
        Route("/api/repos/delete", repos.delete, methods=["DELETE"]),
        Route("/api/repos/move", repos.move, methods=["POST"]),
        Route("/api/validate-yaml", repos.validate, methods=["POST"]),
        Route("/api/spaces", repos.listed),
        Route("/api/spaces/hardware", repos.hardware),
        Route(_SPACE, repos.show),
        Route(f"{_SPACE}/revision/{{revision}}", repos.show),
        Route(f"{_SPACE}/settings", repos.settings, methods=["PUT"]),
        Route(f"{_SPACE}/auth-check", repos.check_read),
        Route(f"{_SPACE}/auth-check/write", repos.check_write),
        Route(f"{_SPACE}/tree/{{revision}}", repos.tree),
        Route(f"{_SPACE}/tree/{{revision}}/{{path:path}}", repos.tree),
        Route(f"{_SPACE}/paths-info/{{revision}}", repos.paths, methods=["POST"]),
        Route(f"{_SPACE}/refs", repos.refs),
        Route(f"{_SPACE}/commits/{{revision}}", repos.commits),
    ]


def _running(running: Running) -> list[Route]:
    return [
        Route(f"{_SPACE}/runtime", running.runtime),
        Route(f"{_SPACE}/restart", running.restart, methods=["POST"]),
        Route(f"{_SPACE}/pause", running.pause, methods=["POST"]),
        Route(f"{_SPACE}/sleeptime", running.sleep_time, methods=["POST"]),
        Route(f"{_SPACE}/hardware", running.hardware, methods=["POST"]),
        *(
            Route(f"{_SPACE}/{kind}", handler(kind), methods=[method])
            for kind in ("secrets", "variables")
            for method, handler in (
                ("GET", running.values),
                ("POST", running.set_value),
                ("DELETE", running.drop_value),
            )
        ),
        Route(f"{_SPACE}/logs/{{kind}}", running.logs),
        Route(_PAGE, running.page),
    ]


def _content(content: Content) -> list[Route]:
    return [
        Route(f"{_SPACE}/preupload/{{revision}}", content.preupload, methods=["POST"]),
        Route(f"{_SPACE}/commit/{{revision}}", content.commit, methods=["POST"]),
        Route(f"{_PAGE}.git/info/lfs/objects/batch", content.batch, methods=["POST"]),
        Route(f"{_PAGE}.git/info/lfs/verify", content.verify, methods=["POST"]),
        Route("/lfs-upload/{upload}", content.upload, methods=["PUT"]),
        Route(f"{_PAGE}/resolve/{{revision}}/{{path:path}}", content.resolve),
    ]
