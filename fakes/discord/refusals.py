"""Errors that come on command: the condition `refusal` brings them about, by their code."""

from collections.abc import Callable, Mapping

from fakes.discord import errors
from fakes.kit.errors import ProviderError

RETRY_AFTER_S = 1.0


def not_found() -> ProviderError:
    """No route has this path; of itself the fake answers 501 there, to tell what it does not cover."""
    return ProviderError(404, "404: Not Found", code=0)


def method_not_allowed() -> ProviderError:
    """The path does not know this method."""
    return ProviderError(405, "405: Method Not Allowed", code=0)


def missing_permissions() -> ProviderError:
    """The bot gets there, but may not do this."""
    return ProviderError(403, "Missing Permissions", code=50013)


def closed_messages() -> ProviderError:
    """The person takes no direct messages from the bot."""
    return ProviderError(403, "Cannot send messages to this user", code=50007)


def unknown_user() -> ProviderError:
    """No account has this id."""
    return ProviderError(404, "Unknown User", code=10013)


def limited_user() -> ProviderError:
    """Too many requests of this bot to a route."""
    return errors.rate_limited(RETRY_AFTER_S, {"X-RateLimit-Scope": "user"}, is_global=False)


def limited_global() -> ProviderError:
    """Too many requests of this bot altogether."""
    headers = {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
    return errors.rate_limited(RETRY_AFTER_S, headers, is_global=True)


def limited_shared() -> ProviderError:
    """Too many requests of everybody to one resource."""
    error = errors.rate_limited(RETRY_AFTER_S, {"X-RateLimit-Scope": "shared"}, is_global=False)
    error.message = "The resource is being rate limited."
    return error


def limited_writes() -> ProviderError:
    """Too many changes of one channel."""
    error = errors.rate_limited(RETRY_AFTER_S, {"X-RateLimit-Scope": "user"}, is_global=False)
    error.message = "The write action you are performing on the channel has hit the write rate limit."
    error.code = 20028
    return error


ON_COMMAND: Mapping[str, Callable[[], ProviderError]] = {
    "429": limited_user,
    "429-global": limited_global,
    "429-shared": limited_shared,
    "20028": limited_writes,
    "401": errors.unauthorized,
    "404": not_found,
    "405": method_not_allowed,
    "50001": errors.missing_access,
    "50013": missing_permissions,
    "50007": closed_messages,
    "40001": errors.scope_missing,
    "10003": errors.unknown_channel,
    "10004": errors.unknown_guild,
    "10008": errors.unknown_message,
    "10013": unknown_user,
    "10015": errors.unknown_webhook,
    "10062": errors.unknown_interaction,
    "10063": errors.unknown_command,
    "40005": errors.too_large,
    "40094": errors.too_many_follow_ups,
    "40060": errors.already_acknowledged,
    "50006": errors.empty_message,
    "50027": errors.invalid_webhook_token,
}
"""Errors that the condition `refusal` brings about; those without a code of their own by their status."""
