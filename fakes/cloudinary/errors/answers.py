"""The two forms of a refusal: with a body on the APIs, without one on delivery; both have a header."""

from fakes.kit.errors import ProviderError

DELIVERY = "delivery"
"""The code of errors that are answered with an empty body."""


def header_text(message: str) -> str:
    """The message as a header value: one line of ASCII, bounded."""
    return "".join(char if " " <= char <= "~" else "?" for char in message)[:1000].strip()


def refused(status: int, message: str, *, violation: str | None = None) -> ProviderError:
    """A refusal of the APIs."""
    headers = {"X-Cld-Error": header_text(message)}
    return ProviderError(status, message, headers=headers, violation=violation)


def not_delivered(status: int, message: str, *, violation: str | None = None) -> ProviderError:
    """A refusal of delivery."""
    headers = {"X-Cld-Error": header_text(message)}
    return ProviderError(status, message, code=DELIVERY, headers=headers, violation=violation)


def on_api(error: ProviderError) -> ProviderError:
    """The same refusal in the form of the APIs: with a body, which delivery leaves out."""
    return refused(error.status, error.message, violation=error.violation)
