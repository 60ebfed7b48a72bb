"""What Cloudinary has and this fake has not, where a general route would take it for something else."""

from starlette.routing import BaseRoute, Match, compile_path
from starlette.types import Receive, Scope, Send

from fakes.cloudinary import FAKE, errors

_APIS = ("/v1_1/", "/v2/")


class Gaps(BaseRoute):
    """Takes the paths of the coverage's absent rows, and says so in the form that the SDKs read."""

    def __init__(self) -> None:
        absent = [row for row in FAKE.coverage if row.level == "absent"]
        self._rows = [(row.method, compile_path(row.path)[0]) for row in absent]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is for one of them."""
        path = scope["path"]
        if not path.startswith(_APIS):  # delivery, which is asked for most
            return Match.NONE, {}
        method = scope.get("method")
        is_gap = any(method == own and regex.match(path) for own, regex in self._rows)
        return (Match.FULL if is_gap else Match.NONE), {}

    async def handle(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        """Answer that it is not covered.

        Raises:
            ProviderError: Always (501).
        """
        entry = scope["entry"]
        entry.is_covered = False
        raise errors.not_emulated(f"{entry.method} {entry.path}")
