"""What X answers when it refuses (docs.x.com/x-api/fundamentals/response-codes-and-errors)."""

from collections.abc import Sequence
from typing import Any

from fakes.kit.errors import ProviderError

_PROBLEMS = "https://api.x.com/2/problems"
TOO_MANY = "Too Many Requests"
_ACCOUNT_ID = 1_800_000_000_000_000_001


def problem_type(name: str) -> str:
    """The address that names a kind of problem."""
    return f"{_PROBLEMS}/{name}"


def oauth_error(status: int, error: str, description: str) -> ProviderError:
    """An error of the OAuth endpoints: `{"error", "error_description"}`."""
    return ProviderError(status, description, code=error, extra={"oauth": True})


def problem(status: int, title: str, detail: str, kind: str = "about:blank", **more: Any) -> ProviderError:
    """A problem (RFC 9457 as X writes it)."""
    return ProviderError(status, detail, extra={"title": title, "type": kind, **more})


def unauthorized() -> ProviderError:
    """No token, or one that is not good any more."""
    return problem(401, "Unauthorized", "Unauthorized")


def production_token() -> ProviderError:
    """Staging used production's bot token."""
    error = unauthorized()
    error.violation = "production's bot token was used at X"
    return error


def scope_missing() -> ProviderError:
    """The token lacks a scope."""
    return problem(403, "Forbidden", "Forbidden")


def user_needed() -> ProviderError:
    """An application's own token was used where a person must act."""
    detail = (
        "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint. Supported"
        " authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context]."
    )
    return problem(403, "Unsupported Authentication", detail, problem_type("unsupported-authentication"))


def application_needed() -> ProviderError:
    """A person's token was used where the application must act."""
    detail = (
        "Authenticating with OAuth 2.0 User Context is forbidden for this endpoint. Supported"
        " authentication types are [OAuth 2.0 Application-Only]."
    )
    return problem(403, "Unsupported Authentication", detail, problem_type("unsupported-authentication"))


def invalid(message: str, parameter: str = "", value: str = "", **more: Any) -> ProviderError:
    """A parameter is missing or has a bad value."""
    error: dict[str, Any] = {"message": message, **more}
    if parameter:
        error = {"parameters": {parameter: [value]}, **error}
    return _invalid_request([error])


def unknown_keys(names: Sequence[str]) -> ProviderError:
    """The body has keys that the schema does not allow."""
    text = "is not defined in the schema and the schema does not allow additional properties"
    return _invalid_request([{"parameters": {name: [""]}, "message": f"$.{name}: {text}"} for name in names])


def _invalid_request(rows: list[dict[str, Any]]) -> ProviderError:
    detail = "One or more parameters to your request was invalid."
    return problem(400, "Invalid Request", detail, problem_type("invalid-request"), errors=rows)


def not_found(resource: str, parameter: str, value: str) -> ProviderError:
    """No such thing."""
    return problem(
        404,
        "Not Found Error",
        f"Could not find {resource} with {parameter}: [{value}].",
        problem_type("resource-not-found"),
        **lookup(resource, parameter, value),
    )


def lookup(resource: str, parameter: str, value: str) -> dict[str, str]:
    """What was looked up in vain, in the form that errors name it."""
    return {"resource_type": resource, "resource_id": value, "parameter": parameter, "value": value}


def missing_row(resource: str, parameter: str, value: str) -> dict[str, str]:
    """One row of `errors` in an answer that found some and missed others."""
    return {
        **lookup(resource, parameter, value),
        "title": "Not Found Error",
        "detail": f"Could not find {resource} with {parameter}: [{value}].",
        "type": problem_type("resource-not-found"),
    }


def duplicate_post() -> ProviderError:
    """The same person posted the same text before."""
    return problem(403, "Forbidden", "You are not allowed to create a Tweet with duplicate content.")


def suspended() -> ProviderError:
    """The person may not post."""
    detail = "Your account is suspended and is not permitted to access this feature."  # guess: wording
    return problem(403, "Forbidden", detail)


def too_long() -> ProviderError:
    """The text weighs more than 280 characters."""
    return problem(403, "Forbidden", "Your Tweet text is too long.")  # guess: wording


def reply_not_allowed() -> ProviderError:
    """The author of the post never mentioned the person who replies."""
    detail = (
        "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged"
        " by the author of the post you are replying to."
    )  # guess: wording
    return problem(403, "Forbidden", detail)


def reply_to_nothing() -> ProviderError:
    """The post to reply to is not there."""
    detail = "You attempted to reply to a Tweet that is deleted or not visible to you."
    return problem(403, "Forbidden", detail)


def not_the_author() -> ProviderError:
    """Only the author deletes a post."""
    return problem(403, "Forbidden", "You are not permitted to delete this Tweet.")  # guess: wording


def bad_media_ids(ids: Sequence[str]) -> ProviderError:
    """A media id is unknown, somebody else's, too old or not ready."""
    return _invalid_request(
        [{"parameters": {"media.media_ids": list(ids)}, "message": "Your media IDs are invalid."}]
    )


def usage_capped() -> ProviderError:
    """The month's posts are read; the windows of the endpoints have room."""
    return problem(
        429,
        "UsageCapExceeded",
        "Usage cap exceeded: Monthly product cap",
        problem_type("usage-capped"),
        account_id=_ACCOUNT_ID,
        product_name="standard-basic",
        period="Monthly",
        scope="Product",
        omits_status=True,
    )


def credits_depleted() -> ProviderError:
    """The account that pays by use has no credits left."""
    return problem(
        402,
        "CreditsDepleted",
        f"Your enrolled account [{_ACCOUNT_ID}] does not have any credits to fulfill this request.",
        problem_type("credits"),
        account_id=_ACCOUNT_ID,
        omits_status=True,
    )


def not_enrolled() -> ProviderError:
    """The application is in no project that may use the endpoint."""
    detail = (
        "When authenticating requests to the Twitter API v2 endpoints, you must use keys and tokens from a"
        " Twitter developer App that is attached to a Project. You can create a project via the developer"
        " portal."
    )
    return problem(
        403,
        "Client Forbidden",
        detail,
        problem_type("client-forbidden"),
        reason="client-not-enrolled",
        client_id="30000001",
        required_enrollment="Appropriate Level of API Access",
        registration_url="https://developer.twitter.com/en/docs/projects/overview",
        omits_status=True,
    )


def webhook_refused(reason: str, value: str) -> ProviderError:
    """A webhook is not made, not found, or does not answer its challenge."""
    return invalid(f"{reason}: [{value}]", "url", value, reason=reason)


def too_many_requests(headers: dict[str, str]) -> ProviderError:
    """The window's requests are spent."""
    error = problem(429, TOO_MANY, TOO_MANY)
    error.headers = headers
    return error
