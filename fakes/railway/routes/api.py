"""POST /graphql/v2 (docs.railway.com/integrations/api)."""

import logging
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.kit.bodies import bounded, json_object
from fakes.kit.errors import ProviderError
from fakes.kit.kit import Kit
from fakes.railway import errors
from fakes.railway.routes.access import call_of
from fakes.railway.state import State

if TYPE_CHECKING:
    from fakes.railway.graph.engine import Answer, Engine

log = logging.getLogger(__name__)


def routes(kit: Kit, state: State) -> list[Route]:
    """The route."""
    return [Route("/graphql/v2", _Api(kit, state).answer, methods=["POST"])]


class _Api:
    def __init__(self, kit: Kit, state: State) -> None:
        self._kit = kit
        self._state = state
        self._made: Engine | None = None

    async def answer(self, request: Request) -> Response:
        """Carry out the document of a body."""
        body = await bounded(request).body()
        call = call_of(request, self._state)
        from fakes.railway.graph.engine import Asked  # late: graphql-core is loaded with it

        query, variables, operation = _read(body)
        answer = self._engine.run(Asked(query, variables, operation), call)
        if answer.gaps:
            return self._gap(request, answer.gaps)
        if answer.violation is not None:
            raise _violated(answer)
        return JSONResponse(answer.body, answer.status)

    @property
    def _engine(self) -> "Engine":
        if self._made is None:
            from fakes.railway.graph.engine import Engine

            self._made = Engine(self._kit.ids, self._kit.store.transaction)
        return self._made

    def _gap(self, request: Request, gaps: tuple[str, ...]) -> Response:
        """Say loudly that Railway has what the fake has not."""
        entry = request.scope.get("entry")
        if entry is not None:
            entry.is_covered = False
        log.warning("not covered", extra={"fake": self._kit.name, "fields": ", ".join(gaps)})
        text = f"fake '{self._kit.name}' does not cover {', '.join(gaps)}"
        return JSONResponse({"error": text, "fake": self._kit.name, "path": request.url.path}, 501)


def _read(body: bytes) -> tuple[str, dict[str, Any], str | None]:
    """Document, variables and name of the operation in a body.

    Raises:
        ProviderError: There is no document in it.
    """
    try:
        read = json_object(body)
    except ValueError as error:
        raise errors.no_query() from error
    query, variables, operation = read.get("query"), read.get("variables"), read.get("operationName")
    is_usable = isinstance(query, str) and isinstance(variables, dict | None)
    if not is_usable or not query or not isinstance(operation, str | None):
        raise errors.no_query()
    return query, variables or {}, operation


def _violated(answer: "Answer") -> ProviderError:
    """The same answer, recorded as an attempt to reach production."""
    return ProviderError(
        answer.status, "Not Authorized", violation=answer.violation, extra={"answer": answer.body}
    )
