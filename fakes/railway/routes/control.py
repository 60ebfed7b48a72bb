"""What is told from outside: how deployments go, and that somebody pushed to GitHub."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.kit.bodies import json_object
from fakes.kit.deployments import Progress, agent_routes
from fakes.railway.state import State, read_commit


def routes(state: State) -> list[Route]:
    """The agent's, and POST /_fake/push with a commit: `{"sha", "repo", "branch", ...}`."""

    def take(deployment_id: str, told: Progress) -> dict[str, Any]:
        state.deployments.settle()
        noted = state.deployments.progress(deployment_id, told)
        return {"id": noted.id, "state": noted.status, "url": noted.url}

    async def push(request: Request) -> Response:
        try:
            commit = read_commit("push", json_object(await request.body()))
            made = state.dispatch.pushed(commit)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"deployments": [one.id for one in made]})

    return [*agent_routes(state.agent, take), Route("/_fake/push", push, methods=["POST"])]
