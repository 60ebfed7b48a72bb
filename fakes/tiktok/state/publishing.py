"""Posts: from the announcement over the upload to what is public."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from fakes.kit.clock import Clock, unix_s
from fakes.kit.credentials import is_same
from fakes.kit.documents import SeedRow
from fakes.kit.ids import Ids
from fakes.kit.people import Person, person
from fakes.kit.store import Store
from fakes.tiktok import errors
from fakes.tiktok.state.chunks import Plan
from fakes.tiktok.state.photos import Photos

SCHEMA = """
CREATE TABLE publishes (
    id TEXT PRIMARY KEY, login TEXT NOT NULL, source TEXT NOT NULL, post_info TEXT NOT NULL,
    created_s REAL NOT NULL, upload_id TEXT, upload_token TEXT, total_bytes INTEGER, chunk_bytes INTEGER,
    chunk_count INTEGER, video_url TEXT, received_s REAL, processed_s REAL, sha256 TEXT, stored_bytes INTEGER,
    fail_reason TEXT, post_id TEXT NOT NULL, idempotency_key TEXT, kind TEXT NOT NULL DEFAULT 'DIRECT_POST',
    photos TEXT, shared_s REAL, public_s REAL
);
CREATE UNIQUE INDEX publishes_by_upload ON publishes (upload_id);
CREATE INDEX publishes_by_post ON publishes (post_id);
CREATE INDEX publishes_by_creator ON publishes (login, created_s);
"""
UPLOAD_LIFE_S = 3600
DAY_S = 86_400
FILE_UPLOAD, PULL_FROM_URL, SEEDED = "FILE_UPLOAD", "PULL_FROM_URL", "SEEDED"
DIRECT, INBOX = "DIRECT_POST", "INBOX_SHARE"


@dataclass(frozen=True, slots=True)
class Publish:
    """One post on its way.

    Attributes:
        plan: How the file comes; None when TikTok fetches it from `video_url`.
        status: TikTok's word for how far it is.
        fail_reason: Set when `status` is FAILED.
        is_received: Whether all bytes have come.
        kind: DIRECT_POST, or INBOX_SHARE for a draft that the creator posts.
        photos: Addresses of the photos of a photo post.
        is_moderated: Whether it may be seen by everybody, if it is to be.
    """

    id: str
    creator: Person
    source: str
    post_info: Mapping[str, Any]
    created_s: float
    upload_id: str | None
    upload_token: str | None
    plan: Plan | None
    video_url: str | None
    status: str
    fail_reason: str | None
    is_received: bool
    processed_s: float | None
    sha256: str | None
    stored_bytes: int | None
    post_id: str
    idempotency_key: str | None
    kind: str
    photos: tuple[str, ...]
    is_moderated: bool

    @property
    def file(self) -> str:
        """Name in the spool."""
        return f"{self.post_id}.video"

    @property
    def files(self) -> tuple[str, ...]:
        """Names in the spool: of the video, or of each photo; the first is `file`."""
        more = (f"{self.post_id}-{place}.photo" for place in range(2, len(self.photos) + 1))
        return (self.file, *more)

    @property
    def title(self) -> str:
        """The caption."""
        return str(self.post_info.get("title", ""))

    @property
    def is_ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.status in ("PUBLISH_COMPLETE", "FAILED")

    @property
    def is_public(self) -> bool:
        """Whether everybody may see it."""
        return self.post_info.get("privacy_level") == "PUBLIC_TO_EVERYONE"


class Publishing:
    """All posts of all creators."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    def load(self, given: Iterable[SeedRow]) -> None:
        """Add finished posts without media: `{"id", "login", "title", "at", "idempotency_key"}`.

        Raises:
            ValueError: A field is not usable.
        """
        for where, row in given:
            if person(str(row.get("login"))) is None or not row.get("id"):
                raise ValueError(f"{where} needs an id and a known login; it has {sorted(row)}")
            at_s = unix_s(str(row["at"])) if "at" in row else self._clock.now()
            info = {"title": str(row.get("title", "")), "privacy_level": "PUBLIC_TO_EVERYONE"}
            self._store.execute(
                "INSERT INTO publishes (id, login, source, post_info, created_s, received_s, processed_s,"
                " post_id, idempotency_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    f"v_pub_file~v2-1.{row['id']}",
                    row["login"],
                    SEEDED,
                    json.dumps(info),
                    *(at_s, at_s, at_s),
                    str(row["id"]),
                    row.get("idempotency_key"),
                ),
            )

    def announce(
        self,
        one: Person,
        post_info: Mapping[str, Any],
        source: Plan | str | Photos,
        key: str | None,
        kind: str = DIRECT,
    ) -> Publish:
        """Begin a post, whose video comes by a plan or from an address, or whose photos do."""
        plan = source if isinstance(source, Plan) else None
        url = source if isinstance(source, str) else None
        photos = source.urls if isinstance(source, Photos) else None
        number = self._store.unused("publishes", "post_id", lambda: "7" + self._ids.digits(18))
        self._store.execute(
            "INSERT INTO publishes (id, login, source, post_info, created_s, upload_id, upload_token,"
            " total_bytes, chunk_bytes, chunk_count, video_url, post_id, idempotency_key, kind, photos)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                f"{_prefix(kind, source)}.{number}",
                one.login,
                FILE_UPLOAD if plan else PULL_FROM_URL,
                json.dumps(post_info),
                self._clock.now(),
                number if plan else None,
                self._ids.url_safe(32) if plan else None,
                plan.total_bytes if plan else None,
                plan.chunk_bytes if plan else None,
                plan.count if plan else None,
                url,
                number,
                key,
                kind,
                None if photos is None else json.dumps(photos),
            ),
        )
        row = self._store.one("SELECT * FROM publishes WHERE post_id = ?", (number,))
        assert row is not None
        return self._publish(row)

    def existing(self, publish_id: str, one: Person | None = None) -> Publish:
        """A post, of this creator if one is given.

        Raises:
            ProviderError: Not there, or another creator's (400).
        """
        row = self._store.one("SELECT * FROM publishes WHERE id = ?", (publish_id,))
        if row is None:
            raise errors.invalid_publish_id()
        if one is not None and row["login"] != one.login:
            raise errors.foreign_publish_id()
        return self._publish(row)

    def upload(self, upload_id: str, token: str) -> Publish:
        """The post that an upload address belongs to.

        Raises:
            ProviderError: No such task (404); a wrong token or an address of over an hour (403).
        """
        row = self._store.one("SELECT * FROM publishes WHERE upload_id = ?", (upload_id,))
        if row is None:
            raise errors.upload(404, "The upload task is not found.")
        is_late = self._clock.now() > row["created_s"] + UPLOAD_LIFE_S
        if is_late or not is_same(token, row["upload_token"]):
            raise errors.upload(403, "The upload URL is expired.")
        return self._publish(row)

    def published(self, post_id: str) -> Publish | None:
        """The post behind a public page, when it is complete."""
        row = self._store.one("SELECT * FROM publishes WHERE post_id = ?", (post_id,))
        found = self._publish(row) if row else None
        return found if found is not None and found.status == "PUBLISH_COMPLETE" else None

    def forget(self, publish_id: str) -> None:
        """Remove a post for good."""
        self._store.execute("DELETE FROM publishes WHERE id = ?", (publish_id,))

    def received(
        self, publish_id: str, sha256: str, size_bytes: int, processing_s: float, moderation_s: float
    ) -> None:
        """All bytes are there; processing begins, and moderation after it."""
        now_s = self._clock.now()
        done_s = now_s + processing_s
        self._store.execute(
            "UPDATE publishes SET received_s = ?, processed_s = ?, public_s = ?, sha256 = ?, stored_bytes = ?"
            " WHERE id = ?",
            (now_s, done_s, done_s + moderation_s, sha256, size_bytes, publish_id),
        )

    def share(self, publish_id: str, privacy_level: str) -> None:
        """The creator posts a draft from the inbox."""
        now_s = self._clock.now()
        info = {**self.existing(publish_id).post_info, "privacy_level": privacy_level}
        self._store.execute(
            "UPDATE publishes SET shared_s = ?, public_s = max(?, public_s), post_info = ? WHERE id = ?",
            (now_s, now_s, json.dumps(info), publish_id),
        )

    def pending_shares(self, one: Person) -> int:
        """Drafts of the last 24 hours that the creator has not posted."""
        rows = self._store.all(
            "SELECT * FROM publishes WHERE login = ? AND kind = ? AND created_s > ? AND shared_s IS NULL",
            (one.login, INBOX, self._clock.now() - DAY_S),
        )
        return sum(not self._publish(row).is_ended for row in rows)

    def under_way(self, one: Person) -> list[Publish]:
        """A creator's posts that have not come to their end."""
        rows = self._store.all(
            "SELECT * FROM publishes WHERE login = ? AND (processed_s IS NULL OR processed_s > ?)",
            (one.login, self._clock.now()),
        )
        return [self._publish(row) for row in rows]

    def fail(self, publish_id: str, reason: str, after_s: float) -> None:
        """Let a post end in FAILED, `after_s` from now; it takes no more bytes."""
        now_s = self._clock.now()
        self._store.execute(
            "UPDATE publishes SET fail_reason = ?, processed_s = ?, received_s = coalesce(received_s, ?)"
            " WHERE id = ?",
            (reason, now_s + after_s, now_s, publish_id),
        )

    def count_of_day(self, one: Person) -> int:
        """Direct posts that a creator began within the last 24 hours."""
        row = self._store.one(
            "SELECT count(*) FROM publishes WHERE login = ? AND source <> ? AND created_s > ? AND kind = ?",
            (one.login, SEEDED, self._clock.now() - DAY_S, DIRECT),
        )
        return int(row[0]) if row else 0

    def all(self) -> list[Publish]:
        """Everything that was begun, oldest first."""
        rows = self._store.all("SELECT * FROM publishes ORDER BY created_s, rowid")
        return [self._publish(row) for row in rows]

    def summary(self) -> dict[str, Any]:
        """Counts by status; a duplicate is a post whose idempotency key an earlier one had.

        What was announced and never came, or failed, is no post.
        """
        found = self.all()
        statuses = [one.status for one in found]
        made = [one for one in found if one.is_received and one.status != "FAILED"]
        keys = [one.idempotency_key for one in made if one.idempotency_key is not None]
        counts = {status: statuses.count(status) for status in sorted(set(statuses))}
        repeated = {key: count for key, count in Counter(keys).items() if count > 1}
        return {
            "posts": len(found),
            "by_status": counts,
            "duplicates": len(keys) - len(set(keys)),
            "repeated_keys": repeated,
        }

    def _publish(self, row: Row) -> Publish:
        creator = person(row["login"])
        assert creator is not None
        is_pulled = row["source"] == PULL_FROM_URL
        status = "PROCESSING_DOWNLOAD" if is_pulled else "PROCESSING_UPLOAD"
        if row["processed_s"] is not None and self._clock.now() >= row["processed_s"]:
            status = "FAILED" if row["fail_reason"] else "PUBLISH_COMPLETE"
            if row["kind"] == INBOX and row["shared_s"] is None and status != "FAILED":
                status = "SEND_TO_USER_INBOX"
        has_plan = row["chunk_count"] is not None
        return Publish(
            id=row["id"],
            creator=creator,
            source=row["source"],
            post_info=json.loads(row["post_info"]),
            created_s=row["created_s"],
            upload_id=row["upload_id"],
            upload_token=row["upload_token"],
            plan=Plan(row["total_bytes"], row["chunk_bytes"], row["chunk_count"]) if has_plan else None,
            video_url=row["video_url"],
            status=status,
            fail_reason=row["fail_reason"] if status == "FAILED" else None,
            is_received=row["received_s"] is not None,
            processed_s=row["processed_s"],
            sha256=row["sha256"],
            stored_bytes=row["stored_bytes"],
            post_id=row["post_id"],
            idempotency_key=row["idempotency_key"],
            kind=row["kind"],
            photos=tuple(json.loads(row["photos"] or "[]")),
            is_moderated=row["public_s"] is None or self._clock.now() >= row["public_s"],
        )


def _prefix(kind: str, source: Plan | str | Photos) -> str:
    """How publish ids begin; that of photos for the inbox is a guess."""
    match source:
        case Photos():
            return "p_pub_url~v2" if kind == DIRECT else "p_inbox_url~v2"
        case Plan():
            return "v_pub_file~v2-1" if kind == DIRECT else "v_inbox_file~v2"
    return "v_pub_url~v2" if kind == DIRECT else "v_inbox_url~v2"
