"""What an agent tells of a deployment, and what it is told."""

import tempfile
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from fakes.kit.bodies import compact_json
from fakes.kit.deployments import Line, Progress, agent_routes, read_progress
from fakes.kit.orders import Agent


def test_lines_are_texts_or_objects() -> None:
    lines = ["a", {"message": "b", "severity": "error", "stage": "build"}]

    told = read_progress(compact_json({"state": "SUCCESS", "logs": lines, "url": "http://127.0.0.1:1"}))

    expected = (Line("a"), Line("b", "error", "build"))
    assert told == Progress("SUCCESS", expected, "http://127.0.0.1:1")


def test_nothing_need_be_told() -> None:
    assert read_progress(b"") == Progress(None, (), None)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (["SUCCESS"], "the body is not a JSON object"),
        ({"status": "SUCCESS"}, "unknown field 'status'; known are state, logs, url"),
        ({"state": 1}, "state is 1; it must be a text"),
        ({"url": ["a"]}, "url is ['a']; it must be a text"),
        ({"logs": "a"}, "logs must be a list"),
        ({"logs": [1]}, "logs[0] must be a text, or an object with a message"),
        (
            {"logs": [{"message": "a", "at": 1}]},
            "unknown field of logs[0] 'at'; known are message, severity, stage",
        ),
        (
            {"logs": [{"message": "a", "stage": "test"}]},
            "logs[0] has a severity that is no text, or a stage besides build and deploy",
        ),
    ],
)
def test_what_cannot_be_read_is_named(body: Any, words: str) -> None:
    with pytest.raises(ValueError) as refused:
        read_progress(compact_json(body))

    assert str(refused.value) == words


def test_a_tree_that_goes_while_it_is_packed_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Handing:
        def files(self, _deployment: str) -> Path:
            return tmp_path / "gone"

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    app = Starlette(routes=agent_routes(cast(Agent, Handing()), lambda _id, _progress: {}))

    answer = TestClient(app, raise_server_exceptions=False).get("/_fake/deployments/d/files")

    assert answer.status_code == 500
    assert list(tmp_path.iterdir()) == []
