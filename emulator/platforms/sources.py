"""Where the commit of an order is: in the repository that people push to, or made of uploaded files."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from emulator.errors import CheckFailed
from emulator.platforms.feed import Feed
from emulator.platforms.order import Order
from emulator.releases.git import Git, find
from emulator.releases.source import resolve

REPOSITORY = "repository.git"
"""In the state folder: what `clipnet-emulate remote` makes."""

_NOBODY = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "upload"), ("EMAIL", "upload@localhost"), ("DATE", "2000-01-01T00:00:00Z"))
}
"""Who makes the commit of uploaded files, and when: the same files are always the same commit."""


@dataclass(frozen=True, slots=True)
class Source:
    """A repository and a commit in it."""

    repository: Path
    sha: str


class Sources:
    """Finds the commit of an order.

    Args:
        folder: The state folder.
        env: The user's environment: where programs are.
    """

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder
        self._env = env

    @asynccontextmanager
    async def of(self, order: Order, feed: Feed) -> AsyncIterator[Source]:
        """Give the source of an order; one of uploaded files goes when the block ends.

        Raises:
            EmulatorError: There is none, or git is not installed.
        """
        if order.commit is not None:
            yield await self._pushed(order.commit)
            return
        if not order.has_files:
            raise CheckFailed(f"deployment '{order.deployment}' has neither a commit nor files")
        place = self._folder / "uploads" / order.deployment
        shutil.rmtree(place, ignore_errors=True)
        try:
            await feed.files(order.deployment, place / "tree")
            yield Source(place / "tree", await self._committed(place / "tree"))
        finally:
            shutil.rmtree(place, ignore_errors=True)

    async def _pushed(self, sha: str) -> Source:
        repository = self._folder / REPOSITORY
        if not repository.is_dir():
            raise CheckFailed(
                f"there is no repository with commit {sha}",
                "make one with: clipnet-emulate remote; then: git push emulate develop",
            )
        commit = await resolve(repository, sha, self._env)
        return Source(repository, commit.sha)

    async def _committed(self, tree: Path) -> str:
        """Make the files of a folder one commit."""
        _forget_history(tree / ".git")
        git = find(self._env)
        git = replace(git, env={**git.env, **_NOBODY})
        for words in (
            ("init", "--quiet", "--initial-branch=upload"),
            ("add", "--all", "--force", "."),
            ("commit", "--quiet", "--allow-empty", "--no-verify", "--message=Uploaded files"),
        ):
            await _done(git, tree, *words)
        return (await resolve(tree, "upload", self._env)).sha


def _forget_history(path: Path) -> None:
    """Remove what makes a folder a checkout: a folder, or a file that names one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


async def _done(git: Git, folder: Path, *words: str) -> None:
    answer = await git.ask(folder, *words)
    if answer.code != 0:
        raise CheckFailed(f"git {words[0]} failed in '{folder}': {answer.complaint}")
