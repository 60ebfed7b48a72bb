"""Host names over HTTP, and webhooks."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.vercel import errors, hostnames, wire
from fakes.vercel.routes.guard import body_of, number, team_of
from fakes.vercel.state import VercelState
from fakes.vercel.state.accounts import STAGING_TEAM
from fakes.vercel.state.deployments import Alias
from fakes.vercel.wire import asked

_OF_DEPLOYMENT = "/deployments/{deployment}/aliases"


class AliasRoutes:
    """Handlers."""

    def __init__(self, state: VercelState) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            *(Route(f"{version}{_OF_DEPLOYMENT}", self.of_deployment) for version in ("/now", "/v2")),
            *(Route(f"{version}{_OF_DEPLOYMENT}", self.add, methods=["POST"]) for version in ("/now", "/v2")),
            *(Route(f"{version}/aliases", self.index) for version in ("/v3/now", "/v4")),
            *(Route(f"{version}/aliases/{{alias}}", self.show) for version in ("/now", "/v4")),
            *(
                Route(f"{version}/aliases/{{alias}}", self.remove, methods=["DELETE"])
                for version in ("/now", "/v2")
            ),
            Route("/v1/webhooks", self.hooks),
            Route("/v1/webhooks", self.add_hook, methods=["POST"]),
            Route("/v1/webhooks/{hook}", self.hook),
            Route("/v1/webhooks/{hook}", self.remove_hook, methods=["DELETE"]),
        ]

    async def of_deployment(self, request: Request) -> Response:
        """The host names that lead to a deployment."""
        team_of(self._state, request)
        found = self._state.deployment(request.path_params["deployment"])
        return JSONResponse(
            {"aliases": [self._body(one) for one in self._state.deployments.aliases_of(found)]}
        )

    async def add(self, request: Request) -> Response:
        """Lets a host name lead to a deployment."""
        team_of(self._state, request)
        deployment = self._state.deployment(request.path_params["deployment"])
        name = hostnames.bare(asked.text(await body_of(request), "alias"))
        self._state.check_host(name)
        made, former = self._state.releases.point(name, deployment)
        body = {"uid": made.uid, "alias": made.alias, "created": wire.ms(made.created_s)}
        return JSONResponse(body | ({"oldDeploymentId": former} if former else {}))

    async def index(self, request: Request) -> Response:
        """The host names of a team, or of one project."""
        team, name = team_of(self._state, request), request.query_params.get("projectId")
        projects = [self._state.project(name)] if name else self._state.projects.of_team(team)
        found = self._state.deployments.aliases([one.id for one in projects])
        until = number(request, "until", 0, 10**15)
        found = [one for one in found if not until or wire.ms(one.created_s) < until]
        limit = number(request, "limit", 20, 100)
        shown = found[:limit]
        pages = wire.page(shown, found[limit:], shown[-1].created_s if shown else None)
        return JSONResponse({"aliases": [self._body(one) for one in shown], "pagination": pages})

    async def show(self, request: Request) -> Response:
        """One host name."""
        return JSONResponse(self._body(self._alias(request)))

    async def remove(self, request: Request) -> Response:
        """A host name less."""
        self._state.deployments.unpoint(self._alias(request))
        return JSONResponse({"status": "SUCCESS"})

    async def hooks(self, request: Request) -> Response:
        """The webhooks of a team."""
        team = team_of(self._state, request)
        return JSONResponse([wire.hook(one, with_secret=False) for one in self._state.hooks.of_team(team.id)])

    async def add_hook(self, request: Request) -> Response:
        """A webhook more; its secret is in this answer only."""
        team, body = team_of(self._state, request), await body_of(request)
        projects = [self._state.project(name).id for name in asked.texts(body, "projectIds")]
        made = self._state.hooks.add(team.id, asked.text(body, "url"), asked.texts(body, "events"), projects)
        return JSONResponse(wire.hook(made, with_secret=True))

    async def hook(self, request: Request) -> Response:
        """One webhook."""
        team = team_of(self._state, request)
        found = self._state.hooks.existing(team.id, request.path_params["hook"])
        return JSONResponse(wire.hook(found, with_secret=False))

    async def remove_hook(self, request: Request) -> Response:
        """A webhook less."""
        team = team_of(self._state, request)
        self._state.hooks.remove(self._state.hooks.existing(team.id, request.path_params["hook"]))
        return Response(status_code=204)

    def _alias(self, request: Request) -> Alias:
        team_of(self._state, request)
        name = request.path_params["alias"]
        found = self._state.deployments.alias(name)
        if found is None or (violation := self._state.violation_of_host(found.alias)):
            raise errors.not_found("Alias", violation if found else None)
        return found

    def _body(self, one: Alias) -> dict[str, object]:
        return wire.alias(one, self._state.deployments.existing(one.deployment_id), STAGING_TEAM)
