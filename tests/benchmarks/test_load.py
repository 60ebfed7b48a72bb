import json
from collections.abc import Iterator

import pytest

from benchmarks.load import Connection, do, send
from benchmarks.server import message
from tests.fakes.serving import served

LOOK = message("GET /_fake/health", {})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served("runpod") as fakes:
        yield int(fakes.url("runpod").rpartition(":")[2])


def test_every_request_is_sent_once_over_all_connections(port: int) -> None:
    run = send(port, [LOOK] * 50, 4)

    assert len(run.each_ms) == 50


def test_a_piece_of_work_asks_with_what_was_answered_before(port: int) -> None:
    answers: list[bytes] = []

    async def work(connection: Connection) -> None:
        answers.append(await connection.ask(LOOK))
        answers.append(await connection.ask(LOOK))

    run = do(port, [work], 1)

    said = [json.loads(answer) for answer in answers]
    assert (len(run.each_ms), said) == (1, [{"status": "ok", "fake": "runpod"}] * 2)


def test_an_answer_other_than_200_ends_the_load(port: int) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(RuntimeError, match="401")):
        send(port, [message("GET /v2/staging-whisper/health", {})], 1)
