"""Clips: asked for, ready some seconds later on the fake's clock, listed."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from sqlite3 import Row

from fakes.kit.documents import SeedRow, age_s
from fakes.kit.kit import Kit
from fakes.twitch import errors
from fakes.twitch.state.accounts import Accounts, User

SCHEMA = """
CREATE TABLE clips (
    id TEXT PRIMARY KEY, broadcaster_id TEXT NOT NULL, creator_id TEXT NOT NULL, title TEXT NOT NULL,
    duration_s REAL NOT NULL, created_s REAL NOT NULL, view_count INTEGER NOT NULL, game_id TEXT NOT NULL
);
CREATE INDEX clips_by_broadcaster ON clips (broadcaster_id, created_s)
"""
READY_AFTER_S = 5.0
_WORDS = (
    "Awkward",
    "Helpless",
    "Salamander",
    "Swift",
    "Brave",
    "Quiet",
    "Lemon",
    "Otter",
    "Sunny",
    "Crafty",
    "Panda",
)
_DURATIONS_S = (5.0, 60.0)
_DEFAULT_S = 30.0


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip; lengths in seconds, times in Unix seconds."""

    id: str
    broadcaster: User
    creator: User
    title: str
    duration_s: float
    created_s: float
    view_count: int
    game_id: str


class Clips:
    """All clips.

    Args:
        kit: Clock, ids and store.
        accounts: Who broadcasts and who clips.
    """

    def __init__(self, kit: Kit, accounts: Accounts) -> None:
        self._kit = kit
        self._accounts = accounts

    def load(self, given: Iterable[SeedRow]) -> None:
        """Add clips: `[{"id", "broadcaster", "creator", "title"?, "duration"?, "age_s"?}]`, people by login.

        Raises:
            ValueError: A person is unknown.
        """
        for where, row in given:
            people = [self._accounts.by_login(str(row.get(role))) for role in ("broadcaster", "creator")]
            broadcaster, creator = people
            if broadcaster is None or creator is None or not row.get("id"):
                raise ValueError(
                    f"{where} needs an id and logins as broadcaster and creator: {json.dumps(row)}"
                )
            created_s = self._kit.clock.now() - age_s(where, row)
            self._add(
                str(row["id"]),
                broadcaster,
                creator.id,
                row.get("title", ""),
                row.get("duration", _DEFAULT_S),
                created_s,
            )

    def create(
        self, creator: User, broadcaster_id: str | None, title: str | None, duration: str | None
    ) -> str:
        """Begin a clip of a running broadcast; returns its id.

        Raises:
            ProviderError: Nobody, offline, banned, or a bad length.
        """
        if not broadcaster_id:
            raise errors.missing_parameter("broadcaster_id")
        duration_s = _duration_s(duration)
        broadcaster = self._accounts.by_id(broadcaster_id)
        if broadcaster is None:
            raise errors.clip_of_nobody()
        if creator.is_banned:
            raise errors.clip_forbidden()
        if not broadcaster.is_live:
            raise errors.not_live()
        words = "".join(_WORDS[int(self._kit.ids.chance() * len(_WORDS))] for _ in range(4))
        clip_id = f"{words}-{self._kit.ids.url_safe(16)}"
        self._add(
            clip_id, broadcaster, creator.id, title or broadcaster.title, duration_s, self._kit.clock.now()
        )
        return clip_id

    def by_ids(self, ids: Sequence[str]) -> list[Clip]:
        """Ready clips of these ids, in this order."""
        rows = [self._kit.store.one("SELECT * FROM clips WHERE id = ?", (one,)) for one in ids]
        return self._ready([row for row in rows if row is not None])

    def of(self, column: str, value: str, from_s: float | None, to_s: float | None) -> list[Clip]:
        """Ready clips of one broadcaster or game (`broadcaster_id`, `game_id`), most viewed first."""
        assert column in ("broadcaster_id", "game_id")
        rows = self._kit.store.all(
            f"SELECT * FROM clips WHERE {column} = ? AND created_s BETWEEN ? AND ?"  # noqa: S608 - asserted above
            " ORDER BY view_count DESC, created_s DESC, id LIMIT 1000",
            (value, from_s or 0.0, to_s if to_s is not None else 1e12),
        )
        return self._ready(rows)

    def _ready(self, rows: Sequence[Row]) -> list[Clip]:
        now = self._kit.clock.now()
        found = []
        for row in rows:
            broadcaster = self._accounts.by_id(row["broadcaster_id"])
            creator = self._accounts.by_id(row["creator_id"])
            if broadcaster is None or creator is None or row["created_s"] + READY_AFTER_S > now:
                continue
            more = (row["title"], row["duration_s"], row["created_s"], row["view_count"], row["game_id"])
            found.append(Clip(row["id"], broadcaster, creator, *more))
        return found

    def _add(
        self,
        clip_id: str,
        broadcaster: User,
        creator_id: str,
        title: str,
        duration_s: float,
        created_s: float,
    ) -> None:
        self._kit.store.execute(
            "INSERT INTO clips VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
            (clip_id, broadcaster.id, creator_id, title, duration_s, created_s, broadcaster.game_id),
        )


def _duration_s(text: str | None) -> float:
    if text is None:
        return _DEFAULT_S
    try:
        duration_s = float(text)
    except ValueError:
        raise errors.bad_request('The parameter "duration" was malformed: it must be a number') from None
    if not _DURATIONS_S[0] <= duration_s <= _DURATIONS_S[1]:
        raise errors.bad_request('The parameter "duration" was malformed: the value must be from 5 to 60')
    return round(duration_s, 1)
