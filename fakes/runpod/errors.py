"""What RunPod answers when it refuses: `{"error": text}`. Few texts are published; clients go by status."""

from typing import Protocol

from fakes.kit.errors import ProviderError


def unauthorized(*, violation: str | None = None) -> ProviderError:
    """The key is missing or not known, or may not do this (401).

    Source: docs.runpod.io/serverless/endpoints/send-requests (401: "your API key is correct and has
    permission"); the text is that of the tests of github.com/runpod/runpodctl.
    """
    return ProviderError(401, "unauthorized", violation=violation)


def endpoint_not_found(*, violation: str | None = None) -> ProviderError:
    """This key has no endpoint of this id. Source: the tests of github.com/runpod/runpodctl."""
    return ProviderError(404, "endpoint not found", violation=violation)


def job_not_found(*, violation: str | None = None) -> ProviderError:
    """No job has this id on this endpoint, or its result is no longer kept."""
    # guess: the text follows that of an endpoint
    return ProviderError(404, "job not found", violation=violation)


def invalid_json(limit_bytes: int) -> ProviderError:
    """The body is longer than the route takes, or no JSON.

    Source: the text is recorded in github.com/runpod/runpod-python/issues/27 (with another limit); the status
    is that of results which are too large, github.com/runpod-workers/worker-comfyui/issues/129.
    """
    return ProviderError(400, f"json is invalid; max size is {limit_bytes // 1_000_000} MB")


def bad_body(reason: str) -> ProviderError:
    """The request cannot be read as a job."""
    # guess: 400 is documented, the texts are not
    return ProviderError(400, f"bad request: {reason}")


def too_many_requests(limit: int, window_s: float) -> ProviderError:
    """An operation of an endpoint was asked for too often (docs.runpod.io, send-requests, rate limits)."""
    # guess: 429 is documented, the text is not; nothing is known of a Retry-After
    return ProviderError(429, f"rate limit exceeded: {limit} requests in {window_s:.0f} seconds")


def too_many_at_once(limit: int) -> ProviderError:
    """Too many requests for an operation of an endpoint are under way."""
    # guess: as above
    return ProviderError(429, f"rate limit exceeded: {limit} concurrent requests")


def queue_full(limit: int) -> ProviderError:
    """More jobs wait at an endpoint than its workers can be expected to do."""
    # guess: as above
    return ProviderError(429, f"queue limit exceeded: {limit} jobs")


def not_yours(field: str, named: str, namespace: str) -> ProviderError:
    """The input names what is another namespace's. The service has no such rule: this is the fake's own."""
    what = f"{field:.100} '{named:.200}'"
    return ProviderError(
        403,
        f"forbidden: this key has no access to {what}",
        violation=f"{what} named with a {namespace} key",
    )


def not_retryable(status: str) -> ProviderError:
    """Only a job that failed or timed out can be retried (docs.runpod.io, send-requests, retry)."""
    # guess: neither status nor text is published
    return ProviderError(
        400, f"bad request: the job is {status}; only FAILED and TIMED_OUT jobs can be retried"
    )


def worker_elsewhere(worker_id: str) -> ProviderError:
    """A worker of this id is not this one: two handlers were given the same `RUNPOD_POD_ID`.

    Whose the other one is, is not said: its endpoint may be another namespace's.
    """
    # guess: cannot happen there; after 429 the worker library waits before it asks again
    return ProviderError(429, f"there is another worker of the id '{worker_id}'")


def too_many_workers(limit: int) -> ProviderError:
    """So many workers are attached that no other one is let in. The limit is the fake's own."""
    # guess: as above
    return ProviderError(429, f"too many attached workers: the limit is {limit}")


class Words(Protocol):
    """How one version of the management API refuses."""

    def unauthorized(self, violation: str | None) -> ProviderError:
        """The key is missing or not known."""
        ...

    def forbidden(self, violation: str | None = None) -> ProviderError:
        """The key may not do this."""
        ...

    def not_found(self, kind: str, violation: str | None) -> ProviderError:
        """This key has no endpoint or template of the id in the path."""
        ...

    def missing(self, operation: str, kind: str, violation: str | None) -> ProviderError:
        """The body names a template or a volume that this key has not."""
        ...

    def refused(self, operation: str, reason: str) -> ProviderError:
        """What the API behind both versions does not take."""
        ...


class V1Words:
    """Version 1: `{"error", "status"}`.

    What the API behind it refuses comes as 500 with the way that it took. Source: answers captured from the
    service, such as `create endpoint: create endpoint: graphql: Max workers across all endpoints must not
    exceed your workers quota (5). ...`.
    """

    # guess: all other texts

    def unauthorized(self, violation: str | None) -> ProviderError:
        """401."""
        return v1_refused(401, "unauthorized", violation=violation)

    def forbidden(self, violation: str | None = None) -> ProviderError:
        """403."""
        return v1_refused(403, "forbidden", violation=violation)

    def not_found(self, kind: str, violation: str | None) -> ProviderError:
        """404."""
        return v1_refused(404, f"{kind} not found", violation=violation)

    def missing(self, operation: str, kind: str, violation: str | None) -> ProviderError:
        """500."""
        return v1_refused(500, f"{operation}: {operation}: graphql: {kind} not found", violation=violation)

    def refused(self, operation: str, reason: str) -> ProviderError:
        """500."""
        return v1_refused(500, f"{operation}: {operation}: graphql: {reason}")


class V2Words:
    """Version 2: problems as in RFC 9457. Source: api.runpod.io/v2/openapi.json, components.responses."""

    def unauthorized(self, violation: str | None) -> ProviderError:
        """401."""
        return _problem(401, "Unauthorized", "missing bearer token", violation)

    def forbidden(self, violation: str | None = None) -> ProviderError:
        """403."""
        return _problem(403, "Forbidden", "access denied", violation)

    def not_found(self, kind: str, violation: str | None) -> ProviderError:
        """404."""
        return _problem(404, "Not Found", "resource not found", violation)

    def missing(self, operation: str, kind: str, violation: str | None) -> ProviderError:
        """404."""
        return _problem(404, "Not Found", "resource not found", violation)

    def refused(self, operation: str, reason: str) -> ProviderError:
        """400."""
        return _problem(400, "Bad Request", reason)


def v1_refused(status: int, reason: str, *, violation: str | None = None) -> ProviderError:
    """A refusal of the management API, version 1."""
    return ProviderError(status, reason, extra={"status": status}, violation=violation)


def _problem(status: int, title: str, detail: str, violation: str | None = None) -> ProviderError:
    return ProviderError(status, detail, extra={"title": title}, violation=violation)
