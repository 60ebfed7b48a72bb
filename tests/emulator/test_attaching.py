"""`env --attach` and `fake runpod --attach`, against the real process of the fakes."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.emulator.project import Project

pytestmark = pytest.mark.slow

KNOWN = "there are staging-blip, staging-clip, staging-motion, staging-whisper"


def test_a_running_stack_tells_each_worker_what_it_is_started_with(with_fake: Project) -> None:
    found = with_fake.json("env", "--attach", "whisper")
    again = with_fake.json("env", "--attach", "staging-whisper")

    url = f"http://127.0.0.1:{with_fake.port_base + 11}/v2/staging-whisper"
    assert found["RUNPOD_WEBHOOK_GET_JOB"] == f"{url}/job-take/$ID?gpu=FAKE"
    assert found["RUNPOD_WEBHOOK_PING"] == f"{url}/ping/$RUNPOD_POD_ID"
    assert found.keys() == again.keys()
    assert {name for name in found if found[name] != again[name]} == {"RUNPOD_POD_ID", "RUNPOD_POD_HOSTNAME"}
    assert _asked(with_fake.port_base + 11, "_fake/gpu")["attached"] == []


def test_a_shell_leaves_the_placeholders_to_the_package(with_fake: Project) -> None:
    printed = with_fake.run("env", "--attach", "whisper").stdout

    said = subprocess.run(
        ["sh", "-euc", f'{printed}\nprintf %s "$RUNPOD_WEBHOOK_POST_OUTPUT"'],
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )

    assert said.stdout.endswith("/v2/staging-whisper/job-done/$RUNPOD_POD_ID/$ID?gpu=FAKE")


def test_an_endpoint_that_is_not_there_is_refused_with_those_that_are(with_fake: Project) -> None:
    done = with_fake.run("env", "--attach", "clap")

    assert done.returncode == 4
    assert f"there is no endpoint 'clap' to attach to; {KNOWN}" in done.stderr


def test_a_lone_fake_prints_the_environment_alone_and_lets_jobs_wait(real_fakes: Project) -> None:
    port = real_fakes.port_base + 20
    words = ("fake", "runpod", "--port", str(port), "--attach", "whisper", "--attach", "blip", "--json")
    with real_fakes.started(*words, stderr=subprocess.DEVNULL) as fake:
        printed = _until(fake, "\n}\n")
        job = _asked(port, "v2/staging-blip/run", {"input": {"mock_return": 1}})
        health = _asked(port, "v2/staging-blip/health")

        fake.send_signal(signal.SIGINT)
        rest, _ = fake.communicate(timeout=10)

    envs = json.loads(printed)
    assert list(envs) == ["staging-whisper", "staging-blip"]
    assert [env["RUNPOD_ENDPOINT_ID"] for env in envs.values()] == list(envs)
    assert envs["staging-blip"]["RUNPOD_POD_ID"] != envs["staging-whisper"]["RUNPOD_POD_ID"]
    assert (job["status"], health["jobs"]["inQueue"], rest) == ("IN_QUEUE", 1, "")


def test_a_lone_fake_prints_it_for_a_shell(real_fakes: Project) -> None:
    port = real_fakes.port_base + 20
    words = ("fake", "runpod", "--port", str(port), "--attach", "whisper")
    with real_fakes.started(*words, stderr=subprocess.DEVNULL) as fake:
        printed = _until(fake, "export RUNPOD_ALLOW_PRIVATE_DOWNLOAD_URLS=true\n")
        fake.send_signal(signal.SIGINT)

    lines = printed.splitlines()
    assert lines[0] == "# staging-whisper"
    assert f"'http://127.0.0.1:{port}/v2/staging-whisper/job-take/$ID?gpu=FAKE'" in lines[1]
    assert all(line.startswith("export RUNPOD_") for line in lines[1:])


def test_a_lone_fake_that_cannot_be_attached_to_is_not_served(real_fakes: Project) -> None:
    port = str(real_fakes.port_base + 20)

    unknown = real_fakes.run("fake", "runpod", "--port", port, "--attach", "clap")
    other = real_fakes.run("fake", "cloudinary", "--port", port, "--attach", "whisper")

    assert (unknown.returncode, other.returncode) == (4, 4)
    assert f"there is no endpoint 'clap' to attach to; {KNOWN}" in unknown.stderr
    assert "nothing can be attached to fake 'cloudinary'" in other.stderr


def _until(fake: subprocess.Popen[str], end: str) -> str:
    """What a fake prints up to here; it does not wait for ever itself."""
    assert fake.stdout is not None
    printed = ""
    while not printed.endswith(end):
        line = fake.stdout.readline()
        assert line, f"it ended after {printed!r}"
        printed += line
    return printed


def _asked(port: int, path: str, body: Any = None) -> Any:
    headers = {"Authorization": "rpa_staging_0000000000000000000000000000"}
    asked = Request(f"http://127.0.0.1:{port}/{path}", body and json.dumps(body).encode(), headers)
    with urlopen(asked, timeout=5) as answer:
        return json.load(answer)
