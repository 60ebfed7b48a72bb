"""X's errors that come on command (docs.x.com/x-api/fundamentals/response-codes-and-errors)."""

from collections.abc import Callable, Mapping

from fakes.kit.errors import ProviderError
from fakes.x import errors

_URL = "https://clipbot.test/x"


def _about_blank(status: int, title: str, detail: str | None = None) -> Callable[[], ProviderError]:
    return lambda: errors.problem(status, title, detail or title)


def _of_post(title: str, detail: str, kind: str, status: int = 403) -> Callable[[], ProviderError]:
    looked_up = errors.lookup("tweet", "id", "1")
    return lambda: errors.problem(status, title, detail, errors.problem_type(kind), **looked_up)


def _webhook(reason: str) -> Callable[[], ProviderError]:
    return lambda: errors.webhook_refused(reason, _URL)


ON_COMMAND: Mapping[str, Callable[[], ProviderError]] = {
    "rate-limit-exceeded": lambda: errors.too_many_requests({}),
    "usage-capped": errors.usage_capped,
    "CreditsDepleted": errors.credits_depleted,
    "invalid-request": lambda: errors.invalid("The request is not valid."),
    "Unauthorized": errors.unauthorized,
    "Forbidden": errors.scope_missing,
    "duplicate-content": errors.duplicate_post,
    "reply-not-allowed": errors.reply_not_allowed,
    "unsupported-authentication": errors.user_needed,
    "client-forbidden": errors.not_enrolled,
    "not-authorized-for-resource": _of_post(
        "Authorization Error",
        "Sorry, you are not authorized to see the Tweet with id: [1].",
        "not-authorized-for-resource",
    ),
    "resource-unavailable": _of_post(
        "Resource Unavailable",  # guess: wording
        "The Tweet with id: [1] is not available.",
        "resource-unavailable",
    ),
    "disallowed-resource": _of_post(
        "Disallowed Resource",  # guess: wording
        "The Tweet with id: [1] violates the rules of X.",
        "disallowed-resource",
    ),
    "resource-not-found": lambda: errors.not_found("tweet", "id", "1"),
    "invalid-media": lambda: errors.bad_media_ids(["1"]),
    "CrcValidationFailed": _webhook("CrcValidationFailed"),
    "UrlValidationFailed": _webhook("UrlValidationFailed"),
    "DuplicateUrlFailed": _webhook("DuplicateUrlFailed"),
    "WebhookLimitExceeded": _webhook("WebhookLimitExceeded"),
    "WebhookIdInvalid": _webhook("WebhookIdInvalid"),
    "internal-error": lambda: errors.problem(
        500,
        "Internal Error",  # guess: wording
        "Something went wrong on our side.",
        errors.problem_type("internal-error"),
    ),
    "Service Unavailable": _about_blank(503, "Service Unavailable"),
}
"""Errors by the end of their type, or by their title or reason where the type says nothing."""
