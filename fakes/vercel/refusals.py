"""Vercel's errors that come on command (vercel.com/docs/rest-api/errors)."""

from collections.abc import Callable, Mapping

from fakes.kit.errors import ProviderError
from fakes.vercel import errors

ON_COMMAND: Mapping[str, Callable[[], ProviderError]] = {
    "rate_limited": lambda: errors.rate_limited(1, 0),
    "forbidden": errors.invalid_token,
    "payment_required": lambda: errors.api(402, "payment_required", "Payment required."),
    "not_authorized": lambda: errors.api(403, "not_authorized", "Not authorized."),
    "internal_server_error": lambda: errors.api(
        500, "internal_server_error", "An unexpected internal error."
    ),
    "service_unavailable": lambda: errors.api(503, "service_unavailable", "Service unavailable."),
}
"""Errors of the API by their code."""
