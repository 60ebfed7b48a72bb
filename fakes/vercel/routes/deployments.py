"""Files and deployments, and what they tell of themselves."""

import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from fakes.vercel import errors, wire
from fakes.vercel.life import ENDED
from fakes.vercel.routes.guard import body_of, number, team_of
from fakes.vercel.state import VercelState
from fakes.vercel.state.asked import DeployAsked
from fakes.vercel.state.deployments import Deployment, Filter
from fakes.vercel.state.files import is_digest
from fakes.vercel.state.projects import Project, settings_of
from fakes.vercel.wire import asked

_FOLLOW_AT_MOST_S = 300.0
_LOOK_EVERY_S = 0.05


class DeploymentRoutes:
    """Handlers."""

    def __init__(self, state: VercelState) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Where they are."""
        one = "/v13/deployments/{deployment}"
        return [
            Route("/v2/files", self.upload, methods=["POST"]),
            Route("/v13/deployments", self.create, methods=["POST"]),
            Route(one, self.show),
            *(
                Route(path, self.remove, methods=["DELETE"])
                for path in (one, "/now/deployments/{deployment}")
            ),
            *(Route(f"{version}/deployments", self.index) for version in ("/v6", "/v7")),
            Route("/v12/deployments/{deployment}/cancel", self.cancel, methods=["PATCH"]),
            Route("/v11/deployments/{deployment}/builds", self.builds),
            *(
                Route(f"{version}/deployments/{{deployment}}/events", self.events)
                for version in ("/v2", "/v3", "/v3/now")
            ),
            Route("/v1/projects/{project}/deployments/{deployment}/runtime-logs", self.runtime_logs),
            Route("/api/logs/request-logs", self.request_logs),
        ]

    async def upload(self, request: Request) -> Response:
        """Takes the content of a file."""
        team_of(self._state, request)
        sha = request.headers.get("x-vercel-digest") or request.headers.get("x-now-digest") or ""
        if not is_digest(sha):
            text = "Missing or invalid header `x-vercel-digest`; it must be the SHA-1 of the file."
            raise errors.bad_request(text)  # guess: wording
        await self._state.files.receive(sha, request.stream())
        return JSONResponse({"urls": []})

    async def create(self, request: Request) -> Response:
        """A deployment more."""
        team, body = team_of(self._state, request), await body_of(request)
        self._state.kit.journal.conceal(asked.variable_values(body))
        wanted = asked.deployment(body)
        former = None if wanted.former is None else self._state.deployment(wanted.former)
        project = self._project_for(team, wanted, former)
        made = self._state.releases.deploy(project, wanted, former)
        return JSONResponse(self._body(made))

    async def show(self, request: Request) -> Response:
        """One deployment, by its id or any of its host names."""
        return JSONResponse(self._body(self._deployment(request)))

    async def remove(self, request: Request) -> Response:
        """A deployment less."""
        found = self._deployment(request)
        self._state.releases.remove(found)
        return JSONResponse({"uid": found.id, "state": "DELETED"})

    async def cancel(self, request: Request) -> Response:
        """Stops a deployment that is under way."""
        return JSONResponse(self._body(self._state.releases.cancel(self._deployment(request))))

    async def index(self, request: Request) -> Response:
        """Deployments of a project or of all, newest first."""
        team, query = team_of(self._state, request), request.query_params
        name = query.get("projectId") or query.get("app")
        projects = [self._state.project(name)] if name else self._state.projects.of_team(team)
        by_id = {one.id: one for one in projects}
        until = number(request, "until", 0, 10**15)
        meta = [(key.removeprefix("meta-"), value) for key, value in query.items() if key.startswith("meta-")]
        states = [one for one in query.get("state", "").upper().split(",") if one]
        wanted = Filter(
            project_ids=tuple(by_id),
            target=query.get("target"),
            branch=query.get("branch"),
            sha=query.get("sha"),
            states=states,
            meta=meta,
            until_s=until / 1000 if until else None,
        )
        limit, found = number(request, "limit", 20, 100), self._state.deployments.matching(wanted)
        shown = found[:limit]
        pages = wire.page(shown, found[limit:], shown[-1].times.created_s if shown else None)
        listed = [wire.listed(one, by_id[one.project_id], self._environment(one)) for one in shown]
        return JSONResponse({"deployments": listed, "pagination": pages})

    async def builds(self, request: Request) -> Response:
        """The builds of a deployment: one."""
        found = self._deployment(request)
        build = {
            "id": f"bld_{found.id.removeprefix('dpl_')[:12].lower()}",
            "deploymentId": found.id,
            "entrypoint": ".",
            "readyState": found.state,
            "readyStateAt": wire.ms(found.times.ready_s),
            "createdAt": wire.ms(found.times.created_s),
            "createdIn": "iad1",
            "use": "@vercel/static",
            "output": [],
        }
        return JSONResponse({"builds": [build]})

    async def events(self, request: Request) -> Response:
        """The log of a deployment; as lines on request, which go on until its end if they shall follow."""
        found, query = self._deployment(request), request.query_params
        if query.get("format") != "lines" and query.get("follow") != "1":
            events = self._state.deployments.events(found)
            return JSONResponse([wire.event(one, found) for one in _in_order(request, events)])
        lines = self._lines(found, follow=query.get("follow") == "1")
        return StreamingResponse(lines, media_type="application/stream+json")

    async def runtime_logs(self, request: Request) -> Response:
        """What functions say at run time: nothing, because none are run."""
        self._deployment(request)
        return Response(b"", media_type="application/stream+json")

    async def request_logs(self, request: Request) -> Response:
        """Requests to functions: none, because none are run."""
        team_of(self._state, request)
        self._state.project(request.query_params.get("projectId", ""))
        return JSONResponse({"rows": [], "hasMoreRows": False})

    async def _lines(self, deployment: Deployment, *, follow: bool) -> AsyncIterator[str]:
        clock = self._state.kit.clock
        until_s, last = clock.real.passed() + _FOLLOW_AT_MOST_S, 0
        while True:
            self._state.releases.settle()
            now = self._state.deployments.find(deployment.id)
            if now is None:
                return
            for one in self._state.deployments.events(now, last):
                last = one.number
                yield json.dumps(wire.event(one, now)) + "\n"
            if now.state in ENDED or not follow or clock.real.passed() > until_s:
                break
            await clock.real.sleep(_LOOK_EVERY_S)
        if now.state in ENDED:
            yield json.dumps(wire.state_event(now, clock.now())) + "\n"
        if now.state == "READY":
            hosts = [one.alias for one in self._state.deployments.aliases_of(now)]
            yield json.dumps(wire.alias_event(now, hosts, clock.now())) + "\n"

    def _project_for(self, team: Any, wanted: DeployAsked, former: Deployment | None) -> Project:
        """The project of a deployment; a new one when there is none of its name."""
        if former is not None:
            return self._state.projects.existing(former.project_id)
        if self._state.projects.find(wanted.project) is None and not wanted.project.startswith("prj_"):
            return self._state.add_project(team, wanted.project, settings_of(wanted.settings))
        return self._state.project(wanted.project)

    def _deployment(self, request: Request) -> Deployment:
        team_of(self._state, request)
        return self._state.deployment(request.path_params["deployment"])

    def _environment(self, one: Deployment) -> Any:
        name = one.draft.environment_id
        project = self._state.projects.existing(one.project_id)
        return None if name is None else self._state.projects.environment(project, name)

    def _body(self, one: Deployment) -> dict[str, Any]:
        project = self._state.projects.existing(one.project_id)
        hosts = [alias.alias for alias in self._state.deployments.aliases_of(one)]
        return wire.deployment(one, project, hosts, self._environment(one))


def _in_order(request: Request, events: list[Any]) -> list[Any]:
    limit = number(request, "limit", 1000, 100_000)
    backward = request.query_params.get("direction") == "backward"
    return (events[::-1] if backward else events)[:limit]
