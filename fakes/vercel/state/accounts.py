"""The team, its deployer and the tokens. Production's are tripwires."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Team:
    """A team; projects belong to one."""

    id: str
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class User:
    """Whoever a token stands for."""

    id: str
    username: str
    name: str
    email: str


STAGING_TEAM = Team("team_clipnetstaging0000000001", "clipnet-staging", "ClipNET Staging")
PRODUCTION_TEAM = Team("team_clipnetproduction00000001", "clipnet", "ClipNET")
TEAMS = (STAGING_TEAM, PRODUCTION_TEAM)
DEPLOYER = User(
    "usr_clipnetstaging00000000001", "clipnet-deployer", "ClipNET Deployer", "deploy@clipnet.test"
)
TOKEN = "vercel_staging_token"
"""Word characters only: the command line program refuses any other token."""
PRODUCTION_TOKEN = "vercel_production_token"

STAGING_PROJECT_ID = "prj_clipnetstagingweb0000001"
PRODUCTION_PROJECT_ID = "prj_clipnetproductionweb0001"
STAGING_PROJECT = "clipnet-web-staging"
PRODUCTION_PROJECT = "clipnet-web"
STAGING_DOMAIN = "staging.clipnet.ai"
PRODUCTION_DOMAINS = ("clipnet.ai", "www.clipnet.ai")
STAGING_BRANCH = "develop"


def team_named(name: str) -> Team | None:
    """A team by its id or slug."""
    return next((team for team in TEAMS if name in (team.id, team.slug)), None)
