"""The control surface of deployments: what a deployment agent tells, and what it and tests may look at."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.huggingface.state import HubState
from fakes.huggingface.state.deployments import Deployment
from fakes.huggingface.state.spaces import SECRET, VARIABLE
from fakes.kit.deployments import Progress, agent_routes

_APP_PORT = 7860


def controls(state: HubState) -> list[Route]:
    """The agent's, GET `/_fake/spaces`, and GET `/_fake/spaces/{id}/environment`."""
    control = Control(state)
    return [
        *agent_routes(state.agent, control.report),
        Route("/_fake/spaces", _in_words(control.listed)),
        Route("/_fake/spaces/{namespace}/{name}/environment", _in_words(control.environment)),
    ]


class Control:
    """What is behind the Hub's back.

    Args:
        state: All of it.
    """

    def __init__(self, state: HubState) -> None:
        self._state = state

    async def listed(self, _request: Request) -> dict[str, Any]:
        """All deployments, oldest first."""
        return {"deployments": [self._body(one) for one in self._state.deployments.all()]}

    def report(self, deployment_id: str, progress: Progress) -> dict[str, Any]:
        """Takes what an agent tells of a deployment."""
        return self._body(self._state.deployments.report(deployment_id, progress))

    async def environment(self, request: Request) -> dict[str, Any]:
        """What a Space's application is given, secrets included (huggingface.co/docs/hub/spaces-overview)."""
        space_id = "{namespace}/{name}".format_map(request.path_params)
        space = self._state.spaces.find(space_id)
        if space is None:
            raise ValueError(f"there is no Space '{space_id}'")
        values = [one for kind in (VARIABLE, SECRET) for one in self._state.spaces.values(space, kind)]
        own = {
            "SPACE_ID": space.id,
            "SPACE_AUTHOR_NAME": space.namespace,
            "SPACE_REPO_NAME": space.name,
            "SPACE_HOST": f"{space.subdomain}.hf.space",
            "CPU_CORES": "2",
            "MEMORY": "16Gi",
            "PORT": str(_APP_PORT),
        }
        return {"environment": {**own, **{one.name: one.value for one in values}}}

    def _body(self, one: Deployment) -> dict[str, Any]:
        return {
            "id": one.id,
            "space": one.space_id,
            "sha": one.sha,
            "action": one.action,
            "state": one.stage(self._state.kit.clock.now()),
            "files": self._state.deployments.folder(one),
            "url": one.url,
            "error": one.error,
        }


def _in_words(
    handler: Callable[[Request], Awaitable[dict[str, Any]]],
) -> Callable[[Request], Awaitable[Response]]:
    """The answer as JSON; a `ValueError` is a 400 with its text."""

    async def wrapped(request: Request) -> Response:
        try:
            return JSONResponse({"fake": "huggingface", **await handler(request)})
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)

    return wrapped
