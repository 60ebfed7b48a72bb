"""Projects, their domains and custom environments; promotions and rollbacks."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.vercel import errors, wire
from fakes.vercel.routes.guard import body_of, number, team_of
from fakes.vercel.state import VercelState
from fakes.vercel.state.deployments import Alias, Deployment
from fakes.vercel.state.projects import Project, settings_of
from fakes.vercel.wire import asked


class ProjectRoutes:
    """Handlers."""

    def __init__(self, state: VercelState) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Where they are."""
        one = "/v9/projects/{project}"
        moved = ("rollback", "promote")
        return [
            *(Route(f"{v}/projects", self.index) for v in ("/v9", "/v10")),
            *(Route(f"{v}/projects", self.create, methods=["POST"]) for v in ("/v1", "/v9", "/v10", "/v11")),
            Route(one, self.show),
            Route(one, self.change, methods=["PATCH"]),
            Route(one, self.remove, methods=["DELETE"]),
            Route(f"{one}/domains", self.domains),
            Route("/v10/projects/{project}/domains", self.add_domain, methods=["POST"]),
            Route(f"{one}/domains/{{domain}}", self.domain),
            Route(f"{one}/domains/{{domain}}", self.remove_domain, methods=["DELETE"]),
            Route("/v9/projects/https:{address:path}", self.no_project),
            *(
                route
                for path in (f"{one}/custom-environments", "/projects/{project}/custom-environments")
                for route in (
                    Route(path, self.environments),
                    Route(path, self.add_environment, methods=["POST"]),
                )
            ),
            Route(f"{one}/custom-environments/{{environment}}", self.environment),
            Route("/v10/projects/{project}/promote/{deployment}", self.promote, methods=["POST"]),
            *(
                Route(f"{v}/projects/{{project}}/rollback/{{deployment}}", self.roll_back, methods=["POST"])
                for v in ("/v9", "/v1")
            ),
            *(Route(f"/v1/projects/{{project}}/{kind}/aliases", self.moved_aliases) for kind in moved),
        ]

    async def index(self, request: Request) -> Response:
        """The projects of a team."""
        team = team_of(self._state, request)
        limit, text = number(request, "limit", 20, 100), request.query_params.get("search", "")
        found = [one for one in self._state.projects.of_team(team) if text in one.name]
        until = number(request, "from", 0, 10**15) or number(request, "until", 0, 10**15)
        found = [one for one in found if not until or wire.ms(one.updated_s) < until]
        shown = found[:limit]
        pages = wire.page(shown, found[limit:], shown[-1].updated_s if shown else None)
        return JSONResponse({"projects": [self._body(one) for one in shown], "pagination": pages})

    async def create(self, request: Request) -> Response:
        """A new project."""
        team, body = team_of(self._state, request), await body_of(request)
        made = self._state.add_project(team, asked.text(body, "name"), settings_of(body))
        return JSONResponse(self._body(made))

    async def show(self, request: Request) -> Response:
        """One project."""
        with_move = request.query_params.get("rollbackInfo") in ("1", "true")
        return JSONResponse(self._body(self._project(request), with_move=with_move))

    async def no_project(self, request: Request) -> Response:
        """An address where the name of a project should be; the command line program asks for that."""
        team_of(self._state, request)
        raise errors.not_found("Project")

    async def change(self, request: Request) -> Response:
        """New settings or a new name."""
        project, body = self._project(request), await body_of(request)
        changed = self._state.projects.change(project, asked.optional(body, "name"), settings_of(body), None)
        return JSONResponse(self._body(changed))

    async def remove(self, request: Request) -> Response:
        """A project less, with its deployments."""
        project = self._project(request)
        self._state.remove_project(project)
        return Response(status_code=204)

    async def domains(self, request: Request) -> Response:
        """The domains of a project."""
        project = self._project(request)
        found = [wire.domain(one) for one in self._state.projects.domains(project)]
        return JSONResponse({"domains": found, "pagination": wire.page(found, (), None)})

    async def add_domain(self, request: Request) -> Response:
        """A domain more."""
        project, body = self._project(request), await body_of(request)
        name = asked.text(body, "name")
        self._state.check_host(name)
        branch, environment = (asked.optional(body, key) for key in ("gitBranch", "customEnvironmentId"))
        if environment is not None and self._state.projects.environment(project, environment) is None:
            raise errors.not_found("Custom environment")
        made = self._state.projects.add_domain(project, name, branch, environment)
        return JSONResponse(wire.domain(made))

    async def domain(self, request: Request) -> Response:
        """One domain of a project."""
        found = self._state.domain(self._project(request), request.path_params["domain"])
        return JSONResponse(wire.domain(found))

    async def remove_domain(self, request: Request) -> Response:
        """A domain less."""
        found = self._state.domain(self._project(request), request.path_params["domain"])
        self._state.projects.remove_domain(found)
        return JSONResponse({})

    async def environments(self, request: Request) -> Response:
        """The custom environments of a project."""
        project = self._project(request)
        domains = self._state.projects.domains(project)
        found = [wire.environment(one, domains) for one in self._state.projects.environments(project)]
        return JSONResponse({"environments": found, "accountLimit": {"total": 12}})

    async def environment(self, request: Request) -> Response:
        """One custom environment."""
        project, name = self._project(request), request.path_params["environment"]
        found = self._state.projects.environment(project, name)
        if found is None:
            raise errors.not_found("Custom environment")
        return JSONResponse(wire.environment(found, self._state.projects.domains(project)))

    async def add_environment(self, request: Request) -> Response:
        """A custom environment more."""
        project, body = self._project(request), await body_of(request)
        about = asked.optional(body, "description") or ""
        slug, matcher = asked.text(body, "slug"), asked.matcher(body)
        made = self._state.projects.add_environment(project, slug, about, matcher)
        return JSONResponse(wire.environment(made, ()), 201)

    async def promote(self, request: Request) -> Response:
        """Production leads to another deployment."""
        project, deployment = self._pair(request)
        self._state.releases.promote(project, deployment)
        return Response(status_code=201)

    async def roll_back(self, request: Request) -> Response:
        """Production leads to a former deployment."""
        project, deployment = self._pair(request)
        self._state.releases.roll_back(project, deployment)
        return Response(status_code=201)

    async def moved_aliases(self, request: Request) -> Response:
        """What became of each host name of production."""
        project = self._project(request)
        found = [
            {"alias": one.alias, "deploymentId": one.deployment_id, "id": one.uid, "status": "completed"}
            for one in self._production_aliases(project)
            if request.query_params.get("failedOnly") not in ("1", "true")
        ]
        return JSONResponse({"aliases": found, "pagination": wire.page(found, (), None)})

    def _project(self, request: Request) -> Project:
        team_of(self._state, request)
        return self._state.project(request.path_params["project"])

    def _pair(self, request: Request) -> tuple[Project, Deployment]:
        project = self._project(request)
        deployment = self._state.deployment(request.path_params["deployment"])
        if deployment.project_id != project.id:
            raise errors.deployment_not_found(deployment.id)
        return project, deployment

    def _production_aliases(self, project: Project) -> Sequence[Alias]:
        production = self._state.releases.production(project)
        return [] if production is None else self._state.deployments.aliases_of(production)

    def _body(self, project: Project, *, with_move: bool = False) -> dict[str, object]:
        now = self._state.kit.clock.now()
        return wire.project(project, self._production_aliases(project), now, with_move=with_move)
