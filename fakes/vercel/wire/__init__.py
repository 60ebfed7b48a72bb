"""Vercel's JSON (vercel.com/docs/rest-api). Times are in milliseconds."""

from collections.abc import Mapping, Sequence
from typing import Any

from fakes.kit.errors import ProviderError
from fakes.kit.limits import Taken
from fakes.vercel.state.accounts import DEPLOYER, STAGING_TEAM, Team
from fakes.vercel.state.deployments import Alias, Deployment, Event
from fakes.vercel.state.hooks import Hook
from fakes.vercel.state.projects import Domain, Environment, Project, names
from fakes.vercel.state.variables import Variable

HIDDEN = frozenset({"sensitive", "secret"})


def ms(unix_s: float) -> int:
    """A time as Vercel writes it."""
    return int(unix_s * 1000)


def error_body(error: ProviderError) -> dict[str, Any]:
    """An error."""
    code = error.code or ("internal_server_error" if error.status >= 500 else "bad_request")
    return {"error": {"code": code, "message": error.message, **error.extra}}


def limit_headers(taken: Taken, now_s: float) -> dict[str, str]:
    """Where the rate limit stands."""
    found = {
        "X-RateLimit-Limit": str(taken.limit),
        "X-RateLimit-Remaining": str(taken.remaining),
        "X-RateLimit-Reset": str(int(taken.reset_s)),
    }
    return found | {"Retry-After": str(max(1, int(taken.reset_s - now_s)))} if taken.is_over else found


def user() -> dict[str, Any]:
    """Whoever the staging token stands for."""
    return {
        "id": DEPLOYER.id,
        "uid": DEPLOYER.id,
        "email": DEPLOYER.email,
        "name": DEPLOYER.name,
        "username": DEPLOYER.username,
        "defaultTeamId": STAGING_TEAM.id,
        "version": "northstar",
        "avatar": None,
        "billing": None,
        "createdAt": 0,
        "hasTrialAvailable": False,
        "resourceConfig": {},
        "softBlock": None,
        "stagingPrefix": DEPLOYER.username,
    }


def team(one: Team, created_s: float) -> dict[str, Any]:
    """A team, with the membership of the caller."""
    membership = {"role": "MEMBER", "confirmed": True, "uid": DEPLOYER.id, "teamId": one.id}
    return {
        "id": one.id,
        "slug": one.slug,
        "name": one.name,
        "avatar": None,
        "createdAt": ms(created_s),
        "created": ms(created_s),
        "creatorId": DEPLOYER.id,
        "membership": {**membership, "createdAt": ms(created_s), "created": ms(created_s)},
        "billing": {"plan": "pro", "status": "active"},
        "limited": False,
    }


def page(found: Sequence[Any], rest: Sequence[Any], at_s: float | None) -> dict[str, Any]:
    """Where a list goes on: `next` is the time to ask before."""
    following = ms(at_s) if rest and at_s is not None else None
    return {"count": len(found), "next": following, "prev": None}


def project(
    one: Project, aliases: Sequence[Alias], now_s: float, *, with_move: bool = False
) -> dict[str, Any]:
    """A project."""
    body = {
        "id": one.id,
        "name": one.name,
        "accountId": one.team.id,
        "framework": None,
        "buildCommand": None,
        "devCommand": None,
        "installCommand": None,
        "outputDirectory": None,
        "rootDirectory": None,
        **one.settings,
        "nodeVersion": "22.x",
        "directoryListing": False,
        "createdAt": ms(one.created_s),
        "updatedAt": ms(one.updated_s),
        "autoAssignCustomDomains": True,
        "alias": [
            {
                "domain": alias.alias,
                "target": "PRODUCTION",
                "environment": "production",
                "deployment": _aliased(alias),
            }
            for alias in aliases
        ],
        "latestDeployments": [],
        "targets": {},
        "deploymentExpiration": {},
        "resourceConfig": {"functionDefaultRegions": ["iad1"]},
        "defaultResourceConfig": {"functionDefaultRegions": ["iad1"]},
        "speedInsights": None,
        "ssoProtection": None,
        "live": False,
    }
    if one.link is not None:
        body["link"] = {**one.link, "createdAt": ms(one.created_s), "deployHooks": []}
    if with_move and one.last_move is not None:
        is_over = now_s >= one.last_move.requested_s
        body["lastAliasRequest"] = {
            "fromDeploymentId": one.last_move.from_deployment,
            "toDeploymentId": one.last_move.to_deployment,
            "fromRollingReleaseId": None,
            "jobStatus": "succeeded" if is_over else "in-progress",
            "requestedAt": ms(one.last_move.requested_s),
            "type": one.last_move.kind,
        }
    return body


def _aliased(one: Alias) -> dict[str, Any]:
    return {
        "id": one.deployment_id,
        "createdAt": ms(one.created_s),
        "createdIn": "iad1",
        "creator": {"uid": DEPLOYER.id, "username": DEPLOYER.username, "email": DEPLOYER.email},
        "name": one.alias,
        "plan": "pro",
        "private": False,
        "readyState": "READY",
        "type": "LAMBDAS",
        "url": one.alias,
        "userId": DEPLOYER.id,
    }


def domain(one: Domain) -> dict[str, Any]:
    """A domain of a project."""
    return {
        "name": one.name,
        "apexName": ".".join(one.name.split(".")[-2:]),
        "projectId": one.project_id,
        "redirect": None,
        "redirectStatusCode": None,
        "gitBranch": one.git_branch,
        "customEnvironmentId": one.custom_environment_id,
        "createdAt": ms(one.created_s),
        "updatedAt": ms(one.created_s),
        "verified": True,
    }


def account_domain(name: str, team: Team, created_s: float) -> dict[str, Any]:
    """A domain as the team has it."""
    return {
        "id": f"dom_{name}",
        "name": name,
        "apexName": name,
        "projectId": None,
        "suffix": False,
        "verified": True,
        "nameservers": ["ns1.vercel-dns.com", "ns2.vercel-dns.com"],
        "intendedNameservers": ["ns1.vercel-dns.com", "ns2.vercel-dns.com"],
        "serviceType": "external",
        "teamId": team.id,
        "userId": DEPLOYER.id,
        "creator": {"id": DEPLOYER.id, "username": DEPLOYER.username, "email": DEPLOYER.email},
        "createdAt": ms(created_s),
        "boughtAt": None,
        "expiresAt": None,
        "renew": False,
        "cdnEnabled": False,
        "echMode": "disabled",
    }


def environment(one: Environment, domains: Sequence[Domain]) -> dict[str, Any]:
    """A custom environment."""
    body = {
        "id": one.id,
        "slug": one.slug,
        "type": "preview",
        "description": one.description,
        "domains": names([each for each in domains if each.custom_environment_id == one.id]),
        "createdAt": ms(one.created_s),
        "updatedAt": ms(one.created_s),
    }
    return body | ({"branchMatcher": dict(one.matcher)} if one.matcher else {})


def variable(one: Variable, *, is_shown: bool) -> dict[str, Any]:
    """A variable; its value as far as it may be seen."""
    is_hidden = one.type in HIDDEN or (one.type == "encrypted" and not is_shown)
    return {
        "id": one.id,
        "key": one.key,
        "value": "" if is_hidden else one.value,
        "type": one.type,
        "target": list(one.targets),
        "gitBranch": one.git_branch,
        "customEnvironmentIds": list(one.environment_ids),
        "comment": one.comment,
        "configurationId": None,
        "createdAt": ms(one.created_s),
        "updatedAt": ms(one.updated_s),
        "createdBy": DEPLOYER.id,
        "updatedBy": None,
        "decrypted": is_shown and not is_hidden,
        "securityIssues": [],
    }


def deployment(
    one: Deployment, project: Project, hosts: Sequence[str], environment: Environment | None
) -> dict[str, Any]:
    """A deployment by itself."""
    times, draft = one.times, one.draft
    is_ready = one.state == "READY"
    body: dict[str, Any] = {
        "id": one.id,
        "uid": one.id,
        "url": one.host,
        "name": draft.name,
        "projectId": one.project_id,
        "ownerId": project.team.id,
        "team": {"id": project.team.id, "slug": project.team.slug, "name": project.team.name},
        "readyState": one.state,
        "status": one.state,
        "readySubstate": one.substate,
        "target": draft.target,
        "alias": list(hosts),
        "aliasAssigned": one.assigned_s is not None,
        "aliasAssignedAt": None if one.assigned_s is None else ms(one.assigned_s),
        "aliasError": None,
        "aliasFinal": None,
        "automaticAliases": list(hosts),
        "createdAt": ms(times.created_s),
        "buildingAt": ms(times.building_s),
        "inspectorUrl": inspector_url(one, project),
        "creator": {"uid": DEPLOYER.id, "username": DEPLOYER.username, "email": DEPLOYER.email},
        "projectSettings": dict(project.settings),
        "project": {"id": project.id, "name": project.name, "framework": project.settings.get("framework")},
        "meta": dict(draft.meta),
        "regions": ["iad1"],
        "routes": None,
        "build": {"env": []},
        "env": [],
        "builds": [],
        "public": False,
        "version": 2,
        "type": "LAMBDAS",
        "source": draft.source,
        "bootedAt": ms(times.initializing_s),
        "plan": "pro",
        "createdIn": "iad1",
        "errorCode": "BUILD_FAILED" if one.state == "ERROR" else None,
        "errorMessage": one.error,
        "errorStep": "buildStep" if one.state == "ERROR" else None,
    }
    if is_ready:
        body["ready"] = ms(times.ready_s)
    if draft.git_source is not None:
        body["gitSource"] = {**draft.git_source, "ref": draft.branch, "sha": draft.sha}
    if environment is not None:
        body["customEnvironment"] = {"id": environment.id, "slug": environment.slug}
    return body


def listed(one: Deployment, project: Project, environment: Environment | None) -> dict[str, Any]:
    """A deployment in a list."""
    body = {
        "uid": one.id,
        "name": one.draft.name,
        "projectId": one.project_id,
        "url": one.host,
        "created": ms(one.times.created_s),
        "createdAt": ms(one.times.created_s),
        "buildingAt": ms(one.times.building_s),
        "source": one.draft.source,
        "state": one.state,
        "readyState": one.state,
        "readySubstate": one.substate,
        "type": "LAMBDAS",
        "target": one.draft.target,
        "aliasError": None,
        "aliasAssigned": None if one.assigned_s is None else ms(one.assigned_s),
        "isRollbackCandidate": one.state == "READY" and one.draft.target == "production",
        "creator": {"uid": DEPLOYER.id, "username": DEPLOYER.username, "email": DEPLOYER.email},
        "meta": dict(one.draft.meta),
        "inspectorUrl": inspector_url(one, project),
    }
    body |= {"ready": ms(one.times.ready_s)} if one.state == "READY" else {}
    if environment is not None:
        body["customEnvironment"] = {"id": environment.id, "slug": environment.slug}
    return body


def inspector_url(one: Deployment, project: Project) -> str:
    """Where a person would look at a deployment."""
    return f"https://vercel.com/{project.team.slug}/{project.name}/{one.id.removeprefix('dpl_')}"


def alias(one: Alias, deployment: Deployment, team: Team) -> dict[str, Any]:
    """A host name in a list."""
    return {
        "uid": one.uid,
        "alias": one.alias,
        "created": ms(one.created_s),
        "createdAt": ms(one.created_s),
        "updatedAt": ms(one.created_s),
        "creator": {"uid": DEPLOYER.id, "username": DEPLOYER.username, "email": DEPLOYER.email},
        "deploymentId": one.deployment_id,
        "deployment": {"id": deployment.id, "url": deployment.host},
        "projectId": one.project_id,
        "redirect": None,
        "ownerId": team.id,
    }


def event(one: Event, deployment: Deployment) -> dict[str, Any]:
    """A line of a log, in the form that the command line program reads."""
    payload = {
        "deploymentId": deployment.id,
        "info": {"type": "build", "name": "bld_staging", "entrypoint": "."},
        "text": one.text,
        "id": str(one.number),
        "date": ms(one.at_s),
        "serial": str(one.number),
    }
    return {
        "type": one.type,
        "created": ms(one.at_s),
        "payload": payload,
        "text": one.text,
        "date": ms(one.at_s),
    }


def state_event(deployment: Deployment, now_s: float) -> dict[str, Any]:
    """The line that says what state a deployment has come to."""
    payload = {"deploymentId": deployment.id, "value": deployment.state, "date": ms(now_s)}
    return {"type": "deployment-state", "event": "state", "created": ms(now_s), "payload": payload}


def alias_event(deployment: Deployment, hosts: Sequence[str], now_s: float) -> dict[str, Any]:
    """The line that ends the log of a deployment that is served."""
    told = {"deploymentId": deployment.id, "date": ms(now_s), "alias": list(hosts)}
    return {"type": "alias-assigned", **told, "aliasError": None, "aliasWarning": None, "payload": told}


def hook(one: Hook, *, with_secret: bool) -> dict[str, Any]:
    """A webhook; its secret is told once."""
    body = {
        "id": one.id,
        "url": one.url,
        "events": list(one.events),
        "ownerId": one.team_id,
        "projectIds": list(one.project_ids),
        "createdAt": ms(one.created_s),
        "updatedAt": ms(one.created_s),
    }
    return body | ({"secret": one.secret} if with_secret else {})


def event_payload(project: Project, one: Deployment, hosts: Sequence[str]) -> Mapping[str, Any]:
    """What a webhook says of a deployment."""
    return {
        "team": {"id": project.team.id},
        "user": {"id": DEPLOYER.id},
        "project": {"id": project.id},
        "deployment": {
            "id": one.id,
            "url": one.host,
            "name": one.draft.name,
            "meta": dict(one.draft.meta),
        },
        "alias": list(hosts),
        "target": one.draft.target,
        "plan": "pro",
        "regions": ["iad1"],
        "links": {
            "deployment": inspector_url(one, project),
            "project": f"https://vercel.com/{project.team.slug}/{project.name}",
        },
    }
