"""Whatever a stranger sends is answered in RunPod's shape, and never by 500."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.kit.errors import ProviderError
from fakes.runpod.isolation import namings
from fakes.runpod.wire import RUN_LIMIT_BYTES, Submission, submission
from tests.fakes.runpod.conftest import Account

FIELDS = ("input", "webhook", "policy", "ttl", "executionTimeout", "s3Config", "model", "volume_path")
INVALID = "json is invalid; max size is 10 MB"


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def body(**fields: Any) -> bytes:
    return encoded({"input": {"mock_return": 1}, **fields})


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b" ",
        b"{",
        b"input=1",
        b"\xff\xfe\x00",
        b"\x1f\x8b\x08\x00gzip",
        b'{"input": NaN}',
        b'{"input": -Infinity}',
        b'{"input": 1e999}',
        b'{"input": ' + b"9" * 5000 + b"}",
        b'{"input": "\\ud800"}',
        b'{"input": "\xed\xa0\x80"}',
        b'{"input": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"input": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"input": {"a": 1}} {"input": {"a": 2}}',
    ],
)
async def test_a_body_that_is_no_json_is_refused(account: Account, sent: bytes) -> None:
    answer = await account.client.post("/v2/staging-clip/run", content=sent)

    assert (answer.status_code, answer.json()) == (400, {"error": INVALID})


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"[]", "the body has no field 'input'"),
        (b'"input"', "the body has no field 'input'"),
        (b"null", "the body has no field 'input'"),
        (b"{}", "the body has no field 'input'"),
        (b'{"Input": {}}', "the body has no field 'input'"),
        (body(webhook=5), "'webhook' is not a string"),
        (body(webhookV2=["http://127.0.0.1/"]), "'webhookV2' is not a string"),
        (body(webhook="http://127.0.0.1/" + "x" * 8000), "'webhook' has 8017 characters; it may have 8000"),
        (body(policy=[]), "'policy' is not an object"),
        (body(policy="fast"), "'policy' is not an object"),
        (body(policy={"ttl": 5}), "policy 'ttl' is 5; it must be from 10000 to 604800000 ms"),
        (
            body(policy={"ttl": 604_800_001}),
            "policy 'ttl' is 604800001; it must be from 10000 to 604800000 ms",
        ),
        (body(policy={"ttl": 1e4}), "policy 'ttl' is 10000.0; it must be from 10000 to 604800000 ms"),
        (
            body(policy={"executionTimeout": 4999}),
            "policy 'executionTimeout' is 4999; it must be from 5000 to 604800000 ms",
        ),
        (
            body(policy={"executionTimeout": True}),
            "policy 'executionTimeout' is True; it must be from 5000 to 604800000 ms",
        ),
        (
            body(policy={"executionTimeout": "x" * 5000}),
            f"policy 'executionTimeout' is '{'x' * 99}; it must be from 5000 to 604800000 ms",
        ),
        (body(policy={"lowPriority": 1}), "policy 'lowPriority' is 1; it must be true or false"),
        (body(s3Config="s3://bucket"), "'s3Config' is not an object"),
    ],
)
async def test_a_body_that_is_no_job_is_refused(account: Account, sent: bytes, reason: str) -> None:
    answer = await account.client.post("/v2/staging-clip/run", content=sent)

    assert (answer.status_code, answer.json()) == (400, {"error": f"bad request: {reason}"})


@pytest.mark.parametrize(
    "sent",
    [
        body(),
        b"\xef\xbb\xbf" + body(),
        body(webhook=None, webhookV2=None, policy=None, s3Config=None),
        body(webhook="", policy={}),
        body(policy={"executionTimeout": 5000, "ttl": 604_800_000, "lowPriority": False}),
        body(unheard="of", id="mine", status="COMPLETED"),
        b'{"input": {"mock_error": true}, "input": {"mock_return": 1}}',
    ],
)
async def test_what_else_a_body_holds_does_not_matter(account: Account, sent: bytes) -> None:
    answer = await account.client.post("/v2/staging-clip/run", content=sent)

    done = await account.end(answer.json()["id"])
    assert (done["status"], done["output"]) == ("COMPLETED", 1)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
async def test_the_content_type_does_not_matter(account: Account, kind: str) -> None:
    answer = await account.client.post("/v2/staging-clip/run", content=body(), headers={"Content-Type": kind})

    assert answer.status_code == 200


@pytest.mark.parametrize("given", ["text", ["a", "list"], 7, 0.5, True])
async def test_an_input_of_another_kind_is_the_handlers_affair(account: Account, given: Any) -> None:
    failed = await account.end(await account.run(given))

    assert (failed["status"], failed["error"]) == ("FAILED", "input must be an object")


@pytest.mark.parametrize("given", [None, {}, [], "", 0, False])
async def test_an_input_of_nothing_is_taken_and_never_answered(account: Account, given: Any) -> None:
    lost = await account.end(await account.run(given))

    assert (lost["status"], lost["error"]) == ("FAILED", "job timed out after 1 retries")


@pytest.mark.parametrize(
    "given",
    [
        {"mock_delay": "soon", "mock_return": 1},
        {"mock_delay": -1, "mock_return": 1},
        {"mock_delay": None, "mock_return": 1},
        {"mock_delay": 1e300, "mock_return": 1},
        {"mock_delay": 10**299, "mock_return": 1},
        {"mock_progress": {"a": [1]}, "mock_return": 1},
        {"mock_return": None},
        {"": 1, "namespace": None, "mock_return": 1},
        {"a" * 10_000: 1, "mock_return": 1},
    ],
)
async def test_switches_of_any_kind_are_read(account: Account, given: Any) -> None:
    job = await account.run(given)

    assert (await account.status(job))["status"] in ("IN_PROGRESS", "COMPLETED")


@pytest.mark.parametrize(("path", "limit_mb"), [("run", 10), ("runsync", 20)])
async def test_a_body_over_the_limit_is_refused(account: Account, path: str, limit_mb: int) -> None:
    sent = b'{"input": {"mock_return": "' + b"x" * limit_mb * 1_000_000 + b'"}}'

    answer = await account.client.post(f"/v2/staging-clip/{path}", content=sent)

    assert (answer.status_code, answer.json()) == (
        400,
        {"error": f"json is invalid; max size is {limit_mb} MB"},
    )


async def test_a_body_at_the_limit_is_taken(account: Account) -> None:
    head, tail = b'{"input": {"mock_return": 1, "pad": "', b'"}}'
    sent = head + b"x" * (RUN_LIMIT_BYTES - len(head) - len(tail)) + tail

    answer = await account.client.post("/v2/staging-clip/run", content=sent)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("query", "name"),
    [("wait=long", "wait"), ("wait=-1", "wait"), ("wait=1.5", "wait"), ("wait=\u0663000", "wait")],
)
async def test_a_time_that_is_no_number_is_refused(account: Account, query: str, name: str) -> None:
    value = query.partition("=")[2]

    answer = await account.client.post(f"/v2/staging-clip/runsync?{query}", content=body())

    assert (answer.status_code, answer.json()) == (
        400,
        {"error": f"bad request: '{name}' is '{value}'; it must be a number of milliseconds"},
    )
    assert account.state.summary()["jobs"] == {}


@pytest.mark.parametrize("job_id", ["%00", "a%2Fb", "%F0%9F%92%A9", "..", "' OR 1=1 --", "x" * 5000, "%ff"])
@pytest.mark.parametrize("operation", ["status", "stream", "cancel", "retry"])
async def test_no_id_of_a_stranger_does_harm(account: Account, operation: str, job_id: str) -> None:
    answer = await account.client.post(f"/v2/staging-clip/{operation}/{job_id}")

    assert answer.status_code in (404, 501)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner),
)


@given(st.binary() | st.one_of(JSON, JSON.map(lambda given: {"input": given})).map(encoded))
def test_any_body_is_a_job_or_is_refused(sent: bytes) -> None:
    said = read(sent)

    assert said == 400 or isinstance(said, Submission)
    if isinstance(said, Submission):
        assert all(naming.parts for naming in namings([said.input, said.s3_config]))


def read(sent: bytes) -> Submission | int:
    """The job in a body, or the status that it is refused with."""
    try:
        return submission(sent, RUN_LIMIT_BYTES)
    except ProviderError as error:
        return error.status
