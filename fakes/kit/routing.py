"""Finds the route of a request without asking each of hundreds."""

from collections.abc import Iterable
from itertools import groupby

from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

_WORTH_GROUPING = 4


class Below(BaseRoute):
    """Neighbouring routes that begin with the same segment: asked only when the request does, too.

    Args:
        prefix: `/segment/`.
        routes: The routes, in their order.
    """

    def __init__(self, prefix: str, routes: list[BaseRoute]) -> None:
        self._prefix = prefix
        self._routes = routes

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As the first of the routes that fits."""
        partly: tuple[Match, Scope] = (Match.NONE, {})
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            return partly
        for route in self._routes:
            match, child = route.matches(scope)
            if match is Match.FULL:
                return match, {**child, "chosen": route}
            if match is Match.PARTIAL and partly[0] is Match.NONE:
                partly = match, {**child, "chosen": route}
        return partly

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the route that fitted answer."""
        route: BaseRoute = scope["chosen"]
        await route.handle(scope, receive, send)


def grouped(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """The same routes in the same order, many neighbours as one."""
    found: list[BaseRoute] = []
    for prefix, neighbours in groupby(routes, _prefix):
        together = list(neighbours)
        worth_it = prefix and len(together) >= _WORTH_GROUPING
        found += [Below(prefix, together)] if worth_it else together
    return found


def _prefix(route: BaseRoute) -> str:
    """`/segment/`, or nothing for a route that begins otherwise."""
    first, slash, _ = route.path[1:].partition("/") if isinstance(route, Route) else ("", "", "")
    return f"/{first}/" if slash and "{" not in first else ""
