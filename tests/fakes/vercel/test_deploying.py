"""Files, deployments made of them, and what becomes of host names."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from typing import Any

import httpx
import pytest

from fakes.vercel.state import files as uploads
from tests.fakes.byname import by_name
from tests.fakes.serving import Served, served
from tests.fakes.vercel.conftest import (
    BRANCH_HOST,
    PAGE,
    PRODUCTION_HOST,
    PROJECT,
    PROJECT_ID,
    STAGING,
    TOKEN,
    Deploy,
    aliases,
    ask,
    listed,
    refused,
    sha1,
    site,
    tree,
    upload,
)


@pytest.mark.parametrize("header", ["x-vercel-digest", "x-now-digest"])
def test_a_file_is_taken_under_its_digest(client: httpx.Client, header: str) -> None:
    taken = upload(client, PAGE, header)

    assert (taken.status_code, taken.json()) == (200, {"urls": []})
    assert sha1(PAGE) == "da004e5078e454e40748c6dcdfd27ce0d8433d3c"


@pytest.mark.parametrize("digest", ["0" * 40, "", "x" * 40, "../../../../etc/passwd"])
def test_a_file_that_is_not_what_its_digest_says_is_refused_and_not_kept(
    client: httpx.Client, running: Served, digest: str
) -> None:
    refusal = client.post("/v2/files", content=PAGE, headers={"x-vercel-digest": digest})

    assert refused(refusal) == (400, "bad_request")
    blobs = running.folder / "vercel-files" / "blobs"
    assert not blobs.exists() or list(blobs.iterdir()) == []


def test_missing_files_are_named_and_nothing_is_deployed(client: httpx.Client) -> None:
    other = b"body {}"
    upload(client, PAGE)
    body = {"name": PROJECT, "project": PROJECT_ID, "files": listed({"index.html": PAGE, "a.css": other})}

    answer = client.post("/v13/deployments", json=body)

    missing = {"code": "missing_files", "message": "Missing files", "missing": [sha1(other)]}
    assert (answer.status_code, answer.json()) == (400, {"error": missing})
    assert client.get("/v6/deployments").json()["deployments"] == []


def test_a_deployment_of_develop_is_the_staging_frontend_and_is_served(
    client: httpx.Client, deploy: Deploy, running: Served
) -> None:
    made = deploy({"index.html": PAGE, "assets/app.js": b"start()"}, "develop")

    shown = client.get(f"/v13/deployments/{made['id']}").json()
    assert (shown["readyState"], shown["target"], shown["customEnvironment"]["slug"]) == (
        "READY",
        None,
        "staging",
    )
    assert shown["meta"] == {"githubCommitRef": "develop", "githubCommitSha": "c" * 40}
    assert {BRANCH_HOST, STAGING} <= set(shown["alias"])
    assert shown["aliasAssigned"]
    for host in (shown["url"], BRANCH_HOST, STAGING, f"{STAGING}.localhost:8417"):
        assert (site(client, host).content, site(client, host, "/assets/app.js").text) == (PAGE, "start()")
    assert client.get(f"/_sites/{STAGING}/assets/app.js").text == "start()"
    assert (tree(running, made["id"]) / "assets/app.js").read_text() == "start()"


def test_the_next_deployment_takes_the_branch_and_the_former_keeps_its_own_name(
    client: httpx.Client, deploy: Deploy
) -> None:
    first, second = deploy(branch="develop"), deploy({"index.html": b"two"}, "develop")

    assert site(client, STAGING).content == b"two"
    assert site(client, first["url"]).content == PAGE
    assert set(aliases(client).values()) == {second["id"]}


def test_another_branch_has_a_name_of_its_own(client: httpx.Client, deploy: Deploy) -> None:
    made = deploy(branch="Feature/Clip_Page")

    host = f"{PROJECT}-git-feature-clip-page-clipnet-staging.vercel.app"
    assert client.get(f"/v13/deployments/{made['id']}").json()["alias"] == [host]
    assert site(client, STAGING).status_code == 404


def test_a_long_branch_makes_a_label_of_63_characters(client: httpx.Client, deploy: Deploy) -> None:
    one, other = (deploy(branch="b" * 80 + end) for end in "xy")

    names = [client.get(f"/v13/deployments/{made['id']}").json()["alias"][0] for made in (one, other)]
    assert [len(name.partition(".")[0]) for name in names] == [63, 63]
    assert names[0] != names[1]


def test_a_custom_environment_is_asked_for_by_name(client: httpx.Client, deploy: Deploy) -> None:
    made = deploy(customEnvironmentSlugOrId="staging")

    assert made["customEnvironment"]["slug"] == "staging"
    assert aliases(client)[STAGING] == made["id"]
    assert refused(ask(client, {"a": b"a"}, customEnvironmentSlugOrId="qa")) == (404, "not_found")


def test_a_commit_is_deployed_without_files(client: httpx.Client) -> None:
    source = {"type": "github", "ref": "develop", "sha": "d" * 40, "repoId": 100001}

    made = client.post("/v13/deployments", json={"name": PROJECT, "gitSource": source}).json()

    assert (made["readyState"], made["gitSource"], made["source"]) == ("READY", source, "git")
    assert aliases(client)[STAGING] == made["id"]
    assert site(client, STAGING).headers["x-vercel-error"] == "NOT_FOUND"


def test_a_push_to_the_production_branch_is_production(client: httpx.Client) -> None:
    source = {"type": "github", "ref": "main", "sha": "d" * 40}

    made = client.post("/v13/deployments", json={"name": PROJECT, "gitSource": source}).json()

    assert (made["target"], PRODUCTION_HOST in made["alias"]) == ("production", True)


def test_files_within_the_body_are_served(client: httpx.Client) -> None:
    files = [
        {"file": "index.html", "data": "<p>here</p>"},
        {"file": "a.bin", "data": base64.b64encode(b"\x00\x01").decode(), "encoding": "base64"},
    ]

    made = client.post("/v13/deployments", json={"name": PROJECT, "files": files}).json()

    assert site(client, made["url"]).text == "<p>here</p>"
    assert site(client, made["url"], "/a.bin").content == b"\x00\x01"


def test_what_was_built_is_served_and_not_its_sources(client: httpx.Client, deploy: Deploy) -> None:
    files = {"index.html": b"source", ".vercel/output/static/index.html": b"built"}
    config = {"version": 3, "overrides": {"about.html": {"path": "about"}}}
    files |= {".vercel/output/config.json": json.dumps(config).encode()}
    files |= {".vercel/output/static/about.html": b"about", ".vercel/output/static/404.html": b"lost"}

    host = deploy(files)["url"]

    found = {path: site(client, host, path) for path in ("/", "/about", "/nowhere", "/vercel.json")}
    assert [one.text for one in found.values()] == ["built", "about", "lost", "lost"]
    assert [one.status_code for one in found.values()] == [200, 200, 404, 404]


@pytest.mark.parametrize(
    ("folder", "shown"),
    [("dist", "built"), ("../..", "source"), ("/etc", "source"), ("\x00", "source"), ("a" * 300, "source")],
)
def test_the_folder_that_the_project_names_is_served(
    client: httpx.Client, deploy: Deploy, folder: str, shown: str
) -> None:
    client.patch(f"/v9/projects/{PROJECT}", json={"outputDirectory": folder}).raise_for_status()

    host = deploy({"index.html": b"source", "dist/index.html": b"built"})["url"]

    assert site(client, host).text == shown


def test_an_archive_is_unpacked(client: httpx.Client, deploy: Deploy) -> None:
    packed = archive({".vercel/output/static/index.html": b"from the archive"})
    half = len(packed) // 2
    parts = {f".vercel/source.tgz.part{n}": one for n, one in enumerate((packed[:half], packed[half:]), 1)}

    assert site(client, deploy(parts)["url"]).text == "from the archive"


@pytest.mark.parametrize("content", [b"no archive", b""])
def test_an_archive_that_cannot_be_read_is_refused(client: httpx.Client, content: bytes) -> None:
    assert refused(ask(client, {".vercel/source.tgz.part1": content})) == (400, "bad_request")


def test_an_archive_that_grows_beyond_the_limit_is_refused(
    client: httpx.Client, running: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "UNPACKED_LIMIT_BYTES", 10)

    refusal = ask(client, {".vercel/source.tgz.part1": archive({"a": b"123456", "b": b"123456"})})

    assert refused(refusal) == (400, "bad_request")
    assert list((running.folder / "vercel-files" / "trees").iterdir()) == []


def test_an_archive_cannot_write_elsewhere(client: httpx.Client, running: Served) -> None:
    refusal = ask(client, {".vercel/source.tgz.part1": archive({"../../escaped": b"x"})})

    assert refused(refusal) == (400, "bad_request")
    assert list(running.folder.rglob("escaped")) == []


@pytest.mark.parametrize("path", ["../out", "/etc/passwd", "a/../../b", "", "a\x00b"])
def test_a_path_that_leads_out_of_the_deployment_is_refused(client: httpx.Client, path: str) -> None:
    upload(client, PAGE)
    body = {"name": PROJECT, "files": [{"file": path, "sha": sha1(PAGE)}]}

    assert client.post("/v13/deployments", json=body).status_code == 400


@pytest.mark.parametrize("paths", [("a", "a/b"), ("a" * 300,)])
def test_paths_that_cannot_all_be_are_refused(
    client: httpx.Client, running: Served, paths: tuple[str, ...]
) -> None:
    refusal = ask(client, dict.fromkeys(paths, PAGE))

    assert refused(refusal) == (400, "bad_request")
    assert list((running.folder / "vercel-files" / "trees").iterdir()) == []


def test_a_tree_may_be_changed_without_changing_what_was_uploaded(
    client: httpx.Client, deploy: Deploy, running: Served
) -> None:
    first = deploy()
    (tree(running, first["id"]) / "index.html").write_text("built")

    assert site(client, deploy()["url"]).content == PAGE
    assert site(client, first["url"]).text == "built"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": PROJECT},
        {"name": PROJECT, "files": "all"},
        {"name": PROJECT, "files": [1]},
        {"name": PROJECT, "files": [{"file": "a", "sha": 1}]},
        {"name": PROJECT, "files": [{"file": "a", "data": "!", "encoding": "base64"}]},
        {"name": PROJECT, "files": [], "target": "moon"},
        {"name": PROJECT, "files": [], "meta": ["a"]},
        {"name": 5, "files": []},
    ],
)
def test_a_body_that_says_nothing_to_deploy_is_refused(client: httpx.Client, body: dict[str, Any]) -> None:
    assert refused(client.post("/v13/deployments", json=body)) == (400, "bad_request")


@pytest.mark.parametrize("path", ["/../../../index.html", "/%2e%2e/%2e%2e/blobs", "/" + "a" * 5000, "/%00"])
def test_no_path_leads_out_of_a_site(client: httpx.Client, deploy: Deploy, path: str) -> None:
    host = deploy({"a.txt": b"a"})["url"]

    assert site(client, host, path).status_code in (400, 404)


def test_the_real_host_names_lead_to_the_api_and_to_the_site() -> None:
    with served("vercel", by_name=True) as fakes, by_name(fakes) as client:
        client.headers.update(TOKEN)
        files = [{"file": "index.html", "data": "by name"}]
        body = {"name": PROJECT, "files": files, "gitMetadata": {"commitRef": "develop"}}
        client.post("https://api.vercel.com/v13/deployments", json=body).raise_for_status()

        shown = client.get(f"https://{STAGING}/")

    assert shown.text == "by name"


def test_a_host_name_without_a_deployment_says_so(client: httpx.Client) -> None:
    answer = site(client, "nobody.vercel.app")

    assert (answer.status_code, answer.headers["x-vercel-error"]) == (404, "DEPLOYMENT_NOT_FOUND")


def test_a_site_takes_no_other_method(client: httpx.Client, deploy: Deploy) -> None:
    answer = client.post("/", headers={"Host": deploy()["url"]})

    assert (answer.status_code, answer.headers["x-vercel-error"]) == (405, "INVALID_REQUEST_METHOD")


def test_a_name_without_a_project_makes_one(client: httpx.Client) -> None:
    made = client.post("/v13/deployments", json={"name": "new-page", "files": []}).json()

    assert client.get("/v9/projects/new-page").json()["id"] == made["projectId"]


def test_lists_go_on_and_are_narrowed(client: httpx.Client, deploy: Deploy) -> None:
    made = []
    for branch in ("develop", "main", "develop"):
        made.append(deploy(branch=branch)["id"])
        client.post("/_fake/clock", json={"advance_s": 1})

    def ids(**params: Any) -> list[str]:
        return [one["uid"] for one in client.get("/v6/deployments", params=params).json()["deployments"]]

    first = client.get("/v6/deployments", params={"limit": 2}).json()
    assert [one["uid"] for one in first["deployments"]] == made[:0:-1]
    assert ids(until=first["pagination"]["next"]) == made[:1]
    assert ids(branch="main") == ids(**{"meta-githubCommitRef": "main"}) == [made[1]]
    assert ids(state="ERROR") == ids(target="production") == ids(sha="e" * 40) == []
    assert ids(projectId=PROJECT_ID, state="READY,ERROR") == made[::-1]
    assert refused(client.get("/v6/deployments", params={"limit": "many"})) == (400, "bad_request")
    client.post("/_fake/clock", json={"real": True})


def test_a_deployment_is_deleted_with_all_that_leads_to_it(
    client: httpx.Client, deploy: Deploy, running: Served
) -> None:
    made = deploy(branch="develop")

    gone = client.delete(f"/v13/deployments/{made['id']}").json()

    assert gone == {"uid": made["id"], "state": "DELETED"}
    assert refused(client.get(f"/v13/deployments/{made['id']}")) == (404, "not_found")
    assert site(client, STAGING).status_code == 404
    assert list(tree(running, "").glob(made["id"])) == []


def archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as opened:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            opened.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
