"""Unmodified client libraries with the providers' hosts written in them, in the network of the stack."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from docker import DockerClient

from emulator.profiles import TRUST
from fakes import FAKES
from fakes.realhosts import fake_of_host
from tests.docker.conftest import NewProject
from tests.docker.projects import BUILD_WITHIN_S, LABEL, OURS, ComposeProject
from tests.engine import CHECKOUT

CLIENTS = CHECKOUT / "tests" / "docker" / "clients"
MODULES = CHECKOUT / "tests" / "sdk" / "node" / "node_modules"
CA = "/run/clipnet/ca"
RUN_WITHIN_S = 60
ASK = """
import json, socket, sys

def known(name):
    try:
        socket.getaddrinfo(name, 443)
    except socket.gaierror:
        return False
    return True

print(json.dumps([known(name) for name in sys.argv[1:]]))
"""


@pytest.fixture(scope="module")
def image(docker_engine: DockerClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Client libraries in an image that has nothing of this project."""
    folder = tmp_path_factory.mktemp("clients")
    for path in (CLIENTS / "Dockerfile", CHECKOUT / "requirements.lock"):
        shutil.copy(path, folder)
    name = f"{OURS}-clients"
    command = ["docker", "build", "--quiet", "--tag", name, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_WITHIN_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return name


class Inside:
    """Runs programs in containers beside the stack, with no other settings than whom to trust."""

    def __init__(self, engine: DockerClient, image: str, project: ComposeProject) -> None:
        self._engine, self._image, self._project = engine, image, project
        labels = [f"{LABEL}={project.name}", "com.docker.compose.service=api"]
        (api,) = engine.containers.list(filters={"label": labels})
        given = dict(text.split("=", 1) for text in api.attrs["Config"]["Env"])
        self.trust = {name: given[name] for name in TRUST}

    def run(self, *command: str, env: Mapping[str, str] | None = None, **volumes: str) -> Any:
        """Return the JSON that a program prints."""
        mounts = {f"{self._project.name}_ca": {"bind": CA, "mode": "ro"}}
        mounts |= {str(CLIENTS): {"bind": "/clients", "mode": "ro"}}
        mounts |= {path: {"bind": place, "mode": "ro"} for place, path in volumes.items()}
        container = self._engine.containers.create(
            self._image,
            list(command),
            network=f"{self._project.name}_stack",
            dns=["127.0.0.1"],
            dns_opt=["timeout:1", "attempts:1"],
            environment={**self.trust, **(env or {})},
            volumes=mounts,
            labels={LABEL: self._project.name},
        )
        try:
            container.start()
            code = container.wait(timeout=RUN_WITHIN_S)["StatusCode"]
            assert code == 0, container.logs(stdout=False).decode()
            output = container.logs(stderr=False)
        finally:
            container.remove(force=True, v=True)
        return json.loads(output)


@pytest.fixture(scope="module")
def inside(docker_engine: DockerClient, image: str, composed: ComposeProject) -> Inside:
    return Inside(docker_engine, image, composed)


PYTHON_TRUST = {"PYTHONPATH": f"{CA}/python"}
"""For programs that ask certifi whom to trust, whatever the environment says: Cloudinary's library."""


def test_cloudinarys_library_uploads_and_delivers(inside: Inside) -> None:
    said = inside.run("python", "cloudinary_sdk.py", env=PYTHON_TRUST)

    assert [url.split("/image/")[0] for url in said["urls"]] == [
        "http://res.cloudinary.com/staging",
        "https://res.cloudinary.com/staging",
        "https://res.cloudinary.com/staging",
    ]
    assert said["statuses"] == [200, 200, 200]
    assert said["listed"] == [said["urls"][1]]


def test_runpods_library_runs_a_job_on_a_picture_at_cloudinary(inside: Inside) -> None:
    picture = inside.run("python", "cloudinary_sdk.py", env=PYTHON_TRUST)["urls"][1]

    said = inside.run("python", "runpod_sdk.py", picture)

    assert said == {"status": "COMPLETED", "has_caption": True}


def test_googles_libraries_log_in_and_upload(inside: Inside, composed: ComposeProject) -> None:
    said = inside.run("python", "google_sdk.py", f"{composed.url('api')}/v1/oauth/google/callback")

    assert said == {
        "issuer": "https://accounts.google.com",
        "upload": "https://youtube.googleapis.com/upload/youtube/v3/videos",
        "title": "By name",
        "thumbnail": "https://i.ytimg.com/vi",
    }


def test_the_platforms_libraries_post(inside: Inside) -> None:
    said = inside.run("python", "platforms.py")

    assert said == {"x": "by name", "discord": "clipnet", "twitch": 200, "tiktok": "access_token_invalid"}


def test_node_uploads_and_delivers(inside: Inside) -> None:
    program = shutil.which("node")
    if program is None or not MODULES.is_dir():
        pytest.skip("Node.js or its libraries are missing: npm ci --prefix tests/sdk/node")

    said = inside.run(
        "node",
        "node.js",
        env={"NODE_PATH": "/node_modules"},
        **{"/usr/local/bin/node": str(Path(program).resolve()), "/node_modules": str(MODULES)},
    )

    assert said == {
        "hosts": ["http://res.cloudinary.com", "https://res.cloudinary.com", "https://res.cloudinary.com"],
        "statuses": [200, 200, 200],
        "issuer": "https://id.twitch.tv/oauth2",
        "runpod": 200,
    }


def test_the_clouds_names_are_known_inside_and_no_others(inside: Inside) -> None:
    clouds = sorted(fake_of_host(FAKES))
    others = ["api.clipnet.ai", "cloudinary.com", "youtube.com", "example.com"]

    said = inside.run("python", "-c", ASK, *clouds, *others)

    assert dict(zip((*clouds, *others), said, strict=True)) == {
        **dict.fromkeys(clouds, True),
        **dict.fromkeys(others, False),
    }


def test_only_the_fakes_have_the_key_and_api_and_worker_cannot_write_the_certificate(
    composed: ComposeProject,
) -> None:
    held = {
        name: composed.execute(name, "sh", "-c", "find / -name '*.key' -path '*clip*' 2>/dev/null").stdout
        for name in ("fakes", "api", "worker")
    }
    mode = composed.execute("fakes", "stat", "-c", "%a", "/var/lib/clipnet/fakes/tls/server.key").stdout
    written = [composed.execute(name, "touch", f"{CA}/x").returncode for name in ("api", "worker")]

    assert held == {"fakes": "/var/lib/clipnet/fakes/tls/server.key\n", "api": "", "worker": ""}
    assert (mode.strip(), 0 in written) == ("600", False)


def test_production_is_refused_and_recorded_by_its_real_name_too(
    inside: Inside, composed: ComposeProject
) -> None:
    program = (
        "import httpx, json;"
        "print(json.dumps(httpx.get('https://api.cloudinary.com/v1_1/prod/resources/image',"
        " auth=('999888777666555', 'x')).status_code))"
    )

    status = inside.run("python", "-c", program)

    found = composed.execute("api", "python", "-c", VIOLATIONS).stdout
    assert (status, "/v1_1/prod/resources/image" in found) == (401, True)


VIOLATIONS = (
    "import urllib.request;"
    "print(urllib.request.urlopen('http://fakes:8410/_fake/requests?violations=1').read().decode())"
)


def test_who_comes_by_a_published_port_is_given_addresses_on_it(composed: ComposeProject) -> None:
    found = {
        name: httpx.get(f"{composed.url(name)}{path}", trust_env=False).json()["issuer"]
        for name, path in DISCOVERY.items()
    }

    assert found == {"google": composed.url("google"), "twitch": f"{composed.url('twitch')}/oauth2"}


def test_what_is_turned_off_is_not_served_and_the_certificate_is_there_all_the_same(
    new_project: NewProject,
) -> None:
    project = new_project(CLIPNET_TLS="off")
    project.run("up", "--wait", "fakes")

    ports = project.execute("fakes", "python", "-c", LISTENING).stdout
    found = project.execute("fakes", "cat", f"{CA}/ca.pem").stdout

    assert (ports, found.startswith("-----BEGIN CERTIFICATE-----")) == ("[False, False, True]\n", True)


DISCOVERY = {
    "google": "/.well-known/openid-configuration",
    "twitch": "/oauth2/.well-known/openid-configuration",
}
LISTENING = (
    "import socket;print([socket.socket().connect_ex(('127.0.0.1', port)) == 0 for port in (443, 80, 8410)])"
)
