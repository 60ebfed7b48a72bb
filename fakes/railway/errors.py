"""What Railway answers when it refuses: errors of GraphQL, most of them with status 200."""

from fakes.kit.errors import ProviderError

_CODE = "INTERNAL_SERVER_ERROR"


def not_authorized(violation: str | None = None) -> ProviderError:
    """There is no good token, or it does not reach this."""
    return ProviderError(200, "Not Authorized", code=_CODE, violation=violation)


def not_found(what: str) -> ProviderError:
    """Nothing has this id; `what` is Project, Service, Deployment, Commit and so on."""
    return ProviderError(200, f"{what} not found", code=_CODE)


def refused(message: str) -> ProviderError:
    """What was asked for cannot be done."""
    return ProviderError(200, message, code=_CODE)


def no_query() -> ProviderError:
    """The body carries no document."""
    words = "POST body missing, invalid Content-Type, or JSON object has no keys."  # guess: Apollo's wording
    return ProviderError(400, words, code="BAD_REQUEST")


def too_many_requests() -> ProviderError:
    """The hour's or the second's requests are spent."""
    return ProviderError(429, "Too Many Requests", code="TOO_MANY_REQUESTS")  # guess: wording


def upload_refused(message: str, status: int = 400) -> ProviderError:
    """`railway up` sent something that cannot be deployed; it reads `message` alone."""
    return ProviderError(status, message, extra={"is_upload": True})


def two_factor_required() -> ProviderError:
    """The workspace asks of its members what this one has not."""
    return ProviderError(
        200, "Two Factor Authentication Required", code=_CODE, extra={"workspaceName": "clipnet-staging"}
    )
