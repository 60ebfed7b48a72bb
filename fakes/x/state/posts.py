"""Posts: length, duplicates, replies, media."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from fakes.kit.clock import iso
from fakes.kit.documents import SeedRow, age_s
from fakes.kit.kit import Kit
from fakes.kit.snowflake import Snowflakes
from fakes.x import errors
from fakes.x.state.media import MediaLibrary
from fakes.x.state.users import User, Users
from fakes.x.text import LIMIT, weight

SCHEMA = """
CREATE TABLE posts (
    id TEXT PRIMARY KEY, author_id TEXT NOT NULL, text TEXT NOT NULL, reply_to TEXT, quote_of TEXT,
    media_ids TEXT NOT NULL, created_s REAL NOT NULL, is_deleted INTEGER NOT NULL DEFAULT 0,
    is_from_api INTEGER NOT NULL, idempotency_key TEXT
);
CREATE INDEX posts_by_text ON posts (author_id, text);
CREATE INDEX posts_by_key ON posts (idempotency_key)
"""
EPOCH_MS = 1_288_834_974_657


@dataclass(frozen=True, slots=True)
class Draft:
    """A post as an application sends it."""

    text: str = ""
    media_ids: tuple[str, ...] = ()
    reply_to: str | None = None
    quote_of: str | None = None
    has_more: bool = False
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class PageWanted:
    """Which posts of a timeline are asked for; ids as numbers, times in Unix seconds."""

    most: int
    since_id: int
    until_id: int
    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Post:
    """One post; `created_s` in Unix seconds."""

    id: str
    author_id: str
    text: str
    reply_to: str | None
    quote_of: str | None
    media_ids: tuple[str, ...]
    created_s: float


class Posts:
    """All posts.

    Args:
        kit: Clock and store.
        users: Who writes.
        media: What is attached.
        ids: Makes post ids.
    """

    def __init__(self, kit: Kit, users: Users, media: MediaLibrary, ids: Snowflakes) -> None:
        self._kit = kit
        self._users = users
        self._media = media
        self._ids = ids

    def load(self, given: Iterable[SeedRow]) -> None:
        """Add posts: `[{"id"?, "user"?, "text", "age_s"?, "idempotency_key"?}]`.

        Raises:
            ValueError: A user is unknown.
        """
        for where, row in given:
            user = self._users.find(str(row.get("user", "clipnet")))
            if user is None:
                raise ValueError(f"{where}.user is '{row.get('user')}'; it must be an id or username")
            draft = Draft(str(row.get("text", "")), idempotency_key=row.get("idempotency_key"))
            at_s = self._kit.clock.now() - age_s(where, row)
            post_id = str(row.get("id") or self._ids.next())
            self._insert(post_id, user, draft, at_s=at_s, is_from_api=True)

    def create(self, author: User, draft: Draft) -> Post:
        """Publish a post.

        Raises:
            ProviderError: Empty, too long, a duplicate, or something it refers to cannot be used.
        """
        if author.is_suspended:
            raise errors.suspended()
        if not draft.text and not draft.media_ids and not draft.has_more:
            raise errors.invalid("Tweet text is required when media, poll or quote is not provided.", "text")
        if weight(draft.text) > LIMIT:
            raise errors.too_long()
        if draft.reply_to is not None:
            self._check_reply(author, draft.reply_to)
        if draft.quote_of is not None and self.find(draft.quote_of) is None:
            raise errors.invalid("The quoted Tweet does not exist.", "quote_tweet_id", draft.quote_of)
        if draft.media_ids:
            self._media.check_usable(author.id, draft.media_ids)
        if draft.text and self._was_posted(author.id, draft.text):
            raise errors.duplicate_post()
        return self._insert(self._ids.next(), author, draft, is_from_api=True)

    def say(self, author: User, text: str) -> Post:
        """A person posts by hand."""
        return self._insert(self._ids.next(), author, Draft(text), is_from_api=False)

    def find(self, post_id: str) -> Post | None:
        """The post of this id, unless it was deleted."""
        row = self._kit.store.one("SELECT * FROM posts WHERE id = ? AND is_deleted = 0", (post_id,))
        return None if row is None else _post(row)

    def get(self, post_id: str) -> Post:
        """The post of this id.

        Raises:
            ProviderError: There is none (404).
        """
        found = self.find(post_id)
        if found is None:
            raise errors.not_found("tweet", "id", post_id)
        return found

    def of_user(self, user: User, wanted: PageWanted) -> list[Post]:
        """An account's posts, newest first, and one more than wanted if there are more."""
        rows = self._kit.store.all(
            "SELECT * FROM posts WHERE author_id = ? AND is_deleted = 0 AND CAST(id AS INTEGER) > ?"
            " AND CAST(id AS INTEGER) < ? AND created_s >= ? AND created_s < ?"
            " ORDER BY CAST(id AS INTEGER) DESC LIMIT ?",
            (user.id, wanted.since_id, wanted.until_id, wanted.begin_s, wanted.end_s, wanted.most + 1),
        )
        return [_post(row) for row in rows]

    def delete(self, author: User, post_id: str) -> None:
        """Delete one's own post.

        Raises:
            ProviderError: There is none (404), or it is another's (403).
        """
        if self.get(post_id).author_id != author.id:
            raise errors.not_the_author()
        self._kit.store.execute("UPDATE posts SET is_deleted = 1 WHERE id = ?", (post_id,))

    def sent_by_api(self) -> list[dict[str, Any]]:
        """What the application posted, oldest first, in the form that all platforms' posts have."""
        rows = self._kit.store.all(
            "SELECT p.*, u.username FROM posts p JOIN users u ON u.id = p.author_id"
            " WHERE p.is_from_api = 1 AND p.is_deleted = 0 ORDER BY p.created_s, p.rowid"
        )
        return [
            {
                "platform": "x",
                "id": row["id"],
                "url": f"{self._kit.url_at('x.com')}/{row['username']}/status/{row['id']}",
                "account": row["username"],
                "title": None,
                "text": row["text"],
                "media": self._media.described(json.loads(row["media_ids"])),
                "at": iso(row["created_s"]),
                "idempotency_key": row["idempotency_key"],
                "channel": row["reply_to"],
            }
            for row in rows
        ]

    def forget(self, post_id: str) -> bool:
        """Remove what the application posted; tell whether there was something."""
        gone = self._kit.store.execute("DELETE FROM posts WHERE id = ? AND is_from_api = 1", (post_id,))
        return gone.rowcount > 0

    def summary(self) -> dict[str, int]:
        """Counts; a duplicate is a post whose idempotency key was sent before."""
        row = self._kit.store.one(
            "SELECT coalesce(sum(is_from_api), 0) AS sent,"
            " count(idempotency_key) - count(DISTINCT idempotency_key) AS duplicates FROM posts"
        )
        assert row is not None
        return {"posts": row["sent"], "duplicates": row["duplicates"]}

    def _check_reply(self, author: User, reply_to: str) -> None:
        post = self.find(reply_to)
        if post is None:
            raise errors.reply_to_nothing()
        if post.author_id != author.id and f"@{author.username}" not in post.text.lower():
            raise errors.reply_not_allowed()

    def _was_posted(self, author_id: str, text: str) -> bool:
        found = self._kit.store.one(
            "SELECT 1 FROM posts WHERE author_id = ? AND text = ? AND is_deleted = 0", (author_id, text)
        )
        return found is not None

    def _insert(
        self, post_id: str, author: User, draft: Draft, *, is_from_api: bool, at_s: float | None = None
    ) -> Post:
        created_s = self._kit.clock.now() if at_s is None else at_s
        media = json.dumps(draft.media_ids)
        row = (post_id, author.id, draft.text, draft.reply_to, draft.quote_of, media, created_s, is_from_api)
        self._kit.store.execute(
            "INSERT INTO posts VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?)", (*row, draft.idempotency_key)
        )
        return self.get(post_id)


def _post(row: Row) -> Post:
    refers = (row["reply_to"], row["quote_of"], tuple(json.loads(row["media_ids"])))
    return Post(row["id"], row["author_id"], row["text"], *refers, row["created_s"])
