"""What tests look like in a project that uses testcontainers: the stack is one more container to start."""

# ruff: noqa: D103 - a test says what it shows by its name

from collections.abc import Iterator

import httpx
import pytest

from emulator.testing import ClipnetStack


@pytest.fixture(scope="session")
def staging() -> Iterator[ClipnetStack]:
    """One stack for all tests."""
    with ClipnetStack() as stack:
        yield stack


@pytest.fixture
def stack(staging: ClipnetStack) -> ClipnetStack:
    """The stack as the seed leaves it: a reset takes milliseconds, a new stack seconds."""
    staging.reset()
    return staging


def test_an_upload_becomes_a_clip(stack: ClipnetStack) -> None:
    cleo = stack.sign_up("cleo@example.test")
    clip = stack.upload(cleo, stack.video("forecast"), title="The weather")

    ready = stack.wait_until(cleo, clip["id"])

    assert "heavy rain" in ready["transcript"]
    assert stack.database.value("SELECT state FROM clips WHERE id::text = $1", clip["id"]) == "ready"
    assert stack.fake("cloudinary").requests(path="/video/upload")


def test_an_upload_that_cloudinary_refuses_fails_in_words(stack: ClipnetStack) -> None:
    stack.fake("cloudinary").fault("error", status=401, path="*/upload*", method="POST")
    demo = stack.log_in()
    clip = stack.upload(demo, stack.video("forecast"))

    failed = stack.wait_until(demo, clip["id"], "failed")

    assert failed["error_code"] == "cloudinary_refused"
    assert [job.name for job in stack.queue.jobs("failed")] == ["clip:process"]


def test_a_program_beside_the_stack_gets_its_addresses(stack: ClipnetStack) -> None:
    health = httpx.get(f"{stack.api_url}/health").json()

    assert health["banner"] == "STAGING"
    assert stack.env["API_URL"] == stack.api_url
    assert stack.env["CLOUDINARY_URL"].startswith("cloudinary://")


def test_a_container_is_looked_into(stack: ClipnetStack) -> None:
    said, _, _ = stack.containers.exec_in_container(["redis-cli", "ping"], "redis")

    assert said.strip() == "PONG"
    assert "database system is ready" in stack.logs("postgres")
