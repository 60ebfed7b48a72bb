"""The one exception of the fakes: what the real provider would answer."""

from collections.abc import Mapping
from typing import Any


class ProviderError(Exception):
    """An answer that is not a success, in the provider's own words.

    Args:
        status: HTTP status.
        message: The provider's text.
        code: The provider's error code, where it has one besides the status.
        extra: More fields for the provider's error body; `wire.error_body` decides what becomes of them.
        headers: Headers of the answer.
        violation: Set when staging reached for production: recorded and raised as an alert.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | int | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        violation: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})
        self.violation = violation
