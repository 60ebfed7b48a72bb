"""Environment variables over HTTP."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.kit.bodies import bounded, strict_json
from fakes.kit.errors import ProviderError
from fakes.vercel import errors, wire
from fakes.vercel.routes.guard import body_of, team_of
from fakes.vercel.state import VercelState
from fakes.vercel.state.projects import Project
from fakes.vercel.state.variables import Variable


class VariableRoutes:
    """Handlers."""

    def __init__(self, state: VercelState) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Where they are."""
        found: list[Route] = []
        for version in ("/v9", "/v10"):
            path = f"{version}/projects/{{project}}/env"
            found += [
                Route(path, self.index),
                Route(path, self.add, methods=["POST"]),
                Route(f"{path}/{{variable}}", self.change, methods=["PATCH"]),
                Route(f"{path}/{{variable}}", self.remove, methods=["DELETE"]),
            ]
        one = "/v1/projects/{project}/env/{variable}"
        pull = "/v3/env/pull/{project}/{target}"
        return [
            *found,
            Route(one, self.show),
            Route(pull, self.pull),
            Route(f"{pull}/{{branch:path}}", self.pull),
        ]

    async def index(self, request: Request) -> Response:
        """The variables of a project."""
        project, query = self._project(request), request.query_params
        branch, environment = query.get("gitBranch"), query.get("customEnvironmentId")
        is_shown = query.get("decrypt") in ("1", "true")
        found = [
            wire.variable(one, is_shown=is_shown)
            for one in self._state.variables.of(project.id)
            if branch is None or one.git_branch in (None, branch)
            if environment is None or environment in one.environment_ids
        ]
        return JSONResponse({"envs": found, "pagination": wire.page(found, (), None)})

    async def show(self, request: Request) -> Response:
        """One variable, with its value if it may be seen."""
        return JSONResponse(wire.variable(self._variable(request), is_shown=True))

    async def add(self, request: Request) -> Response:
        """One variable more, or several."""
        project = self._project(request)
        given = await _one_or_more(request)
        is_upsert = request.query_params.get("upsert") in ("1", "true")
        if isinstance(given, dict):
            made = self._state.variables.add(project.id, given, upsert=is_upsert)
            return JSONResponse({"created": wire.variable(made, is_shown=False), "failed": []}, 201)
        created, failed = [], []
        for one in given:
            try:
                made = self._state.variables.add(project.id, one, upsert=is_upsert)
                created.append(wire.variable(made, is_shown=False))
            except ProviderError as error:
                failed.append(wire.error_body(error))
        return JSONResponse({"created": created, "failed": failed}, 201)

    async def change(self, request: Request) -> Response:
        """Another value, or other targets."""
        variable = self._variable(request)
        changed = self._state.variables.change(variable, await body_of(request))
        return JSONResponse(wire.variable(changed, is_shown=False))

    async def remove(self, request: Request) -> Response:
        """One variable less."""
        variable = self._variable(request)
        self._state.variables.remove(variable)
        return JSONResponse(wire.variable(variable, is_shown=False))

    async def pull(self, request: Request) -> Response:
        """The variables as a deployment of a target would get them; sensitive ones are not told."""
        project, target = self._project(request), request.path_params["target"]
        environment = self._state.projects.environment(project, target)
        found = {
            one.key: one.value
            for one in self._state.variables.of(project.id)
            if one.type not in wire.HIDDEN
            and one.holds_for(
                target, request.path_params.get("branch"), environment.id if environment else None
            )
        }
        return JSONResponse({"env": found, "buildEnv": found})

    def _project(self, request: Request) -> Project:
        team_of(self._state, request)
        return self._state.project(request.path_params["project"])

    def _variable(self, request: Request) -> Variable:
        project = self._project(request)
        return self._state.variables.existing(project.id, request.path_params["variable"])


async def _one_or_more(request: Request) -> Any:
    try:
        given = strict_json(await bounded(request).body())
    except ValueError as error:
        raise errors.bad_request("Invalid JSON") from error
    several = given if isinstance(given, list) else [given]
    if not all(isinstance(one, dict) for one in several):
        raise errors.bad_request("Invalid request: should be object.")
    return given
