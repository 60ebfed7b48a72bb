"""Bodies: bounded, and read as JSON."""

import json

import pytest
from starlette.requests import Request
from starlette.types import Message

from fakes.kit.bodies import bounded, compact_json, json_object, readable, strict_json
from fakes.kit.errors import ProviderError


class Sender:
    """A client that sends pieces of 10 bytes, and counts how many were taken."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.taken = 0

    async def __call__(self) -> Message:
        self.taken += 1
        return {"type": "http.request", "body": b"0123456789", "more_body": self.taken < self.count}

    def request(self) -> Request:
        return Request({"type": "http", "method": "POST", "headers": []}, self)


async def test_a_body_within_its_limit_is_read_whole() -> None:
    assert await bounded(Sender(3).request(), 30).body() == b"0123456789" * 3


async def test_a_body_over_its_limit_is_heard_out_and_refused() -> None:
    sender = Sender(4)

    with pytest.raises(ProviderError) as caught:
        await bounded(sender.request(), 30).body()

    assert (caught.value.status, sender.taken) == (413, 4)


async def test_a_body_without_end_is_refused_in_the_words_that_were_asked_for() -> None:
    sender = Sender(1_000_000)

    with pytest.raises(ProviderError, match="enough"):
        await bounded(sender.request(), 30, ProviderError(400, "enough")).body()

    assert sender.taken == 13


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a": ', "}")])
def test_json_that_could_not_be_written_again_from_within_more_calls_is_refused(
    opening: str, closing: str
) -> None:
    deepest = strict_json(opening * 500 + "1" + closing * 500)

    assert json.loads(json.dumps(deepest)) == deepest
    with pytest.raises(ValueError, match="nested too deeply"):
        strict_json(opening * 501 + "1" + closing * 501)


def test_many_values_beside_each_other_are_not_deep() -> None:
    assert strict_json("[" + "[1], " * 1000 + '"' + "[" * 1000 + '"]') == [*([1],) * 1000, "[" * 1000]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not valid JSON"),
        (b"\xff", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[]", "not a JSON object"),
    ],
)
def test_what_is_no_json_object_is_said_to_be_none(body: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        json_object(body)


def test_an_empty_body_is_an_empty_object_and_the_way_out_has_no_spaces() -> None:
    assert (json_object(b" "), compact_json({"a": ["é"]})) == ({}, '{"a":["é"]}'.encode())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('["\\ud800"]', "surrogates not allowed"),
        ("[1e999]", "a number is inf"),
        ("[NaN]", "a number is nan"),
        ("[" + "9" * 301 + "]", "a number has too many digits"),
        ("[" * 100_000, "values are nested too deeply"),
    ],
)
def test_json_that_could_not_be_stored_or_sent_on_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        strict_json(text)


def test_json_in_utf8_says_what_it_says_and_other_answers_are_texts() -> None:
    said = strict_json(b'\xef\xbb\xbf{"a": [1, 2.5, "\\ud83d\\ude00"]}')

    assert said == {"a": [1, 2.5, "\U0001f600"]}
    assert (readable(b"[1]"), readable(b"[NaN]")) == ([1], "[NaN]")
