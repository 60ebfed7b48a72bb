"""What is told from outside: how deployments go, and that somebody pushed to GitHub."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.kit.addresses import CONTROL
from fakes.kit.bodies import json_object
from fakes.kit.deployments import Progress, agent_routes
from fakes.vercel.state import VercelState
from fakes.vercel.wire import asked


def controls(state: VercelState) -> list[Route]:
    """The agent's, and POST /_fake/push with a commit: `{"sha", "repo", "branch", ...}`."""

    def take(deployment_id: str, progress: Progress) -> Mapping[str, Any]:
        noted = state.releases.take(deployment_id, progress)
        return {"id": noted.id, "state": noted.state}

    async def push(request: Request) -> Response:
        try:
            made = state.releases.pushed(asked.push(json_object(await request.body())), asked.pushed)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"deployments": [one.id for one in made]})

    return [*agent_routes(state.agent, take), Route(f"{CONTROL}push", push, methods=["POST"])]
