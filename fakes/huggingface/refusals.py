"""The Hub's errors that come on command."""

from collections.abc import Callable, Mapping

from fakes.huggingface import errors
from fakes.kit.errors import ProviderError

ON_COMMAND: Mapping[str, Callable[[], ProviderError]] = {
    "rate_limited": lambda: errors.too_many_requests(60),
    "invalid_credentials": errors.invalid_credentials,
    "repository_not_found": errors.repository_not_found,
    "write_token_needed": errors.write_token_needed,
    "payment_required": lambda: ProviderError(
        402, "Payment required: subscribe to PRO to create this Space."
    ),
    "conflict": lambda: ProviderError(
        409, "Cannot create repo: another conflicting operation is in progress"
    ),
    "outdated_parent": errors.outdated_parent,
    "internal_error": lambda: ProviderError(500, "Internal Error - We're working hard to fix this."),
    "maintenance": lambda: ProviderError(503, "The Hub is under maintenance."),
}
"""Errors by names of this fake's own: the Hub has codes for four of its errors only."""
