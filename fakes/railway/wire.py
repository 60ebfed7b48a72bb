"""Railway's JSON: what types of the schema hold besides other types, and the bodies of errors."""

from collections.abc import Mapping, Sequence
from typing import Any

from fakes.kit.clock import iso
from fakes.kit.errors import ProviderError
from fakes.kit.limits import Taken
from fakes.railway.state.domains import SUFFIX, ServiceAddress
from fakes.railway.state.lifecycle import INSTANCE_STATUS
from fakes.railway.state.logs import Written
from fakes.railway.state.projects import Environment, Instance, Project, Service, Workspace
from fakes.railway.state.records import Deployment, Event
from fakes.railway.state.references import references
from fakes.railway.state.tokens import Token, User
from fakes.railway.state.variables import Variable

Body = dict[str, Any]


def time_text(unix_s: float) -> str:
    """`2026-11-21T06:00:00.000Z`."""
    return f"{iso(unix_s, micros=True)[:-4]}Z"


def _made(one: Project | Environment | Service | Instance | ServiceAddress | Variable) -> Body:
    return {"id": one.id, "createdAt": time_text(one.created_s), "updatedAt": time_text(one.updated_s)}


def workspace(one: Workspace) -> Body:
    """A workspace."""
    at = time_text(one.created_s)
    return {"id": one.id, "name": one.name, "plan": one.plan, "createdAt": at, "updatedAt": at}


def user(one: User) -> Body:
    """A person."""
    return {
        "id": one.id,
        "name": one.name,
        "username": one.username,
        "email": one.email,
        "createdAt": time_text(one.created_s),
        "has2FA": False,
        "isAdmin": False,
        "isVerified": True,
    }


def project(one: Project, plan: str) -> Body:
    """A project; `plan` is its workspace's."""
    return {
        **_made(one),
        "name": one.name,
        "description": one.description,
        "isPublic": one.is_public,
        "isTempProject": False,
        "prDeploys": one.pr_deploys,
        "baseEnvironmentId": one.base_environment_id,
        "workspaceId": one.workspace_id,
        "subscriptionType": plan.lower(),
    }


def environment(one: Environment) -> Body:
    """An environment."""
    return {
        **_made(one),
        "name": one.name,
        "projectId": one.project_id,
        "isEphemeral": one.is_ephemeral,
        "canAccess": True,
        "sourceId": one.source_id,
        "unmergedChangesCount": 0,
    }


def service(one: Service) -> Body:
    """A service."""
    return {**_made(one), "name": one.name, "icon": one.icon, "projectId": one.project_id}


def instance(one: Instance, service_name: str) -> Body:
    """A service in an environment."""
    return {
        **one.config,
        **_made(one),
        "serviceId": one.service_id,
        "serviceName": service_name,
        "environmentId": one.environment_id,
        "isUpdatable": False,
    }


def trigger(one: Instance, project_id: str) -> Body | None:
    """What makes a push deploy an instance; None when nothing does."""
    if one.repo is None or one.branch is None:
        return None
    return {
        "id": one.id,
        "branch": one.branch,
        "repository": one.repo,
        "provider": "github",
        "checkSuites": False,
        "environmentId": one.environment_id,
        "serviceId": one.service_id,
        "projectId": project_id,
    }


def deployment(one: Deployment, *, can_redeploy: bool, can_roll_back: bool, domain: str | None) -> Body:
    """A deployment; `domain` is what its service is known by."""
    instance_status = "STOPPED" if one.is_stopped else INSTANCE_STATUS.get(one.status)
    return {
        "id": one.id,
        "status": one.status,
        "createdAt": time_text(one.created_s),
        "updatedAt": time_text(one.status_s),
        "statusUpdatedAt": time_text(one.status_s),
        "canRedeploy": can_redeploy,
        "canRollback": can_roll_back,
        "deploymentStopped": one.is_stopped or instance_status in (None, "REMOVED", "CRASHED"),
        "projectId": one.project_id,
        "environmentId": one.environment_id,
        "serviceId": one.service_id,
        "snapshotId": one.id,
        "meta": one.meta,
        "instances": [{"id": one.instance_id, "status": instance_status}] if instance_status else [],
        "sockets": [],
        "staticUrl": domain,
        "url": one.url or domain,
        "suggestAddServiceDomain": False,
    }


def event(one: Event) -> Body:
    """A step of a deployment."""
    return {
        "id": one.id,
        "step": one.step,
        "createdAt": time_text(one.created_s),
        "completedAt": time_text(one.completed_s) if one.completed_s is not None else None,
        "payload": {"error": one.error} if one.error else None,
    }


def snapshot(one: Deployment) -> Body:
    """The variables that a deployment was made with."""
    at = time_text(one.created_s)
    return {"id": one.id, "createdAt": at, "updatedAt": at, "variables": dict(one.variables)}


def log(one: Written, project_id: str) -> Body:
    """A line of a log; its time has nanoseconds."""
    return {
        "timestamp": f"{iso(one.at_s, micros=True)[:-1]}000Z",
        "message": one.message,
        "severity": one.severity,
        "attributes": [{"key": name, "value": value} for name, value in one.attributes.items()],
        "tags": {
            "projectId": project_id,
            "environmentId": one.environment_id,
            "serviceId": one.service_id,
            "deploymentId": one.deployment_id,
            "snapshotId": one.deployment_id,
        },
    }


def domain(one: ServiceAddress) -> Body:
    """A domain; a custom one says how far its DNS records are, which count as set here."""
    body: Body = {
        **_made(one),
        "domain": one.domain,
        "environmentId": one.environment_id,
        "serviceId": one.service_id,
        "projectId": one.project_id,
        "targetPort": one.target_port,
    }
    if not one.is_custom:
        return {**body, "suffix": SUFFIX}
    label, _, zone = one.domain.partition(".")
    wanted = f"{one.id[:8]}.{SUFFIX}"
    record = {
        "hostlabel": label,
        "fqdn": one.domain,
        "zone": zone,
        "recordType": "DNS_RECORD_TYPE_CNAME",
        "purpose": "DNS_RECORD_PURPOSE_TRAFFIC_ROUTE",
        "requiredValue": wanted,
        "currentValue": wanted,
        "status": "DNS_RECORD_STATUS_PROPAGATED",
    }
    status = {
        "verified": True,
        "certificateStatus": "CERTIFICATE_STATUS_TYPE_VALID",
        "dnsRecords": [record],
    }
    return {**body, "status": status}


def all_domains(found: Sequence[ServiceAddress]) -> Body:
    """All domains of a service in an environment."""
    return {
        "serviceDomains": [domain(one) for one in found if not one.is_custom],
        "customDomains": [domain(one) for one in found if one.is_custom],
    }


def variable(one: Variable) -> Body:
    """A variable without its value."""
    return {
        **_made(one),
        "name": one.name,
        "environmentId": one.place.environment_id,
        "serviceId": one.place.service_id,
        "isSealed": False,
        "references": references(one.value),
    }


def project_token(one: Token) -> Body:
    """A project's token, without what must stay secret of it."""
    return {
        "id": one.id,
        "name": one.name,
        "displayToken": f"****-{one.token[-4:]}",  # guess: how much of it is shown
        "createdAt": time_text(one.created_s),
        "projectId": one.project_id,
        "environmentId": one.environment_id,
    }


def connection(nodes: Sequence[Body], args: Mapping[str, Any]) -> Body:
    """A page of a list, as `first`, `after`, `last` and `before` say; a cursor is the id of its node."""
    ids = [node["id"] for node in nodes]
    start = ids.index(args["after"]) + 1 if args.get("after") in ids else 0
    end = ids.index(args["before"]) if args.get("before") in ids else len(ids)
    first, last = args.get("first"), args.get("last")
    if first is not None:
        end = min(end, start + max(first, 0))
    if last is not None:
        start = max(start, end - max(last, 0))
    page = nodes[start:end]
    return {
        "edges": [{"cursor": node["id"], "node": node} for node in page],
        "pageInfo": {
            "hasNextPage": end < len(nodes),
            "hasPreviousPage": start > 0,
            "startCursor": page[0]["id"] if page else None,
            "endCursor": page[-1]["id"] if page else None,
        },
    }


def rate_headers(taken: Taken) -> dict[str, str]:
    """The headers on every answer (docs.railway.com/integrations/api: Rate limits)."""
    return {
        "X-RateLimit-Limit": str(taken.limit),
        "X-RateLimit-Remaining": str(taken.remaining),
        "X-RateLimit-Reset": time_text(taken.reset_s),  # guess: its form
    }


def error_body(error: ProviderError) -> Body:
    """The body of an error: GraphQL's, or that of an upload."""
    if "answer" in error.extra:
        return dict(error.extra["answer"])
    if error.extra.get("is_upload"):
        return {"message": error.message}
    return {"errors": [one_error(error)], "data": None}


def one_error(error: ProviderError) -> Body:
    """One entry of `errors`."""
    extensions = {"code": error.code or "INTERNAL_SERVER_ERROR", **error.extra}
    return {"message": error.message, "extensions": extensions}
