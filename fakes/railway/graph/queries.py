"""Fields of the type Query."""

from collections.abc import Iterable, Mapping
from typing import Any

from fakes.kit.clock import unix_s
from fakes.railway import errors, wire
from fakes.railway.call import Call
from fakes.railway.graph.nodes import (
    Args,
    Field,
    deployment_body,
    deployments_page,
    environments_page,
    instance_body,
    project_body,
    triggers_page,
)
from fakes.railway.state.domains import SUFFIX
from fakes.railway.state.lifecycle import STATUSES
from fakes.railway.state.logs import Written, matching
from fakes.railway.state.variables import Place
from fakes.railway.wire import Body

_LINES = 500


def _me(call: Call, _of: Body, _args: Args) -> Body:
    return wire.user(call.user())


def _api_token(call: Call, _of: Body, _args: Args) -> Body:
    found = call.workspace()
    return {"workspaces": [{"id": found.id, "name": found.name}]}


def _workspace(call: Call, _of: Body, args: Args) -> Body:
    return wire.workspace(call.workspace(args["workspaceId"]))


def _project_token(call: Call, _of: Body, _args: Args) -> Body:
    return wire.project_token(call.project_token())


def _project_tokens(call: Call, _of: Body, args: Args) -> Body:
    project = call.project(args["projectId"], whole=True)
    found = call.state.tokens.of_project(project.id)
    return wire.connection([wire.project_token(one) for one in found], args)


def _projects(call: Call, _of: Body, args: Args) -> Body:
    found = call.state.projects.of_workspace(call.workspace(args.get("workspaceId")).id)
    return wire.connection([project_body(call, one) for one in found], args)


def _project(call: Call, _of: Body, args: Args) -> Body:
    return project_body(call, call.project(args["id"]))


def _environments(call: Call, _of: Body, args: Args) -> Body:
    return environments_page(call, call.project(args["projectId"]).id, args)


def _environment(call: Call, _of: Body, args: Args) -> Body:
    return wire.environment(call.environment(args["id"]))


def _service(call: Call, _of: Body, args: Args) -> Body:
    return wire.service(call.service(args["id"]))


def _service_instance(call: Call, _of: Body, args: Args) -> Body:
    return instance_body(call, call.instance(args["serviceId"], args["environmentId"]))


def _deployment(call: Call, _of: Body, args: Args) -> Body:
    return deployment_body(call, call.deployment(args["id"]))


def _deployments(call: Call, _of: Body, args: Args) -> Body:
    given = args["input"]
    within = dict[str, str]()
    if given.get("projectId") is not None:
        within["project_id"] = call.project(given["projectId"]).id
    if given.get("environmentId") is not None:
        within["environment_id"] = call.environment(given["environmentId"]).id
    if given.get("serviceId") is not None:
        within["service_id"] = call.service(given["serviceId"]).id
    if not within:
        raise errors.refused("Problem processing request")  # guess: what it says without any of them
    if call.who.environment_id is not None:
        within["environment_id"] = call.who.environment_id
    return deployments_page(call, within, args, _statuses(given.get("status")))


def _statuses(given: Mapping[str, Any] | None) -> list[str] | None:
    if not given:
        return None
    wanted = STATUSES if given.get("in") is None else given["in"]
    return [one for one in wanted if one not in (given.get("notIn") or ())]


def _deployment_events(call: Call, _of: Body, args: Args) -> Body:
    found = call.state.deployments.events(call.deployment(args["id"]).id)
    return wire.connection([wire.event(one) for one in found], args)


def _deployment_snapshot(call: Call, _of: Body, args: Args) -> Body:
    return wire.snapshot(call.deployment(args["deploymentId"]))


def _deployment_triggers(call: Call, _of: Body, args: Args) -> Body:
    instance = call.instance(args["serviceId"], args["environmentId"])
    return triggers_page(call, args["projectId"], [instance], args)


def _logs_of(stage: str) -> Field:
    def found(call: Call, _of: Body, args: Args) -> list[Body]:
        deployment = call.deployment(args["deploymentId"])
        lines = _picked(call, call.state.logs.of_deployment(deployment.id, stage), args.get("filter"))
        lines = _between(lines, args.get("startDate"), args.get("endDate"))
        limit = max(_LINES if args.get("limit") is None else args["limit"], 0)
        return [wire.log(one, deployment.project_id) for one in lines[max(len(lines) - limit, 0) :]]

    return found


def _environment_logs(call: Call, _of: Body, args: Args) -> list[Body]:
    environment = call.environment(args["environmentId"])
    lines = _picked(call, call.state.logs.of_environment(environment.id), args.get("filter"))
    anchor = args.get("anchorDate")
    if anchor is None:
        # guess: without an anchor they bound the lines, the earlier date first
        lines = _between(lines, args.get("beforeDate"), args.get("afterDate"))
        limit = max(_LINES if args.get("beforeLimit") is None else args["beforeLimit"], 0)
        return [wire.log(one, environment.project_id) for one in lines[max(len(lines) - limit, 0) :]]
    at_s = _time(anchor)
    before = [one for one in lines if one.at_s <= at_s]
    after = [one for one in lines if one.at_s > at_s]
    before_limit = max(args.get("beforeLimit") or 0, 0)
    kept = (
        before[len(before) - min(before_limit, len(before)) :] + after[: max(args.get("afterLimit") or 0, 0)]
    )
    return [wire.log(one, environment.project_id) for one in kept]


def _picked(call: Call, lines: Iterable[Written], text: str | None) -> list[Written]:
    if not text:
        return list(lines)
    lines = list(lines)
    ids = {line.service_id for line in lines}
    services = {one: call.state.projects.service(one) for one in ids}
    names = {one: service.name for one, service in services.items() if service is not None}
    fits = matching(text, names)
    return [line for line in lines if fits(line)]


def _between(lines: list[Written], start: str | None, end: str | None) -> list[Written]:
    start_s = _time(start) if start else float("-inf")
    end_s = _time(end) if end else float("inf")
    return [line for line in lines if start_s <= line.at_s <= end_s]


def _time(text: str) -> float:
    try:
        return unix_s(text)
    except ValueError as error:
        raise errors.refused(f"Invalid date: {text}") from error  # guess: wording


def _domains(call: Call, _of: Body, args: Args) -> Body:
    instance = call.instance(args["serviceId"], args["environmentId"])
    return wire.all_domains(call.state.domains.of(instance.service_id, instance.environment_id))


def _custom_domain(call: Call, _of: Body, args: Args) -> Body:
    return wire.domain(call.domain(args["id"], is_custom=True))


def _is_available(call: Call, _of: Body, args: Args) -> Body:
    if call.who.kind == "nobody":
        raise errors.not_authorized()
    is_free = call.state.domains.is_free(args["domain"])
    return {"available": is_free, "message": "Domain is available" if is_free else "Domain is not available"}


def _service_domain_available(call: Call, of: Body, args: Args) -> Body:
    name = args["domain"]
    whole = name if name.endswith(f".{SUFFIX}") else f"{name}.{SUFFIX}"
    return _is_available(call, of, {"domain": whole})


def _variables(call: Call, _of: Body, args: Args) -> dict[str, str]:
    project, environment = call.project(args["projectId"]), call.environment(args["environmentId"])
    service = call.service(args["serviceId"]) if args.get("serviceId") is not None else None
    if args.get("unrendered"):
        return call.state.variables.raw(Place(project.id, environment.id, service.id if service else None))
    return call.state.variables.seen(project, environment, service)


QUERIES: Mapping[str, Field] = {
    "apiToken": _api_token,
    "buildLogs": _logs_of("build"),
    "customDomain": _custom_domain,
    "customDomainAvailable": _is_available,
    "deployment": _deployment,
    "deploymentEvents": _deployment_events,
    "deploymentLogs": _logs_of("deploy"),
    "deploymentSnapshot": _deployment_snapshot,
    "deploymentTriggers": _deployment_triggers,
    "deployments": _deployments,
    "domains": _domains,
    "environment": _environment,
    "environmentLogs": _environment_logs,
    "environments": _environments,
    "me": _me,
    "project": _project,
    "projectToken": _project_token,
    "projectTokens": _project_tokens,
    "projects": _projects,
    "service": _service,
    "serviceDomainAvailable": _service_domain_available,
    "serviceInstance": _service_instance,
    "variables": _variables,
    "variablesForServiceDeployment": _variables,
    "workspace": _workspace,
}
