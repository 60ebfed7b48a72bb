"""Commits that Railway has heard of from GitHub, so that the latest of a branch can be deployed."""

import re
from dataclasses import dataclass
from sqlite3 import Row

from fakes.kit.kit import Kit
from fakes.railway import errors

SCHEMA = """
CREATE TABLE commits (
    repo TEXT NOT NULL, branch TEXT NOT NULL, sha TEXT NOT NULL, message TEXT NOT NULL, author TEXT NOT NULL,
    at_s REAL NOT NULL, PRIMARY KEY (repo, sha)
)
"""
_SHA = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit; `message` and `author` are empty where nothing but its number is known."""

    repo: str
    branch: str
    sha: str
    message: str = ""
    author: str = ""

    @property
    def facts(self) -> dict[str, str]:
        """What a deployment keeps of it."""
        return {
            "repo": self.repo,
            "branch": self.branch,
            "sha": self.sha,
            "message": self.message,
            "author": self.author,
        }


class Commits:
    """All commits that are known.

    Args:
        kit: Clock and store.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def add(self, commit: Commit) -> None:
        """Hear of one; it is the latest of its branch then.

        Raises:
            ValueError: Its number is not 40 hex digits.
        """
        if not _SHA.fullmatch(commit.sha):
            raise ValueError(f"sha is '{commit.sha}'; it must be 40 lower-case hex digits")
        values = (*commit.facts.values(), self._kit.clock.now())
        self._kit.store.execute("INSERT OR REPLACE INTO commits VALUES (?, ?, ?, ?, ?, ?)", values)

    def latest(self, repo: str, branch: str) -> Commit | None:
        """The last one of a branch."""
        row = self._kit.store.one(
            "SELECT * FROM commits WHERE repo = ? AND branch = ? ORDER BY at_s DESC, rowid DESC LIMIT 1",
            (repo, branch),
        )
        return _commit(row) if row else None

    def find(self, repo: str, branch: str, sha: str, *, only_known: bool) -> Commit:
        """A commit by its number.

        Args:
            repo: Where it is looked for.
            branch: The branch of a commit of which nothing else is known.
            sha: 40 hex digits.
            only_known: Whether GitHub must have told of it; otherwise any number will do.

        Raises:
            ProviderError: There is none.
        """
        row = self._kit.store.one("SELECT * FROM commits WHERE repo = ? AND sha = ?", (repo, sha))
        if row is not None:
            return _commit(row)
        if only_known or not _SHA.fullmatch(sha):
            raise errors.not_found("Commit")
        return Commit(repo, branch, sha)


def _commit(row: Row) -> Commit:
    return Commit(row["repo"], row["branch"], row["sha"], row["message"], row["author"])
