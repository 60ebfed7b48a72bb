import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from fakes.kit.routing import Below, grouped


def route(path: str, *methods: str) -> Route:
    async def answer(request: Request) -> Response:
        return PlainTextResponse(f"{path} {request.path_params}")

    return Route(path, answer, methods=methods or None)


ROUTES = [
    route("/v1/{a}/one"),
    route("/v1/{a}/two", "POST"),
    route("/v1/{a}/{b}"),
    route("/v1/last"),
    route("/v2/alone"),
    route("/{a}/{b:path}"),
    route("/v1"),
]


def test_neighbours_of_one_beginning_are_one() -> None:
    found = grouped(ROUTES)

    assert [type(route) for route in found] == [Below, Route, Route, Route]


@pytest.mark.parametrize(
    "path",
    ["/v1/x/one", "/v1/x/two", "/v1/last", "/v1/x/y/z", "/v2/alone", "/v2/x", "/v10/x", "/v1", "/x", "/v1/"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "DELETE"])
def test_every_request_is_answered_as_without_grouping(method: str, path: str) -> None:
    plain, together = (TestClient(Starlette(routes=routes)) for routes in (ROUTES, grouped(ROUTES)))

    expected, found = (client.request(method, path) for client in (plain, together))

    assert (found.status_code, found.text) == (expected.status_code, expected.text)
