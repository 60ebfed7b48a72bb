"""Users, teams and their domains."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.vercel import errors, wire
from fakes.vercel.routes.guard import team_of
from fakes.vercel.state import VercelState
from fakes.vercel.state.accounts import STAGING_TEAM


class Account:
    """Handlers."""

    def __init__(self, state: VercelState) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route("/v2/user", self.user),
            *(Route(f"{version}/teams", self.teams) for version in ("/v1", "/v2")),
            *(Route(f"{version}/teams/{{team}}", self.team) for version in ("", "/v2")),
            Route("/v5/domains", self.domains),
            *(Route(f"{version}/domains/{{domain}}", self.domain) for version in ("/v4", "/v5")),
            Route("/v6/domains/{domain}/config", self.configuration),
        ]

    async def user(self, request: Request) -> Response:
        """Whoever asks."""
        team_of(self._state, request)
        return JSONResponse({"user": wire.user()})

    async def teams(self, request: Request) -> Response:
        """The teams of whoever asks."""
        team_of(self._state, request)
        found = [wire.team(STAGING_TEAM, 0.0)]
        return JSONResponse({"teams": found, "pagination": wire.page(found, (), None)})

    async def team(self, request: Request) -> Response:
        """One team."""
        team_of(self._state, request)
        return JSONResponse(wire.team(self._state.team(request.path_params["team"]), 0.0))

    async def domains(self, request: Request) -> Response:
        """The domains of a team."""
        team = team_of(self._state, request)
        found = [
            wire.account_domain(domain.name, team, domain.created_s)
            for project in self._state.projects.of_team(team)
            for domain in self._state.projects.domains(project)
        ]
        return JSONResponse({"domains": found, "pagination": wire.page(found, (), None)})

    async def domain(self, request: Request) -> Response:
        """One domain; the names below vercel.app are nobody's own."""
        team, name = team_of(self._state, request), request.path_params["domain"]
        self._state.check_host(name)
        found = self._state.projects.domain(name)
        if found is None:
            raise errors.not_found("Domain")
        return JSONResponse({"domain": wire.account_domain(name, team, found.created_s)})

    async def configuration(self, request: Request) -> Response:
        """That a domain's records are as they should be."""
        team_of(self._state, request)
        name = request.path_params["domain"]
        self._state.check_host(name)
        body: dict[str, object] = {"configuredBy": "A", "serviceType": "external", "misconfigured": False}
        body |= {"nameservers": [], "cnames": [], "aValues": [], "conflicts": []}
        body |= {"acceptedChallenges": ["http-01"]}
        return JSONResponse(body)
