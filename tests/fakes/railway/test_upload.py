"""What `railway up` sends."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping

import httpx
import pytest

from fakes.railway.state import seeding
from tests.fakes.orders import handed_over, orders
from tests.fakes.railway.conftest import API, Api, violations_of
from tests.fakes.serving import Served, served

UP = f"/project/{seeding.STAGING_PROJECT_ID}/environment/{seeding.STAGING_ENVIRONMENT_ID}/up"
FILES = {"railway.json": b"{}", "clipnet/api/program.py": b"print('hello')\n"}


def archive(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def up(api: Api, content: bytes, path: str = UP, **query: str) -> httpx.Response:
    headers = {**api.headers, "Content-Type": "application/gzip"}
    return api.http.post(path, params=query, content=content, headers=headers)


def test_a_tree_is_deployed_and_kept(project: Api, running: Served) -> None:
    answer = up(project, archive(FILES), serviceId=API, message="from here").json()

    made = project.deployment(answer["deploymentId"])
    assert (made["status"], made["meta"]) == ("SUCCESS", {"reason": "deploy", "cliMessage": "from here"})
    assert answer["deploymentDomain"] == "api-staging.up.railway.app"
    assert answer["logsUrl"].endswith(f"?id={made['id']}#build")
    folder = running.folder / "railway-files" / made["id"]
    assert {name: (folder / name).read_bytes() for name in FILES} == FILES


def test_the_agent_is_handed_the_tree() -> None:
    with (
        served("railway", deployments="agent") as running,
        httpx.Client(base_url=running.url("railway"), trust_env=False, timeout=10) as http,
    ):
        project = Api(http, {"Project-Access-Token": seeding.PROJECT_TOKEN})
        made = up(project, archive(FILES), serviceId=API).json()["deploymentId"]

        (order,) = orders(http)

        assert (order["deployment"], order["commit"], order["action"]) == (made, None, "deploy")
        assert handed_over(http, made) == FILES


def test_a_tree_without_a_service_is_for_the_only_one(project: Api) -> None:
    answer = up(project, archive(FILES))

    words = {"message": "Multiple services found. Please specify a service"}
    assert (answer.status_code, answer.json()) == (400, words)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        gzip.compress(b"no tar" * 200),
        archive(FILES)[:60],
        archive({"../outside": b"x"}),
        archive({"/etc/outside": b"x", "../../outside": b"x"}),
        gzip.compress(bytes(range(256)) * 9)[:20] + bytes(99),
    ],
    ids=["empty", "text", "no tar", "cut", "above", "absolute", "damaged"],
)
def test_a_bad_archive_is_refused(project: Api, running: Served, content: bytes) -> None:
    answer = up(project, content, serviceId=API)

    assert answer.status_code == 400
    assert answer.json()["message"].startswith("the archive cannot be unpacked: ")
    assert not list(running.folder.rglob("outside"))


def test_an_archive_that_grows_too_large_is_refused(monkeypatch: pytest.MonkeyPatch, project: Api) -> None:
    monkeypatch.setattr("fakes.railway.files.MOST_ENTRIES", 1)

    answer = up(project, archive(FILES), serviceId=API)

    words = "the archive cannot be unpacked: it holds more than 512 MB and 1 files"
    assert answer.json() == {"message": words}


def test_only_who_may_uploads(fake: httpx.Client, nobody: Api, project: Api) -> None:
    production = (
        f"/project/{seeding.PRODUCTION_PROJECT_ID}/environment/{seeding.PRODUCTION_ENVIRONMENT_ID}/up"
    )

    refused = up(nobody, archive(FILES), serviceId=API)
    tripped = up(project, archive(FILES), production, serviceId=API)

    assert (refused.status_code, refused.json()) == (401, {"message": "Not Authorized"})
    assert (tripped.status_code, tripped.json()) == (401, {"message": "Not Authorized"})
    assert violations_of(fake) == ["production project 'clipnet-production' was reached for at Railway"]


def test_trees_that_are_kept_nowhere_go_with_the_fake() -> None:
    from fakes.railway.files import Files

    files = Files(None)
    folder = files.unpack(io.BytesIO(archive(FILES)), "one")
    assert (folder / "railway.json").exists()

    files.close()

    assert not folder.exists()
