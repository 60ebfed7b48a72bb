"""Helix's errors that come on command (dev.twitch.tv/docs/api/reference)."""

from collections.abc import Callable, Mapping

from fakes.kit.errors import ProviderError
from fakes.twitch import errors


def _bad(message: str) -> Callable[[], ProviderError]:
    return lambda: errors.bad_request(message)


ON_COMMAND: Mapping[str, Callable[[], ProviderError]] = {
    "too_many_requests": errors.too_many_requests,
    "bad_request": _bad("The request is malformed."),  # guess: wording
    "invalid_token": lambda: errors.unauthorized("Invalid OAuth token"),
    "missing_token": lambda: errors.unauthorized("OAuth token is missing"),
    "client_mismatch": errors.client_mismatch,
    "missing_scope": lambda: errors.unauthorized("Missing scope: clips:edit"),
    "user_token_needed": errors.user_token_needed,
    "clip_category": errors.clip_category,
    "clip_title": errors.clip_title,
    "clip_forbidden": errors.clip_forbidden,
    "clip_disabled": errors.clip_disabled,
    "clip_offline": errors.not_live,
    "message_forbidden": errors.sender_not_permitted,
    "message_too_large": errors.message_too_large,
    "subscription_forbidden": errors.missing_authorization,
    "subscription_exists": errors.subscription_exists,
    "subscription_limit": errors.too_many_alike,
    "subscription_not_found": errors.subscription_not_found,
    "internal_server_error": lambda: ProviderError(500, ""),
    "service_unavailable": lambda: ProviderError(503, ""),
}
"""Errors by names of this fake's own: Twitch's have a status and a text only."""
