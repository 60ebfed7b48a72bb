"""What is always there: staging's workspace with its project, and production's as a tripwire."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fakes.kit.kit import Kit
from fakes.railway.state.commits import Commit, Commits
from fakes.railway.state.deployments import Deployments
from fakes.railway.state.domains import Domains
from fakes.railway.state.projects import Environment, Project, Projects, Workspace
from fakes.railway.state.records import Asked, meta_of
from fakes.railway.state.tokens import Token, Tokens, User
from fakes.railway.state.variables import Place, Variables

ACCOUNT_TOKEN = "57a91e00-acc0-4000-8000-000000000001"
WORKSPACE_TOKEN = "57a91e00-7ea0-4000-8000-000000000002"
PROJECT_TOKEN = "57a91e00-b70e-4000-8000-000000000003"
PRODUCTION_TOKEN = "b70dac70-b70e-4000-8000-000000000004"
STAGING_PROJECT_ID = "57a91e00-0000-4000-8000-00000000c11b"
STAGING_ENVIRONMENT_ID = "57a91e00-e000-4000-8000-00000000c11b"
PRODUCTION_PROJECT_ID = "b70dac70-0000-4000-8000-00000000c11b"
PRODUCTION_ENVIRONMENT_ID = "b70dac70-e000-4000-8000-00000000c11b"
WORKSPACE_ID = "57a91e00-ace0-4000-8000-00000000c11b"
REPO, BRANCH = "clipnet/clipnet", "develop"
FIRST_SHA = "1b6d5b1d3c0f4c9c8f6a2f3b7d0e5a4c9b8e7f60"
SERVICES: Mapping[str, Mapping[str, Any]] = {
    "api": {"source": {"repo": REPO}, "healthcheckPath": "/health"},
    "worker": {"source": {"repo": REPO}},
    "postgres": {"source": {"image": "postgres:18"}},
    "redis": {"source": {"image": "redis:8"}},
}
_AGE_S = 86_400.0


@dataclass(frozen=True, slots=True)
class _World:
    """One of the two sides."""

    name: str
    prefix: str
    workspace_id: str
    project_id: str
    environment_id: str
    branch: str
    is_production: bool


_STAGING = _World(
    "staging", "57a91e00", WORKSPACE_ID, STAGING_PROJECT_ID, STAGING_ENVIRONMENT_ID, BRANCH, False
)
_PRODUCTION = _World(
    "production",
    "b70dac70",
    "b70dac70-ace0-4000-8000-00000000c11b",
    PRODUCTION_PROJECT_ID,
    PRODUCTION_ENVIRONMENT_ID,
    "main",
    True,
)


def service_id(name: str, *, is_production: bool = False) -> str:
    """Id of a service that is always there; the same after each start."""
    world = _PRODUCTION if is_production else _STAGING
    return f"{world.prefix}-5e0{list(SERVICES).index(name)}-4000-8000-00000000c11b"


class Seeding:
    """Writes the fixed rows.

    Args:
        kit: Clock and store.
        projects: Filled.
        tokens: Filled.
        commits: Filled.
        variables: Filled.
        domains: Filled.
        deployments: Filled.
    """

    def __init__(
        self,
        kit: Kit,
        projects: Projects,
        tokens: Tokens,
        commits: Commits,
        variables: Variables,
        domains: Domains,
        deployments: Deployments,
    ) -> None:
        self._kit = kit
        self._projects = projects
        self._tokens = tokens
        self._commits = commits
        self._variables = variables
        self._domains = domains
        self._deployments = deployments

    def populate(self) -> None:
        """Write them into empty tables."""
        at_s = self._kit.clock.now() - _AGE_S
        commit = Commit(REPO, BRANCH, FIRST_SHA, "Make the staging environment", "streamer_sam")
        self._commits.add(commit)
        for world in (_STAGING, _PRODUCTION):
            self._add(world, commit, at_s)
        user_id = "57a91e00-05e0-4000-8000-000000000001"
        self._tokens.add_user(User(user_id, WORKSPACE_ID, "Streamer Sam", "sam", "sam@clipnet.test", at_s))
        for token in self._fixed_tokens(at_s):
            self._tokens.add(token)

    def _add(self, world: _World, commit: Commit, at_s: float) -> None:
        name = f"clipnet-{world.name}"
        self._projects.add_workspace(Workspace(world.workspace_id, name, "PRO", world.is_production, at_s))
        self._projects.create(
            Project(
                world.project_id,
                world.workspace_id,
                name,
                None,
                False,
                False,
                world.environment_id,
                world.is_production,
                at_s,
                at_s,
            )
        )
        self._kit.store.execute(
            "INSERT INTO environments VALUES (?, ?, ?, 0, NULL, ?, ?)",
            (world.environment_id, world.project_id, world.name, at_s, at_s),
        )
        for service_name, config in SERVICES.items():
            self._add_service(world, service_name, config, commit, at_s)
        if not world.is_production:
            self._set_variables(world)

    def _add_service(
        self, world: _World, name: str, config: Mapping[str, Any], commit: Commit, at_s: float
    ) -> None:
        made = service_id(name, is_production=world.is_production)
        self._kit.store.execute(
            "INSERT INTO services VALUES (?, ?, ?, NULL, ?, ?)", (made, world.project_id, name, at_s, at_s)
        )
        follows = {"branch": world.branch} if "repo" in config["source"] else {}
        instance = self._projects.add_instance(made, world.environment_id, {**config, **follows})
        if world.is_production:
            return
        meta = meta_of(instance, "deploy", commit if follows else None)
        self._deployments.add_seeded(instance, Asked("deploy", meta, {}), "SUCCESS", at_s)

    def _set_variables(self, world: _World) -> None:
        place = Place(world.project_id, world.environment_id)
        self._variables.put(place, {"APP_ENV": world.name})
        environment = self._projects.environment(world.environment_id)
        api = self._projects.service(service_id("api"))
        assert isinstance(environment, Environment)
        assert api is not None
        for name in ("api", "worker"):
            own = Place(world.project_id, world.environment_id, service_id(name))
            self._variables.put(own, {"APP_ENV": "${{shared.APP_ENV}}"})
        self._domains.give(api, environment, None)

    def _fixed_tokens(self, at_s: float) -> list[Token]:
        staging = (STAGING_PROJECT_ID, STAGING_ENVIRONMENT_ID)
        production = (PRODUCTION_PROJECT_ID, PRODUCTION_ENVIRONMENT_ID)
        ids = [f"57a91e00-70ce-4000-8000-00000000000{number}" for number in range(1, 5)]
        nowhere = (None, None)
        return [
            Token(ids[0], ACCOUNT_TOKEN, "account", "laptop", WORKSPACE_ID, *nowhere, False, at_s),
            Token(ids[1], WORKSPACE_TOKEN, "workspace", "ci", WORKSPACE_ID, *nowhere, False, at_s),
            Token(ids[2], PROJECT_TOKEN, "project", "deploy", None, *staging, False, at_s),
            Token(ids[3], PRODUCTION_TOKEN, "project", "deploy", None, *production, True, at_s),
        ]
