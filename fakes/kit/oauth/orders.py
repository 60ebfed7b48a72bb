"""What people command about logins to come: refuse consent, put the token endpoint out of order."""

from typing import Any

from fakes.kit.oauth.clients import DEVICE_CODE
from fakes.kit.oauth.ledger import Ledger
from fakes.kit.oauth.profile import Reason

FAILURES = ("unavailable", "invalid_grant", "invalid_client")
_DEAD = {
    "refresh_token": Reason.REFRESH_DEAD,
    "authorization_code": Reason.CODE_EXPIRED,
    DEVICE_CODE: Reason.DEVICE_EXPIRED,
}
"""What is wrong with a grant that is refused as invalid; for its own token an application brings none."""


class Orders:
    """Commands that hold for some requests or until they are cleared. They are rows, and go with a reset.

    Args:
        ledger: Where they are kept.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def deny(self, times: int | None, page: str | None = None) -> None:
        """Let the next consents be refused, whoever agrees; None is all until `clear`.

        With a `page` of `Profile.blocked` the provider refuses instead of the person.
        """
        self._ledger.set("deny", {"times": times, "as": page})

    def fail(self, failure: str, times: int | None) -> None:
        """Let the token endpoint refuse, as one of `FAILURES`; None is until `clear`."""
        self._ledger.set("fail", {"as": failure, "times": times})

    def clear(self) -> None:
        """Let everything go its way again."""
        self._ledger.set("deny", None)
        self._ledger.set("fail", None)

    def public(self) -> dict[str, Any]:
        """What holds now."""
        return {key: self._ledger.setting(key) for key in ("deny", "fail")}

    def take_denial(self) -> dict[str, Any] | None:
        """How this consent is to be refused, if it is."""
        return self._take("deny")

    def take_failure(self, grant_type: str) -> Reason | None:
        """Why this request to the token endpoint is to be refused, if it is."""
        order = self._ledger.setting("fail")
        if order is None or (order["as"] == "invalid_grant" and grant_type not in _DEAD):
            return None
        self._take("fail")
        if order["as"] == "invalid_client":
            return Reason.CLIENT_SECRET_WRONG
        return Reason.UNAVAILABLE if order["as"] == "unavailable" else _DEAD[grant_type]

    def _take(self, key: str) -> dict[str, Any] | None:
        order: dict[str, Any] | None = self._ledger.setting(key)
        if order is None or order["times"] is None:
            return order
        left = order["times"] - 1
        self._ledger.set(key, {**order, "times": left} if left > 0 else None)
        return order
