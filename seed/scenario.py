"""Whole seeds: all rows of the database, all assets and the documents of the fakes, from one integer.

`small` is what `clipnet-emulate seed` loads by default, `none` is an empty stack. The million clips of
`large` are in `seed/large.py`, because they are made while they are loaded.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from seed.clips import (
    FAILURES,
    FOLDER,
    Asset,
    ClipRow,
    ClipTables,
    Draft,
    Files,
    Places,
    PostRow,
    add_failed,
    add_post,
    add_ready,
    add_standing,
    add_votes,
    draft,
    post_key,
    source_public_id,
    source_url,
    voters,
)
from seed.media import RECIPES, Recipe, Rendered
from seed.people import CLEO, MIA, SAM, VIC, People, StagePerson, new_id, people, provider_user_id
from seed.words import Words

EPOCH = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
"""The present of a seed unless another is given: all that is seeded happened before it."""

READY, STANDING = 44, ("fetch", "polish", "whisper", "score", None, None, None)
WATCHERS = 4
TABLES = (
    "users", "api_tokens", "oauth_accounts", "clips", "clip_steps", "segments", "scores", "clip_tags",
    "votes",
    "posts", "bot_channels", "bot_events", "job_runs",
)  # fmt: skip
"""The seeded tables in the order in which rows may be inserted."""

DISCORD_CHANNEL_ID = "645027906669510667"
X_BOT_ID = "1111111111111111111"


@dataclass(frozen=True, slots=True)
class BotChannelRow:
    """A row of `bot_channels`."""

    id: uuid.UUID
    platform: str
    external_id: str
    name: str
    user_id: uuid.UUID | None
    settings: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BotEventRow:
    """A row of `bot_events`."""

    id: uuid.UUID
    platform: str
    event_id: str
    channel_id: uuid.UUID | None
    kind: str
    command: str | None
    author_id: str | None
    author_name: str | None
    reply: dict[str, Any]
    payload: dict[str, Any]
    clip_id: uuid.UUID | None
    state: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in the folder that API and worker share: what a user uploaded. `name` is relative to it."""

    name: str
    file: Rendered


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole seed; `tables` holds rows (dataclasses whose fields are the columns) in loading order."""

    name: str
    seed: int
    base: datetime
    tables: Mapping[str, Sequence[Any]]
    people: People
    assets: tuple[Asset, ...]
    uploads: tuple[Upload, ...]


def none(seed: int, base: datetime = EPOCH) -> Scenario:
    """Return the seed of an empty stack: nobody has signed up yet. The fakes know their people anyway."""
    tables: dict[str, Sequence[Any]] = dict.fromkeys(TABLES, ())
    return Scenario("none", seed, base, tables, People((), (), ()), (), ())


def small(seed: int, words: Words, files: Files, places: Places, base: datetime = EPOCH) -> Scenario:
    """Return 10 users and 60 clips in every state, with all that hangs on them, and ClipBOT's history."""
    random = Random(seed)
    everybody = people(random, base, words.names[:WATCHERS])
    channels = _channels(random, everybody, base, places)
    rows = ClipTables()

    starts = [
        base - timedelta(minutes=25 + 190 * index) for index in range(READY + len(FAILURES) + len(STANDING))
    ]
    drafts = [_draft(random, everybody, index, at) for index, at in enumerate(starts)]
    ready, rest = drafts[len(STANDING) : -len(FAILURES)], drafts[: len(STANDING)]
    failed = drafts[-len(FAILURES) :]
    for number, one in enumerate(ready):
        add_ready(rows, one, random, files, places, _publish_to(number))
    for one, failure in zip(failed, FAILURES, strict=True):
        add_failed(rows, one, failure, random, files, places)
    for one, step in zip(rest, STANDING, strict=True):
        add_standing(rows, one, step, random, files, places)

    _add_votes(rows, random, voters(everybody, words.viewers))
    _add_posts(rows, random, everybody)
    events = _events(rows, random, channels[:3], words)
    tables = {
        **_people_tables(everybody),
        "clips": rows.clips, "clip_steps": rows.steps, "segments": rows.segments, "scores": rows.scores,
        "clip_tags": rows.tags, "votes": rows.votes, "posts": rows.posts, "bot_channels": channels,
        "bot_events": events, "job_runs": rows.job_runs,
    }  # fmt: skip
    return Scenario(
        "small",
        seed,
        base,
        tables,
        everybody,
        _assets(rows, drafts, files, base),
        _uploads(drafts, rows, files),
    )


def _people_tables(everybody: People) -> dict[str, Sequence[Any]]:
    return {
        "users": everybody.users,
        "api_tokens": everybody.tokens,
        "oauth_accounts": everybody.accounts,
    }


def _draft(random: Random, everybody: People, index: int, at: datetime) -> Draft:
    recipe = RECIPES[index % len(RECIPES)]
    kind = ("upload", "upload", "url", "bot", "upload")[index % 5]
    owners = (everybody.users[0], everybody.user(SAM), everybody.user(CLEO), everybody.user(VIC))
    return draft(random, owners[index % len(owners)], recipe, at, kind)


def _publish_to(number: int) -> tuple[str, ...]:
    return ((), ("youtube", "tiktok"), ("youtube",), ())[number % 4]


def _add_votes(rows: ClipTables, random: Random, everybody: Sequence[str]) -> None:
    for clip in rows.clips:
        if clip.state == "ready":
            add_votes(rows, clip, random.sample(everybody, random.randint(0, 12)), random)


def _add_posts(rows: ClipTables, random: Random, everybody: People) -> None:
    """Publish what wanted to be published; every seventh post failed, as posts do."""
    sam = everybody.user(SAM)
    number = 0
    for clip in rows.clips:
        for platform in clip.publish_to:
            number += 1
            posted_at = (clip.ready_at or clip.created_at) + timedelta(seconds=random.randint(2, 30))
            ok = number % 7 != 0
            external_id = _external_id(random, platform)
            identity = new_id(random)
            post = PostRow(
                id=identity,
                clip_id=clip.id,
                user_id=sam.id,
                platform=platform,
                target="",
                state="posted" if ok else "failed",
                external_id=external_id if ok else None,
                url=_post_url(platform, external_id) if ok else None,
                error=None if ok else "the platform refused the post: daily limit reached",
                attempts=1 if ok else 6,
                idempotency_key=post_key(identity, f"post:{platform}"),
                created_at=clip.ready_at or clip.created_at,
                posted_at=posted_at if ok else None,
            )
            add_post(rows, clip, post, f"post:{platform}")


def _external_id(random: Random, platform: str) -> str:
    if platform == "youtube":
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        return "".join(random.choice(alphabet) for _ in range(11))
    return str(7_400_000_000_000_000_000 + random.getrandbits(48))


def _post_url(platform: str, external_id: str) -> str:
    if platform == "youtube":
        return f"https://www.youtube.com/watch?v={external_id}"
    return f"https://www.tiktok.com/@{SAM.login}/video/{external_id}"


def _channels(random: Random, everybody: People, base: datetime, places: Places) -> list[BotChannelRow]:
    """Return Sam's channel on each platform, and Cleo's on Twitch where only moderators may clip.

    A `!clip` in one cuts from the recipe's uncut video.
    """
    strict = {"permissions": {"clip": "moderator"}}
    rows: tuple[tuple[str, str, str, StagePerson, Recipe, dict[str, Any]], ...] = (
        ("twitch", provider_user_id(SAM, "twitch"), SAM.login, SAM, RECIPES[0], {}),
        ("discord", DISCORD_CHANNEL_ID, "clips", SAM, RECIPES[1], {}),
        ("x", X_BOT_ID, "clipbot", SAM, RECIPES[2], {}),
        ("twitch", provider_user_id(CLEO, "twitch"), CLEO.login, CLEO, RECIPES[3], strict),
    )
    return [
        BotChannelRow(
            id=new_id(random),
            platform=platform,
            external_id=external_id,
            name=name,
            user_id=everybody.user(owner).id,
            settings={
                "media_url": source_url(recipe, places),
                "media_position_s": recipe.duration_s,
                **settings,
            },
            created_at=base - timedelta(days=30),
        )
        for platform, external_id, name, owner, recipe, settings in rows
    ]


def _events(
    rows: ClipTables, random: Random, channels: Sequence[BotChannelRow], words: Words
) -> list[BotEventRow]:
    """Return what the bot was told: each clip it made, votes and chatter. Nothing is left to be done."""
    events: list[BotEventRow] = []
    by_bot = [clip for clip in rows.clips if clip.source_kind == "bot" and clip.state in ("ready", "failed")]
    for index, clip in enumerate(by_bot):
        channel = channels[index % len(channels)]
        state = "done" if clip.state == "ready" else "failed"
        events.append(
            _event(random, channel, index, "clip", clip, state, clip.created_at, f"!clip {clip.title}")
        )
    for index, line in enumerate(words.lines[:16]):
        channel, clip = channels[index % len(channels)], by_bot[index % len(by_bot)]
        at = clip.created_at + timedelta(minutes=3 + index)
        command, state = ("vote", "done") if index % 2 else (None, "ignored")
        text = "!vote up" if command else line
        events.append(_event(random, channel, index, command, clip, state, at, text))
    return events


def _event(
    random: Random,
    channel: BotChannelRow,
    index: int,
    command: str | None,
    clip: ClipRow,
    state: str,
    at: datetime,
    text: str,
) -> BotEventRow:
    author = (VIC, MIA, CLEO)[index % 3]
    reply: dict[str, dict[str, Any]] = {
        "twitch": {"channel_id": channel.external_id, "message_id": f"seeded-{random.getrandbits(32):08x}"},
        "discord": {"channel_id": channel.external_id},
        "x": {"post_id": str(1_900_000_000_000_000_000 + random.getrandbits(40))},
    }
    provider: Any = channel.platform
    return BotEventRow(
        id=new_id(random),
        platform=channel.platform,
        event_id=f"seeded-{random.getrandbits(64):016x}",
        channel_id=channel.id,
        kind={"twitch": "channel.chat.message", "discord": "interaction", "x": "mention"}[channel.platform],
        command=command,
        author_id=provider_user_id(author, provider),
        author_name=author.display_name,
        reply=reply[channel.platform],
        payload={"text": text, "seeded": True},
        clip_id=clip.id if command else None,
        state=state,
        received_at=at,
    )


def _assets(rows: ClipTables, drafts: Sequence[Draft], files: Files, base: datetime) -> tuple[Asset, ...]:
    """Return the uncut video of every recipe, and video and poster of every finished clip."""
    long_ago = base - timedelta(days=30)
    assets = [
        Asset(source_public_id(recipe), "video", files[recipe.name, "source"], long_ago, ("source",), {})
        for recipe in RECIPES
    ]
    recipes = {one.id: one.recipe.name for one in drafts}
    for clip in rows.clips:
        if clip.ready_at is None:
            continue
        public_id, context = f"{FOLDER}/{clip.id}", {"clip": str(clip.id)}
        recipe = recipes[clip.id]
        for kind, file in (("video", files[recipe, "polished"]), ("image", files[recipe, "poster"])):
            assets.append(Asset(public_id, kind, file, clip.ready_at, ("clipnet",), context))
    return tuple(assets)


def _uploads(drafts: Sequence[Draft], rows: ClipTables, files: Files) -> tuple[Upload, ...]:
    """Return the sources of failed uploads: a retry must find them. Finished clips' sources are long gone."""
    recipes = {one.id: one.recipe.name for one in drafts}
    return tuple(
        Upload(clip.source_path, files[recipes[clip.id], "source"])
        for clip in rows.clips
        if clip.source_path and clip.state != "ready"
    )
