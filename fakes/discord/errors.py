"""What Discord answers when it refuses (docs.discord.com/developers/topics/opcodes-and-status-codes)."""

from collections.abc import Mapping
from typing import Any

from fakes.kit.errors import ProviderError


def oauth_error(status: int, error: str, description: str | None = None) -> ProviderError:
    """An error of the OAuth endpoints: `{"error", "error_description"}`."""
    return ProviderError(status, description or "", code=error, extra={"oauth": True})


def unauthorized() -> ProviderError:
    """No token, or one that is not known."""
    return ProviderError(401, "401: Unauthorized", code=0)


def production_token() -> ProviderError:
    """Staging used production's bot token."""
    return ProviderError(
        401, "401: Unauthorized", code=0, violation="production's bot token was used at Discord"
    )


def production_application(application_id: str) -> ProviderError:
    """Staging reached for production's application."""
    return ProviderError(
        403,
        "Missing Access",
        code=50001,
        violation=f"production application '{application_id}' was named at Discord",
    )


def scope_missing() -> ProviderError:
    """The token's scopes do not allow this."""
    return ProviderError(403, "Unauthorized", code=40001)


def missing_access() -> ProviderError:
    """The bot does not get there."""
    return ProviderError(403, "Missing Access", code=50001)


def not_the_author() -> ProviderError:
    """Only the author changes a message."""
    return ProviderError(403, "Cannot edit a message authored by another user", code=50005)


def unknown_channel() -> ProviderError:
    """No channel has this id."""
    return ProviderError(404, "Unknown Channel", code=10003)


def unknown_guild() -> ProviderError:
    """No guild has this id."""
    return ProviderError(404, "Unknown Guild", code=10004)


def unknown_message() -> ProviderError:
    """No message has this id in this channel."""
    return ProviderError(404, "Unknown Message", code=10008)


def unknown_webhook() -> ProviderError:
    """No webhook has this id, or the interaction has not been acknowledged."""
    return ProviderError(404, "Unknown Webhook", code=10015)


def unknown_interaction() -> ProviderError:
    """No such interaction, or its three seconds are over."""
    return ProviderError(404, "Unknown interaction", code=10062)


def unknown_command() -> ProviderError:
    """No command has this id in this scope."""
    return ProviderError(404, "Unknown application command", code=10063)


def already_acknowledged() -> ProviderError:
    """An interaction is answered once."""
    return ProviderError(400, "Interaction has already been acknowledged.", code=40060)


def too_large() -> ProviderError:
    """A file is over the limit."""
    return ProviderError(413, "Request entity too large", code=40005)


def empty_message() -> ProviderError:
    """Nothing to show."""
    return ProviderError(400, "Cannot send an empty message", code=50006)


def invalid_webhook_token() -> ProviderError:
    """The token is wrong, or the interaction's fifteen minutes are over."""
    return ProviderError(401, "Invalid Webhook Token", code=50027)


def invalid_json() -> ProviderError:
    """The body is not JSON."""
    return ProviderError(400, "The request body contains invalid JSON.", code=50109)


def invalid_form(path: tuple[str, ...], code: str, message: str) -> ProviderError:
    """One field is wrong; the tree of errors follows the request's keys.

    Args:
        path: Keys down to the field; array positions as text. Empty for the body itself.
    """
    tree: Mapping[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for key in reversed(path):
        tree = {key: tree}
    return ProviderError(400, "Invalid Form Body", code=50035, extra={"errors": tree})


def legacy_fields(*names: str) -> ProviderError:
    """A message of components only has other things to show, too."""
    code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
    text = "The '{}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
    tree = {name: {"_errors": [{"code": code, "message": text.format(name)}]} for name in names}
    return ProviderError(400, "Invalid Form Body", code=50035, extra={"errors": tree})


def too_many_follow_ups() -> ProviderError:
    """An application that is installed for a person only has said enough."""
    text = "This interaction has hit the maximum number of follow up messages"
    return ProviderError(400, text, code=40094)


def required(*path: str) -> ProviderError:
    """A field is missing."""
    return invalid_form(path, "BASE_TYPE_REQUIRED", "This field is required")


def too_long(limit: int, *path: str) -> ProviderError:
    """A text is longer than it may be."""
    return invalid_form(path, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")


def rate_limited(retry_after_s: float, headers: Mapping[str, str], *, is_global: bool) -> ProviderError:
    """Too many requests; `retry_after_s` has decimals in the body."""
    extra = {"retry_after": round(retry_after_s, 3), "global": is_global}
    return ProviderError(429, "You are being rate limited.", extra=extra, headers=headers)
