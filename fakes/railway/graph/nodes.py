"""How types of the schema are filled: bodies of records, and fields that lead from one type to another."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fakes.railway import wire
from fakes.railway.call import Call
from fakes.railway.state.projects import Environment, Instance, Project
from fakes.railway.state.records import Deployment
from fakes.railway.wire import Body

Args = Mapping[str, Any]
Field = Callable[[Call, Body, Args], Any]
"""Answers a field: the call, the body of the type that the field is of, and the field's arguments."""


def project_body(call: Call, one: Project) -> Body:
    """A project."""
    workspace = call.state.projects.workspace(one.workspace_id)
    assert workspace is not None
    return wire.project(one, workspace.plan)


def instance_body(call: Call, one: Instance) -> Body:
    """A service in an environment."""
    service = call.state.projects.service(one.service_id)
    assert service is not None
    return wire.instance(one, service.name)


def deployment_body(call: Call, one: Deployment) -> Body:
    """A deployment."""
    address = call.state.domains.first(one.service_id, one.environment_id)
    return wire.deployment(
        one,
        can_redeploy=call.state.dispatch.can_redeploy(one),
        can_roll_back=call.state.dispatch.can_roll_back(one),
        domain=address.domain if address else None,
    )


def deployments_page(
    call: Call, within: Mapping[str, str], args: Args, statuses: Sequence[str] | None = None
) -> Body:
    """A page of the deployments within something; of the first page no more is read than it needs."""
    is_first = args.get("first") is not None and not any(args.get(one) for one in ("after", "before", "last"))
    most = max(args["first"], 0) + 1 if is_first else -1
    found = call.state.deployments.listed(within, statuses=statuses, most=most)
    return wire.connection([deployment_body(call, one) for one in found], args)


def environments_page(call: Call, project_id: str, args: Args) -> Body:
    """A page of a project's environments that the token reaches."""
    found: list[Environment] = [
        one for one in call.state.projects.environments(project_id) if call.reaches(one)
    ]
    wanted = args.get("isEphemeral")
    if wanted is not None:
        found = [one for one in found if one.is_ephemeral is wanted]
    if args.get("sort") == "desc":
        found.reverse()
    return wire.connection([wire.environment(one) for one in found], args)


def triggers_page(call: Call, project_id: str, instances: Iterable[Instance], args: Args) -> Body:
    """A page of what makes pushes deploy."""
    found = (wire.trigger(one, project_id) for one in instances)
    return wire.connection([one for one in found if one is not None], args)


def _within(call: Call, **ids: str) -> dict[str, str]:
    """Ids of what deployments belong to, with the token's environment where it has one."""
    own = call.who.environment_id
    return ids if own is None else {**ids, "environment_id": own}


def _project_deployments(call: Call, of: Body, args: Args) -> Body:
    return deployments_page(call, _within(call, project_id=of["id"]), args)


def _service_deployments(call: Call, of: Body, args: Args) -> Body:
    return deployments_page(call, _within(call, service_id=of["id"]), args)


def _environment_deployments(call: Call, of: Body, args: Args) -> Body:
    return deployments_page(call, {"environment_id": of["id"]}, args)


def _reached_instances(call: Call, service_id: str) -> list[Instance]:
    own = call.who.environment_id
    found = call.state.projects.instances_of(service_id)
    return [one for one in found if own in (None, one.environment_id)]


def _service_instances(call: Call, of: Body, args: Args) -> Body:
    return wire.connection([instance_body(call, one) for one in _reached_instances(call, of["id"])], args)


def _environment_instances(call: Call, of: Body, args: Args) -> Body:
    found = call.state.projects.instances_in(of["id"])
    return wire.connection([instance_body(call, one) for one in found], args)


def _environment_variables(call: Call, of: Body, args: Args) -> Body:
    found = call.state.variables.in_environment(of["id"])
    return wire.connection([wire.variable(one) for one in found], args)


def _latest_deployment(call: Call, of: Body, _args: Args) -> Body | None:
    instance = call.instance(of["serviceId"], of["environmentId"])
    last = call.state.dispatch.last(instance)
    return deployment_body(call, last) if last else None


def _active_deployments(call: Call, of: Body, _args: Args) -> list[Body]:
    instance = call.instance(of["serviceId"], of["environmentId"])
    return [deployment_body(call, one) for one in call.state.deployments.active(instance)]


def _domains(call: Call, of: Body, _args: Args) -> Body:
    return wire.all_domains(call.state.domains.of(of["serviceId"], of["environmentId"]))


def _workspace_projects(call: Call, of: Body, args: Args) -> Body:
    found = call.state.projects.of_workspace(of["id"])
    return wire.connection([project_body(call, one) for one in found], args)


def _services(call: Call, of: Body, args: Args) -> Body:
    found = call.state.projects.services(of["id"])
    return wire.connection([wire.service(one) for one in found], args)


def _to_project(call: Call, of: Body, _args: Args) -> Body:
    return project_body(call, call.project(of["projectId"]))


def _to_environment(call: Call, of: Body, _args: Args) -> Body:
    return wire.environment(call.environment(of["environmentId"]))


def _to_service(call: Call, of: Body, _args: Args) -> Body:
    return wire.service(call.service(of["serviceId"]))


def _optional_environment(name: str) -> Field:
    def found(call: Call, of: Body, _args: Args) -> Body | None:
        return wire.environment(call.environment(of[name])) if of[name] is not None else None

    return found


def _to_workspace(call: Call, of: Body, _args: Args) -> Body | None:
    if call.who.kind == "project":
        return None
    return wire.workspace(call.workspace(of["workspaceId"]))


def _service_triggers(call: Call, of: Body, args: Args) -> Body:
    return triggers_page(call, of["projectId"], _reached_instances(call, of["id"]), args)


def _environment_triggers(call: Call, of: Body, args: Args) -> Body:
    return triggers_page(call, of["projectId"], call.state.projects.instances_in(of["id"]), args)


def _own_workspaces(call: Call, _of: Body, _args: Args) -> list[Body]:
    return [wire.workspace(call.workspace())]


def _rate_limit(call: Call, _of: Body, _args: Args) -> Body:
    taken = call.state.left(call.who)
    return {"remainingPoints": taken.remaining, "resetsAt": wire.time_text(taken.reset_s)}


def _none(_call: Call, _of: Body, args: Args) -> Body:
    """There are no volumes and buckets: what would make them is not covered."""
    return wire.connection([], args)


NODES: Mapping[str, Mapping[str, Field]] = {
    "Workspace": {"projects": _workspace_projects, "apiTokenRateLimit": _rate_limit},
    "User": {"workspaces": _own_workspaces, "apiTokenRateLimit": _rate_limit},
    "Project": {
        "buckets": _none,
        "volumes": _none,
        "baseEnvironment": _optional_environment("baseEnvironmentId"),
        "deployments": _project_deployments,
        "environments": lambda call, of, args: environments_page(call, of["id"], args),
        "services": _services,
        "workspace": _to_workspace,
    },
    "ProjectToken": {"project": _to_project, "environment": _to_environment},
    "Environment": {
        "deployments": _environment_deployments,
        "deploymentTriggers": _environment_triggers,
        "serviceInstances": _environment_instances,
        "sourceEnvironment": _optional_environment("sourceId"),
        "variables": _environment_variables,
        "volumeInstances": _none,
    },
    "Service": {
        "deployments": _service_deployments,
        "project": _to_project,
        "repoTriggers": _service_triggers,
        "serviceInstances": _service_instances,
    },
    "ServiceInstance": {
        "activeDeployments": _active_deployments,
        "domains": _domains,
        "latestDeployment": _latest_deployment,
        "service": _to_service,
    },
    "Deployment": {"environment": _to_environment, "service": _to_service},
    "Variable": {"environment": _to_environment},
}
"""Fields that are no part of a type's body, by type."""
