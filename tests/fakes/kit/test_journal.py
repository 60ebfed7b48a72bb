"""The request journal and its masking."""

import json
import re

import pytest

from fakes.kit.journal import (
    BODY_LIMIT_BYTES,
    Entry,
    Journal,
    body_text,
    masked_headers,
    masked_paths,
    masked_query,
    trace_id_of,
)


def entry(path: str = "/a", trace_id: str | None = None) -> Entry:
    return Entry(id=0, at_s=0.0, method="GET", path=path, query="", headers={}, trace_id=trace_id)


def test_credentials_in_headers_are_cut_to_scheme_and_last_four() -> None:
    masked = masked_headers({"authorization": "Bearer abcdefghijklmnop", "cookie": "short", "accept": "*/*"})

    assert masked == {"authorization": "Bearer ***mnop", "cookie": "***", "accept": "*/*"}


def test_of_many_cookies_none_is_shown() -> None:
    assert masked_headers({"cookie": "session=abcdefgh; other=ijklmnop"}) == {"cookie": "***mnop"}


def test_an_address_in_a_header_loses_its_secrets() -> None:
    masked = masked_headers({"location": "http://a.test/back?code=abcdefghijkl&state=s", "etag": '"1"'})

    assert masked == {"location": "http://a.test/back?code=***ijkl&state=s", "etag": '"1"'}


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        (
            "application/json",
            b'{"access_token": "ya29.abcdefghij", "n": 1}',
            '{"access_token": "***ghij", "n": 1}',
        ),
        (
            "application/x-www-form-urlencoded",
            b"client_secret=hunter2hunter2&a=1",
            "client_secret=***ter2&a=1",
        ),
        (
            "application/json",
            b'{"transport": {"secret": "a \\"long, secret"}, "code": 50001, "token": ""}',
            '{"transport": {"secret": "***cret"}, "code": 50001, "token": ""}',
        ),
        (
            "application/json",
            b'{"upload_url": "http://a.test/?upload_id=1234567890&upload_token=abcdefghijkl"}',
            '{"upload_url": "http://a.test/?upload_id=***7890&upload_token=***ijkl"}',
        ),
        ("application/json", b'{"delete_token": "0123456789abcdef"}', '{"delete_token": "***cdef"}'),
        (
            "application/x-www-form-urlencoded",
            b"code=abcdefghijkl&token=mnopqrstuv&token_type_hint=access_token&error_code=1",
            "code=***ijkl&token=***stuv&token_type_hint=access_token&error_code=1",
        ),
        ("video/mp4", b"\x00\x01", None),
        ("application/json", b"", None),
    ],
)
def test_bodies_are_shown_as_text_without_secrets(
    content_type: str, body: bytes, expected: str | None
) -> None:
    assert body_text(body, content_type) == expected


def test_a_query_loses_its_secrets() -> None:
    assert masked_query("id=1&upload_token=abcdefghijkl") == "id=1&upload_token=***ijkl"
    assert masked_query("__any_token__=exp=1~hmac=abcdefgh") == "__any_token__=***efgh"


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/hooks/1/abcdefghijkl/messages", "/hooks/1/***ijkl/messages"), ("/users/1", "/users/1")],
)
def test_a_path_loses_the_token_that_it_carries(path: str, expected: str) -> None:
    assert masked_paths(path, re.compile("/hooks/[^/]+/([^/]+)")) == expected


def noted(body: str, *secrets: str, size_bytes: int = 0) -> str | None:
    journal, one = Journal(), entry()
    journal.open(one)
    journal.conceal(secrets)
    one.request_bytes = size_bytes
    one.note_bodies(body, None)
    return one.request_body


def test_what_a_fake_conceals_is_in_no_body_however_it_is_quoted() -> None:
    body = {"value": 'a "é', "query": 'set(value: "a \\"é")', "said": "é"}

    for is_ascii in (True, False):
        found = noted(json.dumps(body, ensure_ascii=is_ascii), 'a "é', "")
        assert found is not None
        assert json.loads(found) == {"value": "***", "query": 'set(value: "***")', "said": "é"}


def test_a_body_that_was_cut_is_not_kept_when_something_of_it_is_concealed() -> None:
    assert noted('"secr', "secret", size_bytes=BODY_LIMIT_BYTES + 1) is None
    assert noted('"text', size_bytes=BODY_LIMIT_BYTES + 1) == '"text'


def test_the_journal_is_bounded_and_found_by_trace_and_violation() -> None:
    journal = Journal(limit=3)
    for number in range(5):
        journal.open(entry(f"/{number}", trace_id="t" if number % 2 else None))
    journal.violation("reached for production")

    assert [one.path for one in journal.find()] == ["/2", "/3", "/4"]
    assert [one.path for one in journal.find(limit=2)] == ["/3", "/4"]
    assert journal.find(limit=0) == []
    assert [one.path for one in journal.find(trace_id="t")] == ["/3"]
    assert [one.path for one in journal.find(violations=True)] == ["/4"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "0af7651916cd43dd8448eb211c80319c"),
        ("nonsense", None),
        (None, None),
    ],
)
def test_the_trace_id_comes_out_of_traceparent(header: str | None, expected: str | None) -> None:
    assert trace_id_of(header) == expected
