"""Rate limits: for each operation of each endpoint, by the fake's clock."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from fakes.kit.peer import Peer
from fakes.runpod.state.limits import LIMITS, Limit
from fakes.runpod.wire import Submission
from tests.fakes.runpod.conftest import Account, settled

DEADLINE_S = 10.0
FOLLOWING = ("status", "status-sync", "stream")


async def limit(account: Account, **changes: Any) -> None:
    answer = await account.client.put("/_fake/rate-limits", json={"rate_limits": changes})
    assert answer.status_code == 200, answer.text


async def ask(account: Account, method: str, path: str, *, endpoint: str = "staging-clip") -> httpx.Response:
    body = {"input": {"mock_return": 1}} if path.startswith("run") else None
    answer = await account.client.request(method, f"/v2/{endpoint}/{path}", json=body)
    await settled()
    return answer


def test_the_limits_are_runpods() -> None:
    assert {
        "runsync": Limit(2000, 400, 50),
        "run": Limit(1000, 200, 25),
        "status": Limit(2000, 400, 50),
        "cancel": Limit(100, 20, 2),
        "purge-queue": Limit(2, None, 0),
        "requests": Limit(10, 2, 0),
    } == LIMITS


@pytest.mark.parametrize(
    ("name", "asks"),
    [
        ("run", [("POST", "run")]),
        ("runsync", [("POST", "runsync")]),
        ("status", [(method, f"{one}/j") for one in FOLLOWING for method in ("GET", "POST")]),
        ("cancel", [("POST", "cancel/j")]),
        ("purge-queue", [("POST", "purge-queue")]),
        ("requests", [("GET", "requests")]),
    ],
)
async def test_an_operation_takes_so_many_requests_in_ten_seconds(
    account: Account, name: str, asks: list[tuple[str, str]]
) -> None:
    await limit(account, **{name: {"requests": 6, "per_worker": 0}})
    six = (asks * 6)[:6]
    taken = [(await ask(account, *one)).status_code for one in six]
    refused = [await ask(account, *one) for one in asks]
    account.clock.advance(9.999)
    still = await ask(account, *asks[0])
    account.clock.advance(0.001)

    anew = [(await ask(account, *one)).status_code for one in six]

    assert set(taken) <= {200, 404}
    assert [(one.status_code, one.json()) for one in (*refused, still)] == [
        (429, {"error": "rate limit exceeded: 6 requests in 10 seconds"})
    ] * (len(asks) + 1)
    assert (anew, "retry-after" in still.headers) == (taken, False)


async def test_runpods_own_limit_holds_without_a_word(account: Account) -> None:
    answers = [await ask(account, "POST", "purge-queue") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json() == {"error": "rate limit exceeded: 2 requests in 10 seconds"}


async def test_endpoints_and_operations_have_limits_of_their_own(account: Account) -> None:
    await limit(account, run={"requests": 1}, cancel={"requests": 1})

    answers = [
        await ask(account, "POST", "run"),
        await ask(account, "POST", "run", endpoint="staging-blip"),
        await ask(account, "POST", "cancel/j"),
        await ask(account, "POST", "retry/j"),
        await ask(account, "GET", "health"),
        await ask(account, "POST", "run"),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 404, 404, 200, 429]


async def test_who_may_not_ask_is_refused_before_it_counts(account: Account) -> None:
    await limit(account, run={"requests": 1})

    for _ in range(3):
        await account.client.post("/v2/staging-clip/run", json={}, headers={"Authorization": "rpa_wrong"})

    assert (await ask(account, "POST", "run")).status_code == 200


async def test_a_request_that_is_refused_otherwise_counts(account: Account) -> None:
    await limit(account, run={"requests": 1})
    bad = await account.client.post("/v2/staging-clip/run", content=b"{")

    assert (bad.status_code, (await ask(account, "POST", "run")).status_code) == (400, 429)


async def test_workers_that_run_allow_for_more_requests(account: Account) -> None:
    account.app.load({"workers": 3})
    await limit(account, run={"requests": 4, "per_worker": 3})
    for _ in range(3):
        await account.run({"mock_delay": 60})  # three workers run, then 3 x 3 requests are taken

    statuses = [(await ask(account, "POST", "run")).status_code for _ in range(7)]

    assert statuses == [200] * 6 + [429]


async def test_so_many_requests_are_answered_at_once(account: Account) -> None:
    await limit(account, runsync={"concurrent": 2}, status={"concurrent": 1})
    body = {"input": {"mock_delay": 5}}
    waiting = [
        asyncio.create_task(account.client.post("/v2/staging-clip/runsync", json=body)) for _ in range(2)
    ]
    await settled()

    refused = await account.client.post("/v2/staging-clip/runsync", json=body)
    other = await ask(account, "GET", "status/j")
    account.clock.advance(5)
    await settled()
    account.clock.advance(5)
    async with asyncio.timeout(DEADLINE_S):
        done = [answer.status_code for answer in await asyncio.gather(*waiting)]

    assert (refused.status_code, refused.json()) == (
        429,
        {"error": "rate limit exceeded: 2 concurrent requests"},
    )
    assert (other.status_code, done) == (404, [200, 200])
    assert (await ask(account, "POST", "runsync")).status_code == 200


@pytest.mark.parametrize("sent", [b"{", b'{"input": {"namespace": "production"}}', b"x" * 20_000_001])
async def test_a_place_is_given_back_after_an_error(account: Account, sent: bytes) -> None:
    await limit(account, runsync={"concurrent": 1})

    refused = await account.client.post("/v2/staging-clip/runsync", content=sent)

    assert refused.status_code in (400, 403)
    assert (await ask(account, "POST", "runsync")).status_code == 200


@pytest.mark.parametrize("is_body_whole", [True, False])
async def test_a_place_is_given_back_when_a_client_leaves(account: Account, is_body_whole: bool) -> None:
    await limit(account, runsync={"concurrent": 1})
    peer = Peer()
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b'{"input": {"mock_delay": 600}}', "more_body": not is_body_whole},
        {"type": "http.disconnect"},
    ]
    scope = {
        "type": "http", "method": "POST", "path": "/v2/staging-clip/runsync", "query_string": b"",
        "headers": [(b"authorization", account.client.headers["authorization"].encode())],
        "state": {"peer": peer},
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    asked = asyncio.create_task(account.app(scope, receive, send))
    await settled()
    peer.leave()
    async with asyncio.timeout(DEADLINE_S):
        await asked

    assert sent[0]["status"] == 499
    jobs = account.state.summary()["jobs"]
    assert sum(jobs.values()) == int(is_body_whole)
    assert (await account.client.post("/v2/staging-clip/runsync?wait=1", content=b"{")).status_code == 400


@pytest.mark.parametrize(("workers_max", "limited_to"), [(0, 50), (1, 500)])
async def test_a_queue_takes_no_more_than_its_workers_can_do(
    account: Account, workers_max: int, limited_to: int
) -> None:
    state = account.state
    blip = state.endpoints.find("staging-blip")
    assert blip is not None
    await account.client.patch("/v1/endpoints/staging-blip", json={"workersMax": workers_max})
    await account.run({"mock_delay": 900})  # keeps the one place on the GPU
    for _ in range(limited_to):
        state.jobs.submit(blip, Submission(input={"mock_return": 1}))

    answers = [await ask(account, "POST", "run", endpoint="staging-blip") for _ in range(2)]
    others = await ask(account, "POST", "runsync", endpoint="staging-blip")
    await ask(account, "POST", "purge-queue", endpoint="staging-blip")
    emptied = await ask(account, "POST", "run", endpoint="staging-blip")

    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].json() == others.json() == {"error": f"queue limit exceeded: {limited_to} jobs"}
    assert emptied.status_code == 200


async def test_limits_can_be_lifted_and_set_anew(account: Account) -> None:
    path = "/_fake/rate-limits"
    first = (await account.client.get(path)).json()
    lifted = (await account.client.put(path, json={"rate_limits": False})).json()
    many = {(await ask(account, "POST", "purge-queue")).status_code for _ in range(20)}
    again = (await account.client.put(path, json={"rate_limits": True})).json()

    assert (lifted, many) == ({"rate_limits": False}, {200})
    assert first == again
    assert first["rate_limits"]["run"] == {"requests": 1000, "concurrent": 200, "per_worker": 25}


async def test_a_reset_counts_anew_and_returns_to_the_seeds_limits(account: Account) -> None:
    account.app.load({"rate_limits": {"run": {"requests": 1}}})
    await ask(account, "POST", "run")
    await account.client.put("/_fake/rate-limits", json={"rate_limits": False})

    await account.client.post("/_fake/reset")

    assert [(await ask(account, "POST", "run")).status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("off", "'rate_limits' is 'off'; it must be true, false or an object"),
        (0, "'rate_limits' is 0; it must be true, false or an object"),
        (
            {"health": {}},
            "unknown rate limit 'health'; known are runsync, run, status, cancel, purge-queue, requests",
        ),
        ({"run": 5}, "rate limit 'run' is 5; it must be an object"),
        (
            {"run": {"burst": 1}},
            "unknown field of rate limit 'run' 'burst'; known are requests, concurrent, per_worker",
        ),
        (
            {"run": {"requests": -1}},
            "'requests' of rate limit 'run' is -1; it must be a whole number from 0 to 1000000",
        ),
        (
            {"run": {"requests": None}},
            "'requests' of rate limit 'run' is None; it must be a whole number from 0 to 1000000",
        ),
        (
            {"run": {"concurrent": True}},
            "'concurrent' of rate limit 'run' is True; it must be a whole number from 0 to 1000000",
        ),
    ],
)
@pytest.mark.parametrize("path", ["/_fake/rate-limits", "/_fake/state"])
async def test_a_setting_that_is_none_is_refused(
    account: Account, path: str, setting: Any, said: str
) -> None:
    before = (await account.client.get("/_fake/rate-limits")).json()

    answer = await account.client.put(path, content=json.dumps({"rate_limits": setting}))

    assert (answer.status_code, answer.json()) == (400, {"error": said})
    assert (await account.client.get("/_fake/rate-limits")).json() == before


async def test_another_field_beside_the_setting_is_refused(account: Account) -> None:
    answer = await account.client.put("/_fake/rate-limits", json={"limits": False})

    assert answer.json() == {"error": "unknown field 'limits'; known is rate_limits"}
