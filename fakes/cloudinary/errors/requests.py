"""Requests that cannot be read, or ask for what there is not."""

from datetime import UTC, datetime

from fakes.cloudinary.errors.answers import refused
from fakes.kit.errors import ProviderError


def missing_parameter(name: str) -> ProviderError:
    """A parameter that must be there is not."""
    return refused(400, f"Missing required parameter - {name}")


def invalid_parameter(name: str, value: str) -> ProviderError:
    """A parameter's value cannot be used."""
    return refused(
        400, f"Invalid value for parameter {name}: {value[:100]}"
    )  # guess: the form for other names


def illegal_value(name: str, value: str) -> ProviderError:
    """A value that the Admin API does not know."""
    # guess: all but "Illegal value", which the official SDKs' tests expect
    return refused(400, f"Illegal value {value[:100]} for {name}")


def invalid_cursor() -> ProviderError:
    """`next_cursor` is not one that was handed out."""
    return refused(400, "Invalid value for parameter next_cursor")


def invalid_request(reason: str) -> ProviderError:
    """The body cannot be read."""
    return refused(400, f"Invalid request - {reason}")  # guess: no recorded wording


def query_error(position: int) -> ProviderError:
    """A search expression that cannot be parsed."""
    return refused(400, f"Query Error (at position {position})")


def not_emulated(what: str) -> ProviderError:
    """Something that Cloudinary has and this fake does not: a gap must be loud."""
    return refused(501, f"fake 'cloudinary' does not cover {what}")


def no_subscription(add_on: str) -> ProviderError:
    """Something that needs an add-on, of which no cloud here has any."""
    return refused(420, f"You don't have an active subscription for {add_on}")


def addon_refused(message: str) -> ProviderError:
    """An add-on that does not exist, in the words of its parameter."""
    return refused(400, message)


def script_failed(parameter: str, reason: str) -> ProviderError:
    """The JavaScript of a parameter cannot be run."""
    return refused(400, f"Error in {parameter}: {reason[:200]}")  # guess: wording


def request_timed_out() -> ProviderError:
    """The sender has stopped sending."""
    return refused(408, "Request Timeout")  # guess: no recorded wording


def busy() -> ProviderError:
    """There is more to do than is taken on."""
    return refused(420, "Rate Limit Exceeded")  # guess: wording beyond the first words


def rate_limited(limit: int, until_s: float) -> ProviderError:
    """More calls of the Admin API in this hour than the plan allows."""
    until = datetime.fromtimestamp(until_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return refused(420, f"Rate Limit Exceeded. Limit of {limit} api operations reached. Try again on {until}")


def general_error() -> ProviderError:
    """What was asked for takes too much."""
    return refused(500, "General Error")


def bytes_unavailable(endpoint: str, reason: str) -> ProviderError:
    """The bucket that holds the bytes does not answer, or not as it should: trouble of this stack."""
    return refused(500, f"the blob store at {endpoint} cannot be used: {reason}")
