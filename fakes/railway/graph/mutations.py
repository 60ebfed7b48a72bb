"""Fields of the type Mutation."""

from collections.abc import Mapping
from typing import Any

from fakes.railway import errors, wire
from fakes.railway.call import Call
from fakes.railway.graph.nodes import Args, Field, deployment_body, project_body
from fakes.railway.state.projects import Environment, Instance, Service
from fakes.railway.state.variables import Place
from fakes.railway.wire import Body


def _deploy(call: Call, args: Args) -> str:
    instance = call.instance(args["serviceId"], args["environmentId"])
    latest = bool(args.get("latestCommit"))
    return call.state.dispatch.deploy(instance, args.get("commitSha"), latest=latest).id


def _deploy_v1(call: Call, _of: Body, args: Args) -> bool:
    return bool(_deploy(call, args))


def _deploy_v2(call: Call, _of: Body, args: Args) -> str:
    return _deploy(call, args)


def _redeploy_instance(call: Call, _of: Body, args: Args) -> bool:
    last = call.state.dispatch.last(call.instance(args["serviceId"], args["environmentId"]))
    if last is None:
        raise errors.not_found("Deployment")
    call.state.dispatch.redeploy(last)
    return True


def _redeploy(call: Call, _of: Body, args: Args) -> Body:
    uses_image = bool(args.get("usePreviousImageTag"))
    made = call.state.dispatch.redeploy(call.deployment(args["id"]), uses_image=uses_image)
    return deployment_body(call, made)


def _roll_back(call: Call, _of: Body, args: Args) -> bool:
    call.state.dispatch.roll_back(call.deployment(args["id"]))
    return True


def _restart(call: Call, _of: Body, args: Args) -> bool:
    call.state.deployments.restart(call.deployment(args["id"]))
    return True


def _cancel(call: Call, _of: Body, args: Args) -> bool:
    call.state.deployments.cancel(call.deployment(args["id"]))
    return True


def _stop(call: Call, _of: Body, args: Args) -> bool:
    call.state.deployments.stop(call.deployment(args["id"]))
    return True


def _remove(call: Call, _of: Body, args: Args) -> bool:
    call.state.deployments.remove(call.deployment(args["id"]))
    return True


def _approve(call: Call, _of: Body, args: Args) -> bool:
    call.state.deployments.approve(call.deployment(args["id"]))
    return True


def _deploy_triggers(call: Call, _of: Body, args: Args) -> bool:
    given = args["input"]
    call.state.dispatch.triggered(call.instance(given["serviceId"], given["environmentId"]))
    return True


def _create_project(call: Call, _of: Body, args: Args) -> Body:
    given = args["input"]
    workspace = call.workspace(given.get("workspaceId"))
    made = call.state.projects.new(workspace.id, given)
    repo = given.get("repo")
    if repo is not None:
        name = repo["fullRepoName"].partition("/")[2] or repo["fullRepoName"]
        service = call.state.projects.add_service(made.id, name)
        config = {"source": {"repo": repo["fullRepoName"]}, "branch": repo["branch"]}
        instance = call.state.projects.add_instance(service.id, made.base_environment_id or "", config)
        call.state.dispatch.deploy(instance, latest=True)
    return project_body(call, made)


def _update_project(call: Call, _of: Body, args: Args) -> Body:
    project = call.project(args["id"], whole=True)
    call.state.projects.update(project.id, args["input"])
    return project_body(call, call.project(project.id))


def _delete_project(call: Call, _of: Body, args: Args) -> bool:
    project = call.project(args["id"], whole=True)
    for environment in call.state.projects.environments(project.id):
        call.state.delete_within("environment_id", environment.id)
    call.state.delete_within("project_id", project.id)
    call.state.projects.remove(project.id)
    return True


def _create_token(call: Call, _of: Body, args: Args) -> str:
    given = args["input"]
    project = call.project(given["projectId"], whole=True)
    environment = _environment_of(call, given["environmentId"], project.id)
    return call.state.tokens.new_for(project.id, environment.id, given["name"])


def _delete_token(call: Call, _of: Body, args: Args) -> bool:
    token = call.state.tokens.by_id(args["id"])
    if token is None:
        raise errors.not_found("ProjectToken")
    call.project(token.project_id, whole=True)
    call.state.tokens.delete(token.id)
    return True


def _create_environment(call: Call, _of: Body, args: Args) -> Body:
    given = args["input"]
    project = call.project(given["projectId"], whole=True)
    source_id = given.get("sourceEnvironmentId")
    source = _environment_of(call, source_id, project.id) if source_id is not None else None
    made = call.state.projects.add_environment(
        project.id, given["name"], source=source, is_ephemeral=bool(given.get("ephemeral"))
    )
    for variable in call.state.variables.in_environment(source.id) if source else ():
        place = Place(project.id, made.id, variable.place.service_id)
        call.state.variables.put(place, {variable.name: variable.value})
    if source and not given.get("skipInitialDeploys") and not given.get("stageInitialChanges"):
        for instance in call.state.projects.instances_in(made.id):
            call.state.dispatch.deploy(instance, latest=True)
    return wire.environment(made)


def _rename_environment(call: Call, _of: Body, args: Args) -> Body:
    environment = call.environment(args["id"])
    call.project(environment.project_id, whole=True)
    call.state.projects.rename_environment(environment.id, args["input"]["name"])
    return wire.environment(call.environment(environment.id))


def _delete_environment(call: Call, _of: Body, args: Args) -> bool:
    environment = call.environment(args["id"])
    call.project(environment.project_id, whole=True)
    call.state.delete_within("environment_id", environment.id)
    call.state.projects.remove_environment(environment.id)
    return True


def _create_service(call: Call, _of: Body, args: Args) -> Body:
    given = args["input"]
    environment_id = given.get("environmentId")
    project = call.project(given["projectId"], whole=environment_id is None)
    if environment_id is not None:
        environments = [_environment_of(call, environment_id, project.id)]
    else:
        found = call.state.projects.environments(project.id)
        environments = [one for one in found if one.source_id is None]
    source = given.get("source") or {}
    name = given.get("name") or _name_after(source)
    service = call.state.projects.add_service(project.id, name, given.get("icon"))
    config: dict[str, Any] = {"source": source} if source else {}
    if source.get("repo"):
        config["branch"] = given.get("branch") or "main"
    for environment in environments:
        place = Place(project.id, environment.id, service.id)
        call.state.variables.put(place, _texts(given.get("variables") or {}))
        instance = call.state.projects.add_instance(service.id, environment.id, config)
        if source:
            call.state.dispatch.deploy(instance, latest=True)
    return wire.service(service)


def _name_after(source: Mapping[str, Any]) -> str:
    """What a service is called that nobody named: its repository or image."""
    whole = source.get("repo") or source.get("image") or "service"
    return str(whole).rpartition("/")[2].partition(":")[0]


def _update_service(call: Call, _of: Body, args: Args) -> Body:
    service = call.service(args["id"], whole=True)
    call.state.projects.update_service(service.id, args["input"])
    return wire.service(call.service(service.id))


def _delete_service(call: Call, _of: Body, args: Args) -> bool:
    environment_id = args.get("environmentId")
    if environment_id is not None:
        instance = call.instance(args["id"], environment_id)
        call.state.projects.remove_instance(instance.id)
        return True
    service = call.service(args["id"], whole=True)
    call.state.delete_within("service_id", service.id)
    call.state.projects.remove_service(service.id)
    return True


def _connect(call: Call, _of: Body, args: Args) -> Body:
    given = args["input"]
    source = {name: given[name] for name in ("repo", "image") if given.get(name)}
    service = call.service(args["id"], whole=True)
    for instance in call.state.projects.instances_of(service.id):
        branch = (given.get("branch") or "main") if "repo" in source else None
        call.state.projects.configure(instance, {"source": source, "branch": branch})
        call.state.dispatch.deploy(_again(call, instance), latest=True)
    return wire.service(service)


def _disconnect(call: Call, _of: Body, args: Args) -> Body:
    service = call.service(args["id"], whole=True)
    for instance in call.state.projects.instances_of(service.id):
        call.state.projects.configure(instance, {"source": None, "branch": None})
    return wire.service(service)


def _update_instance(call: Call, _of: Body, args: Args) -> bool:
    given = {name: value for name, value in args["input"].items() if name != "registryCredentials"}
    environment_id = args.get("environmentId")
    if environment_id is not None:
        instances = [call.instance(args["serviceId"], environment_id)]
    else:
        instances = call.state.projects.instances_of(call.service(args["serviceId"], whole=True).id)
    for instance in instances:
        call.state.projects.configure(instance, given)
    return True


def _give_domain(call: Call, _of: Body, args: Args) -> Body:
    given = args["input"]
    service, environment = _addressed(call, given)
    return wire.domain(call.state.domains.give(service, environment, given.get("targetPort")))


def _update_domain(call: Call, _of: Body, args: Args) -> bool:
    given = args["input"]
    address = call.domain(given["serviceDomainId"], is_custom=False)
    call.state.domains.rename(address, given["domain"], given.get("targetPort"))
    return True


def _add_custom_domain(call: Call, _of: Body, args: Args) -> Body:
    given = args["input"]
    service, environment = _addressed(call, given)
    made = call.state.domains.add_custom(service, environment, given["domain"], given.get("targetPort"))
    return wire.domain(made)


def _update_custom_domain(call: Call, _of: Body, args: Args) -> bool:
    address = call.domain(args["id"], is_custom=True)
    call.state.domains.rename(address, address.domain, args.get("targetPort"))
    return True


def _delete_domain(is_custom: bool) -> Field:
    def delete(call: Call, _of: Body, args: Args) -> bool:
        call.state.domains.delete(call.domain(args["id"], is_custom=is_custom).id)
        return True

    return delete


def _upsert_variable(call: Call, _of: Body, args: Args) -> bool:
    given = args["input"]
    return _set_variables(call, given, {given["name"]: given["value"]}, replaces=False)


def _upsert_variables(call: Call, _of: Body, args: Args) -> bool:
    given = args["input"]
    return _set_variables(call, given, _texts(given["variables"]), replaces=bool(given.get("replace")))


def _texts(given: Any) -> dict[str, str]:
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise errors.refused("Variables must be an object of strings")  # guess: wording
    return given


def _set_variables(call: Call, given: Args, values: Mapping[str, str], *, replaces: bool) -> bool:
    call.state.variables.conceal(values)
    place = _place(call, given)
    call.state.variables.put(place, values, replaces=replaces)
    if not given.get("skipDeploys"):
        _deploy_affected(call, place, values)
    return True


def _delete_variable(call: Call, _of: Body, args: Args) -> bool:
    given = args["input"]
    place = _place(call, given)
    call.state.variables.delete(place, given["name"])
    _deploy_affected(call, place, {given["name"]: None})
    return True


def _deploy_affected(call: Call, place: Place, names: Mapping[str, Any]) -> None:
    if place.service_id is not None:
        affected = {place.service_id}
    else:
        affected = call.state.variables.users_of_shared(place.environment_id, names)
    call.state.dispatch.changed(place.environment_id, affected)


def _place(call: Call, given: Args) -> Place:
    """Where variables are set; the caller reaches it."""
    project = call.project(given["projectId"])
    environment = _environment_of(call, given["environmentId"], project.id)
    service_id = given.get("serviceId")
    if service_id is not None:
        call.instance(service_id, environment.id)
    return Place(project.id, environment.id, service_id)


def _environment_of(call: Call, environment_id: str, project_id: str) -> Environment:
    found = call.environment(environment_id)
    if found.project_id != project_id:
        raise errors.not_found("Environment")
    return found


def _addressed(call: Call, given: Args) -> tuple[Service, Environment]:
    call.instance(given["serviceId"], given["environmentId"])
    return call.service(given["serviceId"]), call.environment(given["environmentId"])


def _again(call: Call, instance: Instance) -> Instance:
    return call.instance(instance.service_id, instance.environment_id)


MUTATIONS: Mapping[str, Field] = {
    "customDomainCreate": _add_custom_domain,
    "customDomainDelete": _delete_domain(True),
    "customDomainUpdate": _update_custom_domain,
    "deploymentApprove": _approve,
    "deploymentCancel": _cancel,
    "deploymentRedeploy": _redeploy,
    "deploymentRemove": _remove,
    "deploymentRestart": _restart,
    "deploymentRollback": _roll_back,
    "deploymentStop": _stop,
    "environmentCreate": _create_environment,
    "environmentDelete": _delete_environment,
    "environmentRename": _rename_environment,
    "environmentTriggersDeploy": _deploy_triggers,
    "projectCreate": _create_project,
    "projectDelete": _delete_project,
    "projectTokenCreate": _create_token,
    "projectTokenDelete": _delete_token,
    "projectUpdate": _update_project,
    "serviceConnect": _connect,
    "serviceCreate": _create_service,
    "serviceDelete": _delete_service,
    "serviceDisconnect": _disconnect,
    "serviceDomainCreate": _give_domain,
    "serviceDomainDelete": _delete_domain(False),
    "serviceDomainUpdate": _update_domain,
    "serviceInstanceDeploy": _deploy_v1,
    "serviceInstanceDeployV2": _deploy_v2,
    "serviceInstanceRedeploy": _redeploy_instance,
    "serviceInstanceUpdate": _update_instance,
    "serviceUpdate": _update_service,
    "variableCollectionUpsert": _upsert_variables,
    "variableDelete": _delete_variable,
    "variableUpsert": _upsert_variable,
}
