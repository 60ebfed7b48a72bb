from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator.logs import Follower, Line, as_json, merged, short, tail


def test_the_tail_stops_at_the_offset(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_text("old\nnew 1\nnew 2\n")

    assert (tail(log, 5, offset=4), tail(log, 1), tail(tmp_path / "none", 5)) == (
        ("new 1", "new 2"),
        ("new 2",),
        (),
    )


def test_a_follower_yields_complete_lines_and_notices_a_new_file(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_text("before\n")
    follower = Follower({"api": log})
    with log.open("a") as file:
        file.write("one\nhal")
    first = list(follower.new_lines())
    with log.open("a") as file:
        file.write("f\n")
    second = list(follower.new_lines())
    log.write_text("x\n")

    assert first == [Line("api", "one")]
    assert second == [Line("api", "half")]
    assert list(follower.new_lines()) == [Line("api", "x")]


def test_logs_are_merged_by_time(tmp_path: Path) -> None:
    (tmp_path / "a").write_text('{"ts": "2026-01-01T10:00:02Z"}\nno time\n')
    (tmp_path / "b").write_text("2026-01-01 10:00:01.5 UTC [1] LOG\n2026-01-01 10:00:03 UTC [1] LOG\n")

    found = merged({"a": tmp_path / "a", "b": tmp_path / "b"}, 10)

    assert [line.service for line in found] == ["b", "a", "a", "b"]


def test_only_lines_that_are_shown_are_counted(tmp_path: Path) -> None:
    spans = "".join(f'{{"ts": "2026-01-01T10:00:0{second}Z", "event": "span"}}\n' for second in range(5))
    (tmp_path / "api").write_text('{"ts": "2026-01-01T10:00:00Z", "event": "ready"}\n' + spans)
    files = {"api": tmp_path / "api"}

    shown = merged(files, 2, lambda line: short(line) is not None)

    assert [short(line) for line in shown] == ["10:00:00 ready"]
    assert merged(files, 0) == ()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        (
            json.dumps(
                {"ts": "2026-01-01T10:00:02.5Z", "level": "info", "event": "done", "service": "api", "n": 1}
            ),
            "10:00:02 done n=1",
        ),
        (json.dumps({"ts": "2026-01-01T10:00:02Z", "level": "error", "event": "bad"}), "10:00:02 ERROR bad"),
        (json.dumps({"event": "span", "name": "x"}), None),
        ("[1, 2]", "[1, 2]"),
    ],
)
def test_lines_are_short_for_people(text: str, shown: str | None) -> None:
    assert short(Line("api", text)) == shown


def test_lines_are_whole_for_programs() -> None:
    assert as_json(Line("api", '{"event": "x"}')) == {"event": "x", "service": "api"}
    assert as_json(Line("api", "text")) == {"service": "api", "message": "text"}
