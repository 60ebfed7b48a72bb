"""What must hold for all fakes: coverage, the control surface, loud gaps, faults on the wire."""

import http.client
import importlib
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from starlette.routing import Route
from starlette.types import Message

from fakes import FAKES
from fakes.kit.fake import Fake
from fakes.kit.kinds import RULE_KINDS
from tests.fakes.serving import Served, served


@pytest.fixture(scope="module")
def fakes() -> Iterator[Served]:
    with served(*FAKES) as running:
        yield running


class FakeClient(httpx.Client):
    """A client of one fake that knows its name."""

    fake_name: str


@pytest.fixture(params=FAKES)
def fake(request: pytest.FixtureRequest, fakes: Served) -> Iterator[FakeClient]:
    with FakeClient(base_url=fakes.url(request.param), trust_env=False, timeout=10) as client:
        client.fake_name = request.param
        yield client
        client.post("/_fake/reset")


def record(name: str) -> Fake:
    described: Fake = importlib.import_module(f"fakes.{name}").FAKE
    return described


@pytest.mark.parametrize("name", FAKES)
def test_coverage_equals_the_router(name: str, fakes: Served) -> None:
    described = record(name)

    routed = {
        (method, route.path)
        for route in fakes.apps[name].parts.routes
        if isinstance(route, Route) and not route.path.startswith("/_fake/")
        for method in (route.methods or set()) - {"HEAD"}
    }

    assert {(row.method, row.path) for row in described.coverage if row.level != "absent"} == routed
    assert all(row.source for row in described.coverage)
    assert described.name == name


@pytest.mark.parametrize("name", FAKES)
async def test_a_client_that_leaves_in_mid_request_is_no_failure(name: str, fakes: Served) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "PUT", "path": "/_fake/state", "query_string": b"", "headers": []}
    await fakes.apps[name](scope, receive, send)

    assert sent[0]["status"] == 499


@pytest.mark.parametrize("name", FAKES)
def test_every_condition_that_is_named_has_who_makes_it(name: str, fakes: Served) -> None:
    named = [kind.name for kind in record(name).conditions]

    assert set(named) == set(fakes.apps[name].parts.conditions)
    assert not {kind.name for kind in RULE_KINDS} & set(named)


def test_options_of_one_name_are_read_alike() -> None:
    kinds = [*RULE_KINDS, *(kind for name in FAKES for kind in record(name).conditions)]
    accepted: dict[str, set[str]] = {}
    for option in (option for kind in kinds for option in kind.options):
        accepted.setdefault(option.name, set()).add(option.accepts)

    assert {name: accepts for name, accepts in accepted.items() if len(accepts) > 1} == {}


def test_conditions_begin_and_end_with_a_reset(fake: FakeClient) -> None:
    kinds = record(fake.fake_name).conditions
    for kind in kinds:
        needed = {option.name: option.lowest for option in kind.options if option.is_required}
        added = fake.put("/_fake/faults", json={"kind": kind.name, **needed})
        assert added.status_code == 201, added.text

    during = [fault["kind"] for fault in fake.get("/_fake/faults").json()["faults"]]
    fake.post("/_fake/reset")

    assert (during, fake.get("/_fake/faults").json()["faults"]) == ([kind.name for kind in kinds], [])


def test_health_and_state_name_the_fake(fake: FakeClient) -> None:
    state = fake.get("/_fake/state").json()

    assert fake.get("/_fake/health").json() == {"status": "ok", "fake": fake.fake_name}
    assert (state["fake"], state["violations"]) == (fake.fake_name, 0)


def test_a_gap_answers_501_naming_fake_and_path_and_is_recorded(fake: FakeClient) -> None:
    path = "/no/such/endpoint/at-all" if fake.fake_name != "cloudinary" else "/v9/no-such"

    answer = fake.post(path)

    assert answer.status_code == 501
    assert answer.json() == {
        "error": f"fake '{fake.fake_name}' does not cover POST {path}",
        "fake": fake.fake_name,
        "path": path,
    }
    recorded = fake.get("/_fake/requests").json()["requests"][-1]
    assert (recorded["path"], recorded["status"], recorded["is_covered"]) == (path, 501, False)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://evil.test", 403),
        ("null", 403),
        ("http://127.0.0.1.evil.test:8400", 403),
        ("http://127.0.0.1:8400", 200),
        ("http://[::1]:5173", 200),
        (None, 200),
    ],
)
def test_no_page_of_elsewhere_controls_a_fake_through_a_browser(
    fake: FakeClient, origin: str | None, status: int
) -> None:
    headers = {"Origin": origin} if origin else {}

    answer = fake.post("/_fake/reset", headers=headers)

    assert answer.status_code == status
    if origin and status == 403:
        assert answer.json()["error"] == (
            f"a page of '{origin}' may not control fake '{fake.fake_name}'; pages of this machine may"
        )


def test_a_request_is_found_by_its_trace(fake: FakeClient) -> None:
    fake.get("/no/such", headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})

    found = fake.get("/_fake/requests", params={"trace": "a" * 32}).json()["requests"]

    assert [one["path"] for one in found] == ["/no/such"]


def test_an_error_fault_answers_in_the_providers_shape_and_goes_away_with_a_reset(fake: FakeClient) -> None:
    fake.put("/_fake/faults", json={"kind": "error", "status": 503, "path": "/x*"})

    during = fake.get("/xyz").status_code
    fake.post("/_fake/reset")

    assert (during, fake.get("/_fake/faults").json()["faults"]) == (503, [])


def test_a_cut_fault_closes_the_connection_without_an_answer(fake: FakeClient) -> None:
    fake.put("/_fake/faults", json={"kind": "cut", "times": 1})
    connection = http.client.HTTPConnection(str(fake.base_url.host), fake.base_url.port, timeout=10)

    connection.request("GET", "/xyz")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        connection.getresponse()

    connection.close()
    assert fake.get("/_fake/health").status_code == 200


def test_garbage_is_a_success_that_is_not_json(fake: FakeClient) -> None:
    fake.put("/_fake/faults", json={"kind": "garbage", "times": 1})

    answer = fake.get("/xyz")

    assert (answer.status_code, answer.content[:2]) == (200, b"\x00\xff")


def test_a_bad_fault_is_refused_by_name(fake: FakeClient) -> None:
    answer = fake.put("/_fake/faults", json={"kind": "explode"})

    assert (answer.status_code, "unknown fault kind 'explode'" in answer.json()["error"]) == (400, True)


POSTS: Mapping[str, Mapping[str, Any]] = {
    "google": {"videos": [{"id": f"video{n}", "login": "clipper_cleo", "title": "Clip"} for n in (1, 2)]},
    "tiktok": {"videos": [{"id": f"{n}", "login": "clipper_cleo", "title": "Clip"} for n in (1, 2)]},
    "twitch": {"messages": [{"id": f"m{n}", "channel": "streamer_sam", "text": f"Clip {n}"} for n in (1, 2)]},
    "x": {"posts": [{"id": f"{n}", "text": f"Clip {n}"} for n in (1, 2)]},
    "discord": {"messages": [{"id": f"{n}", "channel": "clips", "text": f"Clip {n}"} for n in (1, 2)]},
}


@pytest.mark.parametrize("name", POSTS)
def test_posts_are_forgotten_by_their_ids(name: str, fakes: Served) -> None:
    with httpx.Client(base_url=fakes.url(name), trust_env=False) as client:
        client.put("/_fake/state", json=POSTS[name]).raise_for_status()
        first, second = (post["id"] for post in client.get("/_fake/posts").json()["posts"])

        told = client.request("DELETE", "/_fake/posts", json={"ids": [first, "nobody"]}).json()

        left = client.get("/_fake/posts").json()["posts"]
        client.put("/_fake/state", json={})
    assert told == {"fake": name, "forgotten": [first]}
    assert [post["id"] for post in left] == [second]


def test_posts_without_ids_are_refused(fake: FakeClient) -> None:
    refused = fake.request("DELETE", "/_fake/posts", json={"ids": "all"})

    assert refused.status_code == 400
    assert "the ids of the posts that are to go" in refused.json()["error"]


def test_the_clock_is_moved_and_comes_back_with_a_reset(fake: FakeClient) -> None:
    frozen = fake.post("/_fake/clock", json={"set": "2030-01-01T00:00:00Z"}).json()["now"]

    fake.post("/_fake/reset")

    assert frozen.startswith("2030-01-01T00:00:0")
    assert not fake.get("/_fake/clock").json()["now"].startswith("2030")
    assert fake.post("/_fake/clock", json={"tomorrow": 1}).status_code == 400
    assert fake.post("/_fake/clock", json={"advance_s": 1e300}).status_code == 400
