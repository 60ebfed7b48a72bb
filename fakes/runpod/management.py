"""What the management APIs do with endpoints, templates and workers, whatever version asks.

All of an account's rules are here: who sees what, what must exist, how many workers there may be, and that
staging never names what is production's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fakes.kit.kit import Kit
from fakes.runpod.errors import Words
from fakes.runpod.gpu import Gpu
from fakes.runpod.state import MODELS, PRODUCTION, PRODUCTION_KEY_PREFIX, Hosted, State
from fakes.runpod.state.keys import Access, Key
from fakes.runpod.wire.resources import Deployment, Listed, Scaling, Template
from fakes.runpod.wire.v1 import IN_PLACE

WORKERS_QUOTA = 30
"""Workers of all endpoints of an account together; one of the steps that an account's balance brings."""
_MODEL = re.compile(rf"(?<![a-z0-9])({'|'.join(MODELS)})(?:x|[0-9]+)?(?![a-z0-9])")


@dataclass(frozen=True, slots=True)
class Managed:
    """One endpoint with all that is known of it."""

    deployment: Deployment
    hosted: Hosted
    template: Template


class Management:
    """The account, as one version of the API shows it.

    Args:
        state: Where everything is.
        gpu: Is told of what changes.
        kit: Clock and ids.
        words: How that version refuses.
    """

    def __init__(self, state: State, gpu: Gpu, kit: Kit, words: Words) -> None:
        self._state = state
        self._gpu = gpu
        self._kit = kit
        self._words = words

    def key(self, given: str | None) -> Key:
        """Who asks.

        Raises:
            ProviderError: No such key.
        """
        held = self._state.keys.find(given) if given else None
        if held is None:
            is_production = given is not None and given.startswith(PRODUCTION_KEY_PREFIX)
            raise self._words.unauthorized("production API key used" if is_production else None)
        return held

    def endpoints(self, key: Key) -> list[Managed]:
        """The endpoints that a key may see, the oldest first."""
        return [
            self._managed(one.id)
            for one in self._state.deployments.of(key.namespace)
            if key.may(one.id, "read")
        ]

    def endpoint(self, key: Key, endpoint: str, access: Access = "read") -> Managed:
        """One endpoint.

        Raises:
            ProviderError: None of this id for this key, or the key may not do this with it.
        """
        hosted = self._state.endpoints.find(endpoint)
        if hosted is None or hosted.namespace != key.namespace:
            raise self._words.not_found("endpoint", _reached("endpoint", endpoint, key, hosted is not None))
        if not key.may(endpoint, access):
            raise self._words.forbidden()
        return self._managed(endpoint)

    def create_endpoint(self, key: Key, about: Mapping[str, Any], scaling: Mapping[str, Any]) -> Managed:
        """Add an endpoint that takes jobs from now on.

        Raises:
            ProviderError: It names what there is not, or asks for too many workers.
        """
        self._check_write(key)
        template = self._usable(key, "create endpoint", about["template_id"])
        endpoint = self._state.endpoints.new_id(key.namespace, self._kit.ids)
        named: dict[str, Any] = {"name": template.name, "created_s": self._kit.clock.now()}
        deployment = Deployment(id=endpoint, **(named | dict(about)))
        scaled = replace(Scaling(), **scaling)
        self._check(key, "create endpoint", deployment, scaled, was=0)
        with self._kit.store.transaction():
            self._state.endpoints.add(Hosted(endpoint, key.namespace, model_of(template), False, scaled))
            self._state.deployments.put(deployment, key.namespace)
        self._gpu.kick()
        return self._managed(endpoint)

    def change_endpoint(
        self, key: Key, endpoint: str, about: Mapping[str, Any], scaling: Mapping[str, Any]
    ) -> Managed:
        """Change an endpoint; another template is a release, which its workers follow.

        Raises:
            ProviderError: No such endpoint, or as in `create_endpoint`.
        """
        found = self.endpoint(key, endpoint, "write")
        deployment = replace(found.deployment, **about)
        is_release = deployment.template_id != found.deployment.template_id
        template = found.template
        if is_release:
            template = self._usable(key, "update endpoint", deployment.template_id)
            deployment = replace(deployment, version=deployment.version + 1)
        scaled = replace(found.hosted.scaling, **scaling)
        self._check(key, "update endpoint", deployment, scaled, was=found.hosted.scaling.workers_max)
        with self._kit.store.transaction():
            self._state.deployments.put(deployment, key.namespace)
            self._state.endpoints.scale(endpoint, scaled)
            self._state.endpoints.serve(endpoint, model_of(template))
        if is_release:
            self._gpu.release(endpoint)
        self._gpu.kick()
        return self._managed(endpoint)

    def delete_endpoint(self, key: Key, endpoint: str) -> None:
        """Remove an endpoint with its workers and jobs.

        Raises:
            ProviderError: No such endpoint.
        """
        self.endpoint(key, endpoint, "write")
        self._state.deployments.remove(endpoint)
        self._gpu.remove(endpoint)

    def workers(self, key: Key, endpoint: str) -> tuple[Managed, list[Listed]]:
        """An endpoint and its workers on the GPU.

        Raises:
            ProviderError: No such endpoint.
        """
        return self.endpoint(key, endpoint), self._gpu.fleet.listed(endpoint)

    def templates(self, key: Key, *, with_bound: bool) -> list[Template]:
        """The templates of a key's account, by name; those bound to endpoints only on request."""
        self._check_read(key)
        return [
            template
            for template in self._state.templates.of(key.namespace)
            if with_bound or not self._state.deployments.bound_to(template.id)
        ]

    def template(self, key: Key, template_id: str) -> Template:
        """One template.

        Raises:
            ProviderError: None of this id for this key.
        """
        self._check_read(key)
        found = self._state.templates.find(template_id)
        if found is None or found.namespace != key.namespace:
            raise self._words.not_found("template", _reached("template", template_id, key, found is not None))
        return found

    def create_template(self, key: Key, about: Mapping[str, Any]) -> Template:
        """Add a template.

        Raises:
            ProviderError: Its name is taken, or it names what is production's.
        """
        self._check_write(key)
        template_id = self._state.templates.new_id(self._kit.ids)
        template = Template(id=template_id, namespace=key.namespace, **about)
        self._check_template(key, "create template", template)
        self._state.templates.put(template)
        return template

    def change_template(self, key: Key, template_id: str, about: Mapping[str, Any]) -> Template:
        """Change a template; what workers are started with is a release of the endpoints bound to it.

        Raises:
            ProviderError: No such template, or as in `create_template`.
        """
        former = self.template(key, template_id)
        self._check_write(key)
        template = replace(former, **about)
        self._check_template(key, "update template", template)
        self._state.templates.put(template)
        if any(name not in IN_PLACE for name in about) and template != former:
            for deployment in self._state.deployments.bound_to(template_id):
                released = replace(deployment, version=deployment.version + 1)
                self._state.deployments.put(released, key.namespace)
                self._state.endpoints.serve(deployment.id, model_of(template))
                self._gpu.release(deployment.id)
            self._gpu.kick()
        return template

    def delete_template(self, key: Key, template_id: str) -> None:
        """Remove a template.

        Raises:
            ProviderError: No such template, or endpoints are bound to it.
        """
        self.template(key, template_id)
        self._check_write(key)
        if self._state.deployments.bound_to(template_id):
            # guess: the wording; that it must not be in use is documented (docs.runpod.io/sdks/graphql)
            raise self._words.refused("delete template", "Template is in use by an endpoint")
        self._state.templates.remove(template_id)

    def _managed(self, endpoint: str) -> Managed:
        deployment = self._state.deployments.get(endpoint)
        hosted = self._state.endpoints.find(endpoint)
        template = self._state.templates.find(deployment.template_id)
        assert hosted is not None
        assert template is not None
        return Managed(deployment, hosted, template)

    def _check_read(self, key: Key) -> None:
        if not key.may("", "read"):
            raise self._words.forbidden()

    def _check_write(self, key: Key) -> None:
        if not key.may("", "write"):
            raise self._words.forbidden()

    def _usable(self, key: Key, operation: str, template_id: str) -> Template:
        """The template that an endpoint shall be bound to."""
        found = self._state.templates.find(template_id)
        if found is None or found.namespace != key.namespace:
            reached = _reached("template", template_id, key, found is not None)
            raise self._words.missing(operation, "template", reached)
        if not found.is_serverless:
            # guess: version 2 says that it must be one (422); the wording is not published
            raise self._words.refused(operation, f"template '{template_id}' is not a serverless template")
        return found

    def _check(self, key: Key, operation: str, deployment: Deployment, scaling: Scaling, *, was: int) -> None:
        """Refuse an endpoint that there cannot be; `was` is how many workers it might have before."""
        for volume in deployment.volume_ids:
            found = self._state.volumes.find(volume)
            if found is None or found.namespace != key.namespace:
                reached = _reached("network volume", volume, key, found is not None)
                raise self._words.missing(operation, "network volume", reached)
        if scaling.workers_min > scaling.workers_max:
            # guess: refused; the wording is not published
            raise self._words.refused(operation, "Min workers must not exceed max workers.")
        left = WORKERS_QUOTA - (self._state.endpoints.workers_max(key.namespace) - was)
        if scaling.workers_max > left:
            raise self._words.refused(
                operation,
                f"Max workers across all endpoints must not exceed your workers quota ({WORKERS_QUOTA})."
                " Reduce the max workers for other endpoints or lower the max worker count for this endpoint"
                f" to at most {left}.",
            )

    def _check_template(self, key: Key, operation: str, template: Template) -> None:
        """Refuse a template whose name is taken, or that would bring workers to what is production's."""
        named = self._state.templates.named(key.namespace, template.name)
        if named is not None and named.id != template.id:
            # guess: that names are unique is documented, the wording is not
            raise self._words.refused(operation, "Template name must be unique.")
        named_by = {
            "imageName": template.image,
            "containerRegistryAuthId": template.registry_auth_id or "",
            **template.env,
        }
        reached = None if key.namespace == PRODUCTION else production_in(named_by)
        if reached is not None:
            raise self._words.forbidden(f"production {reached} named with a {key.namespace} key")


def production_in(values: Mapping[str, str]) -> str | None:
    """What of production's these name (a key, a namespace, a resource, a path), or None."""
    for name, value in values.items():
        if value.startswith(PRODUCTION_KEY_PREFIX):
            return f"API key in {name}"
        if "NAMESPACE" in name.upper() and value.startswith(PRODUCTION):
            return f"namespace '{value}' in {name}"
        if value.startswith(f"{PRODUCTION}-"):
            return f"resource '{value}' in {name}"
        if "/" in value and PRODUCTION in value.split("/"):
            return f"path '{value}' in {name}"
    return None


def model_of(template: Template) -> str | None:
    """The built-in model for what a template runs: its image says which, or else its environment."""
    image = template.image.lower().rpartition("/")[2]
    for text in (image, template.image.lower(), *(value.lower() for value in template.env.values())):
        if (found := _MODEL.search(text)) is not None:
            return found[1]
    return None


def _reached(kind: str, named: str, key: Key, is_known: bool) -> str | None:
    """The violation, if what a key cannot see is production's."""
    is_production = key.namespace != PRODUCTION and (is_known or named.startswith(PRODUCTION))
    return f"production {kind} '{named}' named with a {key.namespace} key" if is_production else None
