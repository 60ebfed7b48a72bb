"""A Space really starts, is replaced, fails, and ends with the agent."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.platforms import space
from tests.emulator.platforms.conftest import World, until

pytestmark = pytest.mark.slow
SPACE = "clipnet-staging/clipnet-api"
API = f"/api/spaces/{SPACE}"
TOKEN = {"Authorization": "Bearer hf_stagingwrite0000000000000000000000"}
APP = """
import http.server, json, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"version": VERSION, "env": dict(os.environ), "argv": sys.argv[1:]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

print("listening", flush=True)
http.server.HTTPServer((os.environ["HOST"], int(PORT)), Handler).serve_forever()
"""
"""A program that shows what it was started with; VERSION and PORT are put before it."""


def app(version: int = 1, port: str = 'os.environ["PORT"]') -> str:
    return f"import os\nVERSION = {version}\nPORT = {port}\n{APP}"


def docker(command: str = 'CMD ["python", "app.py"]', port: int | None = None) -> dict[str, str]:
    """The files of a Docker Space with a program that listens."""
    card = "---\nsdk: docker\n" + (f"app_port: {port}\n" if port else "") + "---\n"
    return {"README.md": card, "Dockerfile": f"FROM python:3.13-slim\n{command}\n", "app.py": app()}


class Hub:
    """The Hub as a workflow sees it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.seen: list[str] = []

    async def create(self, sdk: str = "docker", **more: Any) -> None:
        body = {"name": "clipnet-api", "type": "space", "sdk": sdk, **more}
        (await self.client.post("/api/repos/create", json=body)).raise_for_status()

    async def commit(self, files: Mapping[str, str]) -> None:
        lines: list[dict[str, Any]] = [{"key": "header", "value": {"summary": "Deploy"}}]
        for path, text in files.items():
            content = base64.b64encode(text.encode()).decode()
            lines.append({"key": "file", "value": {"path": path, "content": content, "encoding": "base64"}})
        body = "\n".join(map(json.dumps, lines))
        headers = {"Content-Type": "application/x-ndjson"}
        answer = await self.client.post(f"{API}/commit/main", content=body, headers=headers)
        answer.raise_for_status()

    async def deploy(self, files: Mapping[str, str]) -> str:
        """A new Space of these files that runs; returns where."""
        await self.create()
        await self.commit(files)
        await self.becomes("RUNNING")
        return await self.url()

    async def runtime(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.client.get(f"{API}/runtime")).raise_for_status().json()
        if found["stage"] not in self.seen[-1:]:
            self.seen.append(found["stage"])
        return found

    async def becomes(self, stage: str) -> dict[str, Any]:
        found: dict[str, Any] = {}

        async def is_there() -> bool:
            found.update(await self.runtime())
            return bool(found["stage"] == stage)

        await until(is_there, lambda: f"{stage}, but {self.seen}: {found.get('errorMessage')}")
        return found

    async def url(self) -> str:
        listed = (await self.client.get("/_fake/spaces")).json()["deployments"]
        return str(listed[-1]["url"])


def hub(world: World) -> Hub:
    return Hub(world.client("huggingface", TOKEN))


async def said(url: str) -> dict[str, Any]:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        found: dict[str, Any] = (await client.get(url)).json()
        return found


def is_free(url: str) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) != 0


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def test_a_space_runs_with_its_variables_and_nothing_of_the_users(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the user's own")
    runs = hub(world)
    async with world.agent():
        await runs.create(
            secrets=[{"key": "TOKEN", "value": "s3cret"}], variables=[{"key": "COLOR", "value": "blue"}]
        )
        await runs.commit(docker("ENV COLOR=red SHAPE=round\nCMD python app.py", free_port()))
        await runs.becomes("RUNNING")
        url = await runs.url()
        env = (await said(url))["env"]
    log = world.folder.log("space-clipnet-staging--clipnet-api").read_text()

    wanted = {"TOKEN": "s3cret", "COLOR": "blue", "SHAPE": "round", "SPACE_ID": SPACE, "HOST": "127.0.0.1"}
    assert {name: env[name] for name in wanted} == wanted
    assert env["PORT"] == url.rpartition(":")[2]
    assert [name for name in env if name.startswith("AWS_")] == []
    assert env["HOME"].startswith(str(world.folder.path))
    assert ("listening" in log, is_free(url)) == (True, True)
    assert os.listdir(world.folder.path / "spaces") == []


async def test_a_new_version_takes_over_when_it_listens(world: World) -> None:
    runs = hub(world)
    async with world.agent():
        first = await runs.deploy(docker(port=free_port()))
        before = (await said(first))["version"]
        await runs.commit({"app.py": app(2)})
        await until(lambda: _has(runs, first), lambda: runs.seen)
        second = await runs.url()
        after = (await said(second))["version"]
        await until(lambda: is_free(first), lambda: "the first still listens")

    assert (before, after) == (1, 2)
    assert set(runs.seen) <= {"NO_APP_FILE", "BUILDING", "APP_STARTING", "RUNNING"} | {
        "RUNNING_BUILDING",
        "RUNNING_APP_STARTING",
    }


async def _has(runs: Hub, other: str) -> bool:
    found = await runs.runtime()
    return found["stage"] == "RUNNING" and await runs.url() not in (other, "None")


async def test_a_version_that_is_slower_than_a_newer_one_gives_up(world: World) -> None:
    runs, port, gate = hub(world), free_port(), world.folder.tmp / "gate"
    waits = f"import os, time\nwhile not os.path.exists({str(gate)!r}):\n    time.sleep(0.02)\n"
    async with world.agent():
        await runs.create()
        await runs.commit(docker(port=port) | {"app.py": waits + app(1)})
        await runs.becomes("APP_STARTING")
        await runs.commit({"app.py": app(2)})
        await runs.becomes("RUNNING")
        url = await runs.url()
        gate.touch()
        await until(lambda: len(os.listdir(world.folder.path / "spaces")) == 1, lambda: runs.seen)
        found = (await said(url))["version"]

    assert found == 2


async def test_a_program_that_listens_at_one_port_only_is_replaced_there(world: World) -> None:
    runs, port = hub(world), free_port()
    async with world.agent():
        files = docker(port=port) | {"app.py": app(1, str(port))}
        await runs.deploy(files)
        await runs.commit({"app.py": app(2, str(port))})

        async def is_second() -> bool:
            try:
                return bool((await said(f"http://127.0.0.1:{port}"))["version"] == 2)
            except httpx.HTTPError:
                return False

        await until(is_second, lambda: runs.seen)
        await runs.becomes("RUNNING")


async def test_a_port_in_the_command_is_the_one_that_is_free(world: World) -> None:
    runs = hub(world)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = f'CMD ["python", "app.py", "--host", "0.0.0.0", "--port", "{port}"]'
        async with world.agent():
            url = await runs.deploy(docker(command, port))
            argv = (await said(url))["argv"]

    chosen = url.rpartition(":")[2]
    assert (chosen != str(port), argv) == (True, ["--host", "127.0.0.1", "--port", chosen])


@pytest.mark.parametrize(
    ("family", "host", "bound"),
    [
        ("AF_INET", "0.0.0.0", "127.0.0.1"),
        ("AF_INET", "", "127.0.0.1"),
        ("AF_INET", "127.0.0.2", "127.0.0.2"),
        ("AF_INET6", "::", "::1"),
        ("AF_INET6", "", "::1"),
    ],
)
def test_a_python_program_that_would_listen_everywhere_listens_on_loopback(
    family: str, host: str, bound: str
) -> None:
    program = f"import socket; one = socket.socket(socket.{family}); one.bind(({host!r}, 0));"
    program += "print(one.getsockname()[0])"

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(space.LOOPBACK)},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )

    assert done.stdout.strip() == bound


async def test_a_program_that_says_all_addresses_in_its_code_runs(world: World) -> None:
    runs, port = hub(world), free_port()
    everywhere = app(1, str(port)).replace('os.environ["HOST"]', '"0.0.0.0"')
    async with world.agent():
        url = await runs.deploy(docker(port=port) | {"app.py": everywhere})
        found = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]  # noqa: ASYNC240

    assert url == f"http://127.0.0.1:{port}"
    assert {one for one in found if one.endswith(f":{port:04X}")} == {f"0100007F:{port:04X}"}


async def test_a_program_that_ends_at_once_is_a_runtime_error_with_its_words(world: World) -> None:
    runs = hub(world)
    async with world.agent():
        await runs.create()
        await runs.commit(docker(port=free_port()) | {"app.py": "import os\nos.environ['MISSING']\n"})
        found = await runs.becomes("RUNTIME_ERROR")

    assert found["errorMessage"].startswith("Exit code: 1. Reason: Traceback")
    assert found["errorMessage"].endswith("KeyError: 'MISSING'")


async def test_a_version_that_fails_is_told_by_its_own_words(world: World) -> None:
    runs = hub(world)
    with socket.socket() as taken:  # so that none takes the place of the one before it
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        async with world.agent():
            url = await runs.deploy(docker(port=taken.getsockname()[1]))
            asks = f"import os, urllib.request\nurllib.request.urlopen('{url}').read()\nos._exit(4)\n"
            await runs.commit({"app.py": asks})
            found = await runs.becomes("RUNTIME_ERROR")

    assert found["errorMessage"] == "Exit code: 4. Reason: it wrote nothing"


async def test_a_program_that_ends_later_is_a_runtime_error(world: World) -> None:
    runs = hub(world)
    dies = app().replace("self.wfile.write(body)", "os._exit(3)")
    async with world.agent():
        url = await runs.deploy(docker(port=free_port()) | {"app.py": dies})
        with pytest.raises(httpx.HTTPError):
            await said(url)
        found = await runs.becomes("RUNTIME_ERROR")

    assert found["errorMessage"].startswith("Exit code: 3. Reason: listening")


async def test_what_cannot_be_read_is_a_build_error(world: World) -> None:
    runs = hub(world)
    async with world.agent():
        await runs.create()
        await runs.commit({**docker(), "Dockerfile": "FROM scratch\n"})
        found = await runs.becomes("BUILD_ERROR")

    assert found["errorMessage"] == "the Dockerfile has neither CMD nor ENTRYPOINT"


async def test_a_program_that_is_not_installed_is_named(world: World) -> None:
    runs = hub(world)
    async with world.agent():
        await runs.create()
        await runs.commit(docker('CMD ["no-such-server"]'))
        found = await runs.becomes("RUNTIME_ERROR")

    words = "the Space runs 'no-such-server', which is not installed"
    assert found["errorMessage"].startswith(words)


async def test_a_name_that_no_process_can_have_is_a_runtime_error(world: World) -> None:
    runs = hub(world)
    async with world.agent():
        await runs.create()
        await runs.commit(docker('CMD ["python", "app.py", "a\\u0000b"]'))
        found = await runs.becomes("RUNTIME_ERROR")

    assert found["errorMessage"].startswith("the Space cannot be started: ")


async def test_a_pause_ends_the_program_and_a_restart_starts_it(world: World) -> None:
    runs = hub(world)
    async with world.agent():
        url = await runs.deploy(docker(port=free_port()))
        await runs.client.post(f"{API}/pause")
        await until(lambda: is_free(url), lambda: "it still listens")
        paused = (await runs.runtime())["stage"]
        await runs.client.post(f"{API}/restart")
        await runs.becomes("RUNNING")
        again = (await said(await runs.url()))["version"]

    assert (paused, again) == ("PAUSED", 1)


async def test_what_ran_runs_again_with_the_next_agent(world: World) -> None:
    runs = hub(world)
    async with world.agent():
        first = await runs.deploy(docker(port=free_port()))
    between = is_free(first)
    async with world.agent():
        await until(lambda: not is_free(first), lambda: "nothing listens")
        after = (await said(first))["version"]

    assert (between, after) == (True, 1)


async def test_a_reset_ends_what_runs(world: World) -> None:
    runs = hub(world)
    async with world.agent():
        url = await runs.deploy(docker(port=free_port()))
        await runs.client.post("/_fake/reset")
        await until(lambda: is_free(url), lambda: "it still listens")


@pytest.mark.parametrize("sdk", ["gradio", "static"])
async def test_other_kinds_of_spaces_run(world: World, sdk: str) -> None:
    runs = hub(world)
    async with world.agent():
        await runs.create(sdk)
        card = f"---\nsdk: {sdk}\napp_file: main.py\n---\n"
        await runs.commit({"README.md": card, "main.py": app(), "index.html": "<h1>one</h1>"})
        await runs.becomes("RUNNING")
        found = (await said(await runs.url()))["env"] if sdk == "gradio" else {}

    assert found.get("GRADIO_SERVER_NAME") == ("127.0.0.1" if sdk == "gradio" else None)
