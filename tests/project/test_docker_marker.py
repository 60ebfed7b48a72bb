"""Tests that need Docker say what is missing, and where nothing may be skipped they fail."""

import os
import subprocess
import sys
from pathlib import Path

from tests.engine import CHECKOUT, base_images

EXAMPLE = """
import pytest

@pytest.mark.docker
def test_in_docker():
    pass
"""


def run_without_engine(folder: Path, **env: str) -> str:
    """Run a test that needs Docker where no engine answers, and return what pytest said."""
    (folder / "test_example.py").write_text(EXAMPLE)
    inherited = {name: value for name, value in os.environ.items() if name != "TESTS_MUST_NOT_SKIP"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "tests.conftest", "-rs"],
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(CHECKOUT), "DOCKER_HOST": f"unix://{folder}/no.sock", **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout


def test_without_an_engine_a_test_is_skipped_with_the_reason(tmp_path: Path) -> None:
    said = run_without_engine(tmp_path)

    assert "1 skipped" in said
    assert "no Docker engine answers" in said


def test_without_an_engine_a_test_fails_where_nothing_may_be_skipped(tmp_path: Path) -> None:
    said = run_without_engine(tmp_path, TESTS_MUST_NOT_SKIP="1")

    assert "1 error" in said
    assert "skipped where nothing may be skipped" in said


def test_the_images_that_are_needed_are_those_of_the_files() -> None:
    assert base_images() == ["postgres:18", "python:3.13-slim", "rclone/rclone:1", "redis:8"]
