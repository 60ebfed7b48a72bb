"""Finds a commit in somebody's repository, and writes its files into a folder.

Files come as they lie in the commit: nothing is filtered, converted, or left out for an attribute.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from emulator.errors import ConfigurationRefused
from emulator.releases import files
from emulator.releases.git import Answer, Contents, Git, find
from emulator.releases.record import stamp
from emulator.statefolder import writing

_PROGRAM, _LINK, _SUBMODULE = "100755", "120000", "160000"
_POINTER, _POINTER_BYTES = b"version https://git-lfs.github.com/spec/", 1024
_BLOCK_BYTES = 1 << 20
_LONGEST_LINK_BYTES = 4095


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a repository, and what of the repository is the project."""

    repository: Path
    """The top level of a checkout, or a bare repository."""
    folder: str
    """The project's folder in it; empty if it is the top level."""
    ref: str
    """What was asked for; for HEAD the branch that is checked out."""
    sha: str
    subject: str
    author: str
    committed_at: str
    changed: tuple[str, ...]
    """Files of the checkout that are not as in this commit, which is its HEAD: they are not deployed."""
    git: Git


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: str
    sha: str
    path: str


async def resolve(source: Path, ref: str, env: Mapping[str, str], objects: Sequence[Path] = ()) -> Commit:
    """Find what a ref means in a repository.

    Args:
        source: A checkout, a folder in one, or a bare repository.
        ref: A branch, a tag, a commit, or what else git takes for one.
        env: The user's environment.
        objects: More folders of objects: those of a push that was not accepted yet.

    Raises:
        ConfigurationRefused: There is no repository, no commit yet, or no such ref.
        PrerequisiteMissing: git is not installed.
    """
    git = find(env, objects)
    _refuse_no_folder(source)
    repository, folder, is_bare = await _repository(git, source)
    sha = await _sha(git, source, ref)
    shown = await git.ask(source, "show", "--no-patch", "--format=%s%x00%an%x00%ct", sha)
    subject, author, committed_s = shown.text.split("\0")
    return Commit(
        repository=repository,
        folder=folder,
        ref=await _branch(git, source) if ref == "HEAD" else ref,
        sha=sha,
        subject=_printable(subject),
        author=_printable(author),
        committed_at=_committed_at(sha, committed_s),
        changed=() if is_bare else await _changed(git, source, sha),
        git=git,
    )


async def export(commit: Commit, target: Path) -> tuple[str, ...]:
    """Write the files of a commit into a new folder; return in words what was not taken.

    Nothing is left when it fails or is cancelled.

    Raises:
        ConfigurationRefused: A link or a name leads out of the folder, or objects are missing.
        StateFolderUnusable: The folder cannot be written, or its disk is full.
    """
    entries = await _entries(commit)
    _make(target)
    try:
        pointers = await _write(commit, entries, target)
        _refuse_links_out(commit, entries, target)
        _refuse_absence(commit, target)
    except BaseException:
        files.remove(target)
        raise
    submodules = [entry.path for entry in entries if entry.mode == _SUBMODULE]
    return (
        *(f"submodule '{path}' was not taken: its folder is empty" for path in submodules),
        *(f"'{path}' lies in LFS and was not taken: only its pointer is there" for path in pointers),
    )


def _refuse_no_folder(source: Path) -> None:
    if not source.is_dir():
        raise ConfigurationRefused(f"'{source}' is no folder", "name a git repository with --source")


def _make(target: Path) -> None:
    with writing(target):
        target.mkdir(parents=True)


async def _repository(git: Git, source: Path) -> tuple[Path, str, bool]:
    found = await git.ask(source, "rev-parse", "--is-bare-repository", "--absolute-git-dir", "--show-prefix")
    if found.code != 0:
        raise ConfigurationRefused(
            f"'{source}' is in no git repository{_why(found)}",
            "name one with --source, or make it one: git init && git add . && git commit",
        )
    is_bare, git_dir, *prefix = found.text.split("\n")
    if is_bare == "true":
        return Path(git_dir), "", True
    top = await git.ask(source, "rev-parse", "--show-toplevel")
    if top.code != 0:
        raise ConfigurationRefused(
            f"'{source}' lies in the inner part of a git repository", "name the checkout with --source"
        )
    return Path(top.text), "".join(prefix).rstrip("/"), False


def _why(answer: Answer) -> str:
    return "" if "not a git repository" in answer.complaint else f": {answer.complaint}"


async def _sha(git: Git, source: Path, ref: str) -> str:
    if ref and ref.isprintable() and not ref.startswith("-"):
        found = await git.ask(source, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        if found.code == 0:
            return found.text
    named = await git.ask(source, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags")
    names = named.text.split()
    if not names:
        raise ConfigurationRefused(
            f"the repository of '{source}' has no commit yet", "make one: git add . && git commit"
        )
    nearest = get_close_matches(ref, names, n=1)
    hint = f"did you mean '{nearest[0]}'?" if nearest else f"branches and tags: {', '.join(names[:20])}"
    raise ConfigurationRefused(
        f"there is no commit '{_printable(ref)}' in the repository of '{source}'", hint
    )


def _committed_at(sha: str, seconds: str) -> str:
    try:
        return stamp(int(seconds))
    except (ValueError, OverflowError) as error:
        raise ConfigurationRefused(
            f"commit {sha[:7]} says that it was made {seconds} s after 1970, which is no time",
            "make it anew with: git commit --amend --no-edit",
        ) from error


async def _branch(git: Git, source: Path) -> str:
    """Return the branch that is checked out, HEAD if none is."""
    found = await git.ask(source, "symbolic-ref", "--quiet", "--short", "HEAD")
    return found.text or "HEAD"


async def _changed(git: Git, source: Path, sha: str) -> tuple[str, ...]:
    head = await git.ask(source, "rev-parse", "--verify", "--quiet", "HEAD")
    if head.text != sha:
        return ()
    unfiltered = await git.without_filters(source)
    status = await unfiltered.ask(
        source, "status", "--porcelain=v1", "-z", "--no-renames", "--ignore-submodules=all", "--", "."
    )
    return tuple(_printable(os.fsdecode(line[3:])) for line in status.output.split(b"\0") if line)


async def _entries(commit: Commit) -> tuple[_Entry, ...]:
    listed = await commit.git.ask(commit.repository, "ls-tree", "-r", "-z", "--full-tree", commit.sha)
    if listed.code != 0:
        raise _not_whole(commit, listed.complaint)
    entries = []
    for line in listed.output.split(b"\0")[:-1]:
        facts, _, name = line.partition(b"\t")
        mode, _, sha = facts.decode().split(" ")
        entry = _Entry(mode, sha, os.fsdecode(name))
        if {"", ".", "..", ".git"}.intersection(entry.path.lower().split("/")):
            raise ConfigurationRefused(
                f"commit {commit.sha[:7]} has a file '{_printable(entry.path)}', which no checkout can have",
                "make the commit anew without it",
            )
        entries.append(entry)
    return tuple(entries)


async def _write(commit: Commit, entries: Sequence[_Entry], target: Path) -> tuple[str, ...]:
    """Write everything, links last: until then, nothing in the folder can lead out of it.

    Returns:
        The files that are pointers to large ones.
    """
    with writing(target):
        for entry in entries:
            path = target / entry.path
            (path if entry.mode == _SUBMODULE else path.parent).mkdir(parents=True, exist_ok=True)
    wanted = sorted((entry for entry in entries if entry.mode != _SUBMODULE), key=_is_link)
    async with commit.git.contents(commit.repository, [entry.sha for entry in wanted]) as contents:
        try:
            return tuple([entry.path for entry in wanted if await _write_one(contents, entry, target)])
        except EOFError as error:
            raise _not_whole(commit, str(error)) from error


async def _write_one(contents: Contents, entry: _Entry, target: Path) -> bool:
    """Write the next content where it belongs; return whether it is a pointer to a large file."""
    path = target / entry.path
    left = size = await contents.next_size()
    is_pointer = False
    with writing(path):
        if _is_link(entry):
            path.symlink_to(_target(entry, await contents.block(min(size, _LONGEST_LINK_BYTES + 1))))
            return False
        with path.open("xb") as file:
            while left:
                block = await contents.block(min(left, _BLOCK_BYTES))
                is_pointer |= left == size <= _POINTER_BYTES and block.startswith(_POINTER)
                left -= len(block)
                file.write(block)
        path.chmod(0o755 if entry.mode == _PROGRAM else 0o644)
    return is_pointer


def _target(entry: _Entry, content: bytes) -> str:
    if b"\0" in content or len(content) > _LONGEST_LINK_BYTES:
        shown = _printable(os.fsdecode(content[:40]))
        raise ConfigurationRefused(
            f"'{_printable(entry.path)}' is a link to what is no path: {shown}",
            "replace it by a file, and commit",
        )
    return os.fsdecode(content)


def _is_link(entry: _Entry) -> bool:
    return entry.mode == _LINK


def _refuse_links_out(commit: Commit, entries: Sequence[_Entry], target: Path) -> None:
    root = target.resolve()
    for entry in filter(_is_link, entries):
        link = target / entry.path
        if not link.resolve().is_relative_to(root):
            raise ConfigurationRefused(
                f"in commit {commit.sha[:7]}, '{_printable(entry.path)}' is a link to "
                f"'{_printable(os.readlink(link))}', which is outside of the repository",
                "a release holds all that it needs: replace the link by what it leads to",
            )


def _refuse_absence(commit: Commit, target: Path) -> None:
    if not (target / commit.folder).is_dir():
        raise ConfigurationRefused(
            f"commit {commit.sha[:7]} has no folder '{commit.folder}'",
            "commit it, or name another folder with --source",
        )
    if not any((target / commit.folder).iterdir()):
        raise ConfigurationRefused(f"commit {commit.sha[:7]} holds no files", "git add . && git commit")


def _not_whole(commit: Commit, complaint: str) -> ConfigurationRefused:
    why = f": {complaint}" if complaint else ""
    return ConfigurationRefused(
        f"'{commit.repository}' does not hold all of commit {commit.sha[:7]}{why}",
        "nothing is fetched while deploying; fetch it first, for example with: git fetch --refetch",
    )


def _printable(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable())
