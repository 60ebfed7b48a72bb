"""Railway's errors that come on command."""

from collections.abc import Callable, Mapping

from fakes.kit.errors import ProviderError
from fakes.railway import errors

ON_COMMAND: Mapping[str, Callable[[], ProviderError]] = {
    "too_many_requests": errors.too_many_requests,
    "not_authorized": errors.not_authorized,
    "two_factor_required": errors.two_factor_required,
    "problem_processing_request": lambda: errors.refused("Problem processing request"),
    "internal_server_error": lambda: ProviderError(500, "Internal Server Error"),
    "service_unavailable": lambda: ProviderError(503, "Service Unavailable"),
}
"""Errors by names of this fake's own: Railway's have a text only."""
