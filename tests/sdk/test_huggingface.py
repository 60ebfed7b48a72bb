"""huggingface_hub, the Python client of the Hugging Face Hub, and its command line against the fake."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.serving import Served, served
from tests.servers import wait_until

with pytest.MonkeyPatch.context() as environment:
    environment.setenv("HF_HUB_DISABLE_XET", "1")
    environment.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    environment.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, SpaceHardware, close_session
    from huggingface_hub.errors import (
        BadRequestError,
        EntryNotFoundError,
        HfHubHTTPError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

WRITE = "hf_stagingwrite0000000000000000000000"
READ = "hf_stagingread00000000000000000000000"
FINE = "hf_stagingfine00000000000000000000000"
SPACE = "clipnet-staging/clipnet-api"
README = "---\ntitle: ClipNET API\nsdk: docker\napp_port: 7860\n---\n# ClipNET\n"
LARGE = bytes(range(256)) * 100


@pytest.fixture(scope="module")
def fakes() -> Iterator[Served]:
    with served("huggingface") as running:
        yield running
        close_session()


@pytest.fixture
def api(fakes: Served) -> Iterator[HfApi]:
    client = HfApi(endpoint=fakes.url("huggingface"), token=WRITE)
    yield client
    client.delete_repo(SPACE, repo_type="space", missing_ok=True)


@pytest.fixture
def space(api: HfApi) -> HfApi:
    """The client, and a Space that runs."""
    api.create_repo(SPACE, repo_type="space", space_sdk="docker")
    add(api, "Dockerfile", b"FROM scratch\n")
    return api


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {"README.md": README, "Dockerfile": "FROM scratch\n", ".gitignore": "*.log\n"}
    files |= {"app/main.py": "print()\n", "app/debug.log": "noise\n"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "model.bin").write_bytes(LARGE)
    return tmp_path


def add(api: HfApi, path: str, content: bytes, token: str | None = None) -> str:
    made = api.upload_file(
        path_or_fileobj=content, path_in_repo=path, repo_id=SPACE, repo_type="space", token=token
    )
    return str(made.oid)


@pytest.mark.parametrize(("token", "role"), [(WRITE, "write"), (READ, "read"), (FINE, "fineGrained")])
def test_it_knows_who_it_is(api: HfApi, token: str, role: str) -> None:
    me = api.whoami(token=token)

    assert (me["name"], me["auth"]["accessToken"]["role"]) == ("clipnet-staging", role)


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_it_creates_a_space_and_uploads_a_folder(api: HfApi, folder: Path, tmp_path: Path) -> None:
    created = api.create_repo("clipnet-api", repo_type="space", space_sdk="docker", private=True)
    before = api.get_space_runtime(SPACE)

    made = api.upload_folder(folder_path=folder, repo_id=SPACE, repo_type="space", commit_message="Deploy")

    after = api.wait_for_space(SPACE, timeout=10)
    assert (created.repo_id, created.repo_type) == (SPACE, "space")
    assert (before.stage, before.hardware) == ("NO_APP_FILE", None)
    assert (after.stage, after.hardware, after.raw["sha"]) == ("RUNNING", "cpu-basic", made.oid)
    expected = [".gitattributes", ".gitignore", "Dockerfile", "README.md", "app/main.py", "model.bin"]
    assert sorted(api.list_repo_files(SPACE, repo_type="space")) == expected
    got = api.hf_hub_download(SPACE, "model.bin", repo_type="space", cache_dir=tmp_path / "cache")
    assert Path(got).read_bytes() == LARGE
    info = api.space_info(SPACE, files_metadata=True)
    assert info.card_data is not None
    assert (info.private, info.card_data.app_port) == (True, 7860)
    assert [one.lfs.size for one in info.siblings or [] if one.lfs] == [len(LARGE)]


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_it_uploads_nothing_twice(space: HfApi, folder: Path) -> None:
    (folder / "app/debug.log").unlink()  # a file that is left out is no reason to skip a commit
    first = space.upload_folder(folder_path=folder, repo_id=SPACE, repo_type="space")

    second = space.upload_folder(folder_path=folder, repo_id=SPACE, repo_type="space")

    assert second.oid == first.oid
    assert len(space.list_repo_commits(SPACE, repo_type="space")) == 3


def test_it_changes_and_deletes_files_in_one_commit(space: HfApi) -> None:
    add(space, "old/a.txt", b"a")
    operations: list[CommitOperationAdd | CommitOperationDelete] = [
        CommitOperationAdd("new.txt", b"new"),
        CommitOperationDelete("old/", is_folder=True),
    ]

    space.create_commit(SPACE, operations, commit_message="Tidy", repo_type="space")

    found = [one.path for one in space.list_repo_tree(SPACE, repo_type="space")]
    newest = space.list_repo_commits(SPACE, repo_type="space")[0]
    assert ("new.txt" in found, "old" in found, newest.title) == (True, False, "Tidy")
    assert [one.name for one in space.list_repo_refs(SPACE, repo_type="space").branches] == ["main"]
    found = [one.path for one in space.get_paths_info(SPACE, ["new.txt", "old"], repo_type="space")]
    assert found == ["new.txt"]


def test_it_sets_secrets_and_variables(space: HfApi) -> None:
    space.add_space_secret(SPACE, "DATABASE_URL", "postgresql://", description="the database")
    variables = space.add_space_variable(SPACE, "APP_ENV", "staging")
    secrets = space.get_space_secrets(SPACE)

    space.delete_space_secret(SPACE, "DATABASE_URL")
    left = space.delete_space_variable(SPACE, "APP_ENV")

    assert (variables["APP_ENV"].value, secrets["DATABASE_URL"].description) == ("staging", "the database")
    assert secrets["DATABASE_URL"].updated_at is not None
    assert (space.get_space_secrets(SPACE), left) == ({}, {})


def test_it_pauses_restarts_and_upgrades_a_space(space: HfApi) -> None:
    paused = space.pause_space(SPACE)
    restarted = space.restart_space(SPACE, factory_reboot=True)
    upgraded = space.request_space_hardware(SPACE, SpaceHardware.T4_SMALL, sleep_time=3600)
    sleepy = space.set_space_sleep_time(SPACE, 600)

    assert (paused.stage, restarted.stage) == ("PAUSED", "RUNNING")
    assert (upgraded.requested_hardware, upgraded.sleep_time, sleepy.sleep_time) == ("t4-small", 3600, 600)
    assert "t4-small" in [one.name for one in space.list_spaces_hardware()]


def test_it_reads_and_follows_logs(space: HfApi) -> None:
    def built() -> list[str]:
        """Without `follow` the client leaves out what is newer than the Date header, which may be old."""
        return list(space.fetch_space_logs(SPACE, build=True))

    wait_until(lambda: len(built()) == 1, lambda: "the build's log")
    running = iter(space.fetch_space_logs(SPACE, follow=True))
    first = next(iter(running))
    space.pause_space(SPACE)

    rest = list(running)

    assert built()[0].startswith("===== Build Queued at ")
    assert first.startswith("===== Application Startup at ")
    assert rest == ["\n"]


def test_it_renames_hides_and_lists_spaces(space: HfApi) -> None:
    space.update_repo_settings(SPACE, private=True, repo_type="space")
    space.move_repo(SPACE, f"{SPACE}-next", repo_type="space")

    found = [(one.id, one.private) for one in space.list_spaces(author="clipnet-staging")]

    space.delete_repo(f"{SPACE}-next", repo_type="space")
    assert found == [(f"{SPACE}-next", True)]
    assert not space.repo_exists(f"{SPACE}-next", repo_type="space")


def test_what_is_not_there_is_told_apart(space: HfApi, tmp_path: Path) -> None:
    anonymous = HfApi(endpoint=space.endpoint, token=False)

    with pytest.raises(RepositoryNotFoundError, match="404 Client Error"):
        space.space_info("clipnet-staging/nowhere")
    with pytest.raises(RepositoryNotFoundError, match="401 Client Error"):
        anonymous.space_info("clipnet-staging/nowhere")
    with pytest.raises(RevisionNotFoundError, match="Invalid rev id: v2"):
        space.space_info(SPACE, revision="v2")
    with pytest.raises(EntryNotFoundError):
        space.hf_hub_download(SPACE, "nowhere.txt", repo_type="space", cache_dir=tmp_path)
    with pytest.raises(RepositoryNotFoundError):
        space.delete_repo("clipnet-staging/nowhere", repo_type="space")


def test_what_is_refused_is_told_why(space: HfApi) -> None:
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        space.whoami(token="hf_wrong")
    with pytest.raises(HfHubHTTPError, match="you must use a write token"):
        add(space, "a.txt", b"a", READ)
    with pytest.raises(HfHubHTTPError, match="You already created this space repo"):
        space.create_repo(SPACE, repo_type="space", space_sdk="docker")
    with pytest.raises(HfHubHTTPError, match="create a space under the namespace"):
        space.create_repo("somebody/space", repo_type="space", space_sdk="docker")
    with pytest.raises(BadRequestError, match="Invalid path in repo"):
        space.delete_file("a//b", SPACE, repo_type="space")
    with pytest.raises(HfHubHTTPError, match="A commit has happened since"):
        operation = CommitOperationAdd("a.txt", b"a")
        space.create_commit(SPACE, [operation], commit_message="a", repo_type="space", parent_commit="0" * 40)


def test_a_space_that_is_there_is_taken_as_it_is(space: HfApi) -> None:
    url = space.create_repo(SPACE, repo_type="space", space_sdk="docker", exist_ok=True)

    assert (url.repo_id, space.get_space_runtime(SPACE).stage) == (SPACE, "RUNNING")


def test_a_fine_grained_token_deploys_its_space(space: HfApi) -> None:
    oid = add(space, "a.txt", b"a", FINE)

    assert space.space_info(SPACE, token=FINE).sha == oid


def test_production_is_not_there(space: HfApi) -> None:
    with pytest.raises(RepositoryNotFoundError):
        space.get_space_runtime("clipnet/clipnet-api")
    with pytest.raises(HfHubHTTPError, match='under the namespace "clipnet"'):
        space.create_repo("clipnet/clipnet-api", repo_type="space", space_sdk="docker")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_the_command_line_creates_and_uploads(api: HfApi, folder: Path, tmp_path: Path) -> None:
    env = {
        **os.environ,
        "HF_ENDPOINT": api.endpoint,
        "HF_TOKEN": WRITE,
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }

    def hf(*arguments: str) -> None:
        command = [sys.executable, "-m", "huggingface_hub.cli.hf", *arguments]
        done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    hf("repos", "create", SPACE, "--type", "space", "--space-sdk", "docker", "--exist-ok")
    hf("upload", SPACE, ".", ".", "--repo-type", "space", "--exclude", "home/*")

    assert (api.get_space_runtime(SPACE).stage, api.file_exists(SPACE, "app/main.py", repo_type="space")) == (
        "RUNNING",
        True,
    )
