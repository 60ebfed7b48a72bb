"""What RunPod answers when it refuses. Bodies are not documented; clients use the status only."""

from fakes.kit.errors import ProviderError


def unauthorized(*, violation: str | None = None) -> ProviderError:
    """The key is missing or not known (401; the Python client shows a text of its own)."""
    return ProviderError(401, "unauthorized: the API key is missing or not valid", violation=violation)


def endpoint_not_found(endpoint: str, *, violation: str | None = None) -> ProviderError:
    """This key has no endpoint of this id."""
    return ProviderError(404, f"endpoint '{endpoint}' not found", violation=violation)


def forbidden(endpoint: str) -> ProviderError:
    """The key is known, but not allowed to do this on the endpoint."""
    # guess: not documented; 403 is what the management API answers
    return ProviderError(403, f"forbidden: this key may not do this on endpoint '{endpoint}'")


def job_not_found(job_id: str) -> ProviderError:
    """No job has this id on this endpoint, or its result is no longer kept."""
    return ProviderError(404, f"job '{job_id}' not found")


def bad_body(reason: str) -> ProviderError:
    """The request cannot be read as a job."""
    return ProviderError(400, f"bad request: {reason}")


def payload_too_large(limit_bytes: int) -> ProviderError:
    """The body is over the route's limit: 10 MB for run, 20 MB for runsync."""
    # guess: the status is not documented; 400 would be the other candidate
    return ProviderError(413, f"payload too large: the limit is {limit_bytes // 1_000_000} MB")


def namespace_refused(namespace: str) -> ProviderError:
    """The input names a namespace that this key does not belong to."""
    # guess: keys with scopes are refused by 403
    return ProviderError(
        403,
        f"forbidden: this key has no access to namespace '{namespace}'",
        violation=f"namespace '{namespace}' named with a staging key",
    )


def not_retryable(job_id: str, status: str) -> ProviderError:
    """Only a job that failed or timed out can be retried (docs.runpod.io, send-requests, retry)."""
    return ProviderError(400, f"job '{job_id}' is {status}: only FAILED and TIMED_OUT jobs can be retried")
