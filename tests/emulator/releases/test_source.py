"""Commits of real repositories, and their files."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from emulator.errors import ConfigurationRefused, EmulatorError, PrerequisiteMissing, StateFolderUnusable
from emulator.releases import files
from emulator.releases.git import find
from emulator.releases.source import export, resolve
from tests.emulator.releases.repositories import ENV, Repository, repository, running


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return repository(tmp_path / "project")


async def exported(repo: Repository, target: Path, ref: str = "HEAD") -> tuple[str, ...]:
    return await export(await resolve(repo.path, ref, ENV), target)


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


async def test_a_ref_is_resolved_to_its_commit_with_its_facts(repo: Repository) -> None:
    sha = repo.commit({"a.txt": "a"}, "Say \x1b[31mhello")

    commit = await resolve(repo.path, "develop", ENV)

    assert (commit.sha, commit.ref, commit.repository, commit.folder) == (sha, "develop", repo.path, "")
    assert (commit.subject, commit.author) == ("Say [31mhello", "Anna")
    assert commit.committed_at == "2026-01-02T02:04:05Z"


async def test_a_branch_a_tag_and_a_part_of_a_commit_are_refs(repo: Repository) -> None:
    first = repo.commit({"a.txt": "a"})
    repo.git("tag", "v1")
    second = repo.commit({"a.txt": "b"})

    found = [(await resolve(repo.path, ref, ENV)).sha for ref in ("v1", "develop", second[:9], "HEAD~1")]

    assert found == [first, second, second, first]


async def test_what_is_checked_out_is_named_by_its_branch(repo: Repository) -> None:
    sha = repo.commit({"a.txt": "a"})
    on_branch = (await resolve(repo.path, "HEAD", ENV)).ref
    repo.git("checkout", "-q", sha)

    assert [on_branch, (await resolve(repo.path, "HEAD", ENV)).ref] == ["develop", "HEAD"]


async def test_a_bare_repository_is_a_source(repo: Repository, tmp_path: Path) -> None:
    sha = repo.commit({"a.txt": "a"})
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))

    commit = await resolve(tmp_path / "bare.git", "develop", ENV)
    await export(commit, tmp_path / "tree")

    assert (commit.sha, commit.repository) == (sha, tmp_path / "bare.git")
    assert names(tmp_path / "tree") == ["a.txt"]


async def test_objects_of_a_push_that_is_not_accepted_yet_are_found(repo: Repository, tmp_path: Path) -> None:
    repo.commit({"a.txt": "a"})
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    sha = repo.commit({"a.txt": "pushed"})

    commit = await resolve(tmp_path / "bare.git", sha, ENV, [repo.path / ".git" / "objects"])
    await export(commit, tmp_path / "tree")

    assert (tmp_path / "tree" / "a.txt").read_text() == "pushed"


async def test_a_folder_of_a_checkout_is_a_project(repo: Repository, tmp_path: Path) -> None:
    repo.commit({"services/api/main.py": "", "shared.py": ""})

    commit = await resolve(repo.path / "services" / "api", "develop", ENV)
    await export(commit, tmp_path / "tree")

    assert (commit.repository, commit.folder) == (repo.path, "services/api")
    assert names(tmp_path / "tree") == ["services/api/main.py", "shared.py"]


async def test_a_worktree_is_a_source(repo: Repository, tmp_path: Path) -> None:
    repo.commit({"a.txt": "a"})
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))

    commit = await resolve(tmp_path / "side", "side", ENV)

    assert commit.repository == tmp_path / "side"


async def test_a_repository_of_somebody_else_is_read(repo: Repository) -> None:
    sha = repo.commit({"a.txt": "a"})
    git = find(ENV)
    as_another = replace(git, env={**git.env, "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"})
    without_us = replace(git, env={**as_another.env, "GIT_CONFIG_GLOBAL": "/dev/null"})

    read, refused = [await one.ask(repo.path, "rev-parse", "HEAD") for one in (as_another, without_us)]

    assert read.text == sha
    assert "dubious ownership" in refused.complaint


async def test_the_environment_of_a_hook_does_not_lead_elsewhere(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = repo.commit({"a.txt": "a"})
    other = repository(tmp_path / "other")
    other.commit({"b.txt": "b"})
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))

    commit = await resolve(repo.path, "develop", {**ENV, "GIT_DIR": str(other.path / ".git")})

    assert commit.sha == sha


async def test_no_program_that_a_repository_names_is_run(repo: Repository, tmp_path: Path) -> None:
    repo.commit({"a.txt": "a", "b.txt": "b", ".gitattributes": "a.txt filter=evil\nb.txt filter=e=v.il\n"})
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    for setting in ("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "diff.external"):
        repo.git("config", setting, str(trap))
    for driver in ("evil", "e=v.il"):
        for action in ("clean", "smudge", "process"):
            repo.git("config", f"filter.{driver}.{action}", str(trap))
        repo.git("config", f"filter.{driver}.required", "true")
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        shutil.copy(trap, repo.path / ".git" / "hooks" / hook)
    repo.write({"a.txt": "x", "b.txt": "y"})

    commit = await resolve(repo.path, "HEAD", ENV)
    await export(commit, tmp_path / "tree")

    assert commit.changed == ("a.txt", "b.txt")
    assert not (tmp_path / "sprung").exists()


async def test_what_is_not_committed_is_told_and_not_taken(repo: Repository, tmp_path: Path) -> None:
    repo.commit({"a.txt": "a", "b.txt": "b", ".gitignore": "*.log"})
    repo.write({"a.txt": "changed", "new file.txt": "n", "x.log": ""})

    commit = await resolve(repo.path, "develop", ENV)
    await export(commit, tmp_path / "tree")

    assert commit.changed == ("a.txt", "new file.txt")
    assert (tmp_path / "tree" / "a.txt").read_text() == "a"
    assert not (tmp_path / "tree" / "new file.txt").exists()


async def test_changes_count_only_against_what_is_checked_out(repo: Repository) -> None:
    repo.commit({"a.txt": "a"})
    repo.git("tag", "v1")
    repo.commit({"a.txt": "b"})
    repo.write({"a.txt": "changed"})

    commit = await resolve(repo.path, "v1", ENV)

    assert commit.changed == ()


async def test_files_come_as_they_lie_in_the_commit(repo: Repository, tmp_path: Path) -> None:
    repo.write({"run.sh": "#!/bin/sh\n", "crlf.txt": "a\r\nb\r\n", "left.txt": "", "ä ö\n.txt": "name"})
    repo.write({".gitattributes": "left.txt export-ignore\ncrlf.txt -text\n"})
    (repo.path / "run.sh").chmod(0o755)
    (repo.path / "link").symlink_to("deep/../run.sh")
    repo.write({"deep/empty": "", "large.bin": "x" * 3_000_000})
    repo.commit({})

    notes = await exported(repo, tmp_path / "tree")

    tree = tmp_path / "tree"
    assert names(tree) == sorted(
        [".gitattributes", "crlf.txt", "deep/empty", "large.bin", "left.txt", "link", "run.sh", "ä ö\n.txt"]
    )
    assert (tree / "crlf.txt").read_bytes() == b"a\r\nb\r\n"
    assert (tree / "large.bin").stat().st_size == 3_000_000
    assert [(tree / name).stat().st_mode & 0o777 for name in ("run.sh", "left.txt")] == [0o755, 0o644]
    assert (tree / "link").readlink() == Path("deep/../run.sh")
    assert notes == ()


async def test_submodules_and_large_files_are_named_as_not_taken(repo: Repository, tmp_path: Path) -> None:
    part = repository(tmp_path / "part")
    part.commit({"p.txt": "p"})
    repo.git("submodule", "--quiet", "add", str(part.path), "vendor/part")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"
    repo.commit({"film.mp4": pointer, "note.txt": f"about {pointer}"})

    notes = await exported(repo, tmp_path / "tree")

    assert notes == (
        "submodule 'vendor/part' was not taken: its folder is empty",
        "'film.mp4' lies in LFS and was not taken: only its pointer is there",
    )
    assert list((tmp_path / "tree" / "vendor" / "part").iterdir()) == []


@pytest.mark.parametrize("lead", ["/etc/passwd", "../outside", "deep/../../outside", "self/../../outside"])
async def test_a_link_out_of_the_repository_is_refused_by_name(
    repo: Repository, tmp_path: Path, lead: str
) -> None:
    repo.write({"deep/a.txt": "a"})
    (repo.path / "self").symlink_to(".")
    (repo.path / "way out").symlink_to(lead)
    repo.commit({})

    with pytest.raises(ConfigurationRefused) as refused:
        await exported(repo, tmp_path / "tree")

    assert f"'way out' is a link to '{lead}', which is outside of the repository" in refused.value.what
    assert not (tmp_path / "tree").exists()


async def test_a_link_that_another_link_takes_out_is_refused(repo: Repository, tmp_path: Path) -> None:
    (repo.path / "here").symlink_to(".")
    (repo.path / "out").symlink_to("here/../outside")
    repo.commit({"a.txt": ""})

    with pytest.raises(ConfigurationRefused, match="'out' is a link"):
        await exported(repo, tmp_path / "tree")


@pytest.mark.parametrize("target", [b"a\0b", b"x" * 5000])
async def test_a_link_to_what_is_no_path_is_refused_by_name(
    repo: Repository, tmp_path: Path, target: bytes
) -> None:
    link = repo.git("hash-object", "-w", "--stdin", stdin=target)
    tree = repo.git("mktree", stdin=f"120000 blob {link}\tway\n".encode())
    sha = repo.git("commit-tree", tree, "-m", "evil")

    with pytest.raises(ConfigurationRefused, match="'way' is a link to what is no path: "):
        await exported(repo, tmp_path / "tree", sha)

    assert not (tmp_path / "tree").exists()


async def test_a_commit_of_no_time_is_refused_by_name(repo: Repository) -> None:
    tree = repo.git("mktree")
    who = "Anna <a@example.invalid> 999999999999999 +0000"
    text = f"tree {tree}\nauthor {who}\ncommitter {who}\n\nlate\n"
    sha = repo.git("hash-object", "-w", "-t", "commit", "--literally", "--stdin", stdin=text.encode())

    with pytest.raises(ConfigurationRefused) as refused:
        await resolve(repo.path, sha, ENV)

    assert refused.value.what == (
        f"commit {sha[:7]} says that it was made 999999999999999 s after 1970, which is no time"
    )


@pytest.mark.parametrize("name", ["..", ".git", ".GIT"])
async def test_a_name_that_no_checkout_can_have_is_refused(
    repo: Repository, tmp_path: Path, name: str
) -> None:
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"evil")
    inner = repo.git("mktree", stdin=f"100644 blob {blob}\tconfig\n".encode())
    tree_of = bytes.fromhex(inner)
    raw = f"40000 {name}".encode() + b"\0" + tree_of
    outer = repo.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=raw)
    sha = repo.git("commit-tree", outer, "-m", "evil")

    with pytest.raises(ConfigurationRefused, match=f"has a file '{name}/config'"):
        await exported(repo, tmp_path / "tree", sha)


async def test_nothing_is_written_through_a_link_that_a_folder_shares_its_name_with(
    repo: Repository, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = repo.git("hash-object", "-w", "--stdin", stdin=str(outside).encode())
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"evil")
    inner = repo.git("mktree", stdin=f"100644 blob {blob}\tevil.txt\n".encode())
    raw = b"120000 a\0" + bytes.fromhex(link) + b"40000 a\0" + bytes.fromhex(inner)
    outer = repo.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=raw)
    sha = repo.git("commit-tree", outer, "-m", "evil")

    with pytest.raises(EmulatorError):
        await exported(repo, tmp_path / "tree", sha)

    assert list(outside.iterdir()) == []


async def test_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        await resolve(tmp_path, "HEAD", ENV)

    assert refused.value.what == f"'{tmp_path}' is in no git repository"
    assert "git init" in refused.value.hint


async def test_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationRefused, match="nowhere' is no folder"):
        await resolve(tmp_path / "nowhere", "HEAD", ENV)


async def test_a_repository_without_a_commit_is_refused(repo: Repository) -> None:
    with pytest.raises(ConfigurationRefused, match="has no commit yet"):
        await resolve(repo.path, "HEAD", ENV)


@pytest.mark.parametrize("ref", ["devlop", "", "--help", "develop:a.txt", "-n"])
async def test_an_unknown_ref_is_refused(repo: Repository, ref: str) -> None:
    repo.commit({"a.txt": "a"})

    with pytest.raises(ConfigurationRefused) as refused:
        await resolve(repo.path, ref, ENV)

    assert refused.value.what == f"there is no commit '{ref}' in the repository of '{repo.path}'"
    assert "develop" in refused.value.hint


async def test_a_ref_that_no_program_can_be_given_is_refused(repo: Repository) -> None:
    repo.commit({"a.txt": "a"})

    with pytest.raises(ConfigurationRefused, match="there is no commit 'develop' in the repository"):
        await resolve(repo.path, "develop\0", ENV)


async def test_a_folder_that_was_never_committed_is_refused(repo: Repository, tmp_path: Path) -> None:
    repo.commit({"a.txt": "a"})
    repo.write({"new/b.txt": ""})

    with pytest.raises(ConfigurationRefused, match="has no folder 'new'"):
        await export(await resolve(repo.path / "new", "HEAD", ENV), tmp_path / "tree")


async def test_a_commit_without_files_is_refused(repo: Repository, tmp_path: Path) -> None:
    repo.commit({})

    with pytest.raises(ConfigurationRefused, match="holds no files"):
        await exported(repo, tmp_path / "tree")


async def test_a_repository_that_lacks_objects_is_refused(repo: Repository, tmp_path: Path) -> None:
    repo.commit({"a.txt": "a", "b.txt": "b"})
    blob = repo.git("rev-parse", "HEAD:b.txt")
    (repo.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()

    with pytest.raises(ConfigurationRefused) as refused:
        await exported(repo, tmp_path / "tree")

    assert f"{blob} missing" in refused.value.what
    assert not (tmp_path / "tree").exists()


async def test_git_that_is_not_installed_is_named(repo: Repository, tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="git is not installed"):
        await resolve(repo.path, "HEAD", {"PATH": str(tmp_path)})


async def test_a_folder_that_cannot_be_written_is_one_sentence(repo: Repository, tmp_path: Path) -> None:
    repo.commit({"a.txt": "a"})
    (tmp_path / "file").write_text("")

    with pytest.raises(StateFolderUnusable, match="tree' cannot be written: Not a directory"):
        await exported(repo, tmp_path / "file" / "tree")


async def test_a_cancelled_export_leaves_no_process_and_no_files(repo: Repository, tmp_path: Path) -> None:
    repo.commit({f"{number}.txt": "x" * 5000 for number in range(500)})
    commit = await resolve(repo.path, "HEAD", ENV)
    before = running()
    work = asyncio.create_task(export(commit, tmp_path / "tree"))
    async with asyncio.timeout(20):
        while not (tmp_path / "tree" / "100.txt").exists():  # noqa: ASYNC110 - nobody tells of a file
            await asyncio.sleep(0)

    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    assert not (tmp_path / "tree").exists()
    assert running() <= before


def test_files_of_a_sealed_tree_are_read_only_and_anybody_can_remove_it(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "deep" / "run.sh").write_text("x")
    (tree / "deep" / "run.sh").chmod(0o755)
    (tree / "link").symlink_to(tmp_path)

    files.seal(tree)
    modes = [path.stat().st_mode & 0o777 for path in (tree / "deep", tree / "deep" / "run.sh", tmp_path)]
    files.remove(tree)
    files.remove(tree)

    assert modes == [0o755, 0o555, 0o700]
    assert not tree.exists()


def test_folders_that_a_build_made_read_only_are_removed(tmp_path: Path) -> None:
    (tmp_path / "tree" / "a" / "b").mkdir(parents=True)
    (tmp_path / "tree" / "a" / "b" / "c.txt").write_text("c")
    for path in (tmp_path / "tree" / "a" / "b", tmp_path / "tree" / "a"):
        path.chmod(0o555)

    files.remove(tmp_path / "tree")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "is_another"),
    [
        (lambda tree: None, False),
        (lambda tree: (tree / "__pycache__").mkdir(), False),
        (lambda tree: (tree / "a.txt").write_text("b"), True),
        (lambda tree: (tree / "a.txt").chmod(0o755), True),
        (lambda tree: (tree / "a.txt").rename(tree / "b.txt"), True),
        (lambda tree: (tree / "c.txt").write_text(""), True),
        (lambda tree: (tree / "d").symlink_to("a.txt"), True),
    ],
)
def test_a_digest_tells_trees_apart(tmp_path: Path, change: object, is_another: bool) -> None:
    (tmp_path / "a.txt").write_text("a")
    before = files.digest(tmp_path)

    assert callable(change)
    change(tmp_path)

    assert (files.digest(tmp_path) != before) is is_another
