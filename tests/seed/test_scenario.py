"""The seeds fit the tables, the fakes and themselves."""

import re
from collections import Counter
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from clipnet.db.models import Base
from clipnet.jobs import POLICIES, PREFIX
from fakes.kit import people as kit
from seed import large
from seed.clips import Files, Places
from seed.media import RECIPES, Rendered, Variant
from seed.people import DEMO_EMAIL, DEMO_PASSWORD, STAGE, Provider, Sealed, provider_user_id
from seed.scenario import EPOCH, TABLES, Scenario, none, small
from seed.words import Words, words

PLACES = Places("http://127.0.0.1:8410/staging", "http://fakes:8410/staging")
PROVIDERS: tuple[Provider, ...] = ("google", "tiktok", "twitch", "discord", "x")
VARIANTS: tuple[Variant, ...] = ("source", "polished", "poster")
FILES: Files = {
    (recipe.name, variant): Rendered(
        recipe.name, variant, Path(f"/{recipe.name}.{variant}"), "mp4", "00", "00", 1, 360, 640, 1.0, 1
    )
    for recipe in RECIPES
    for variant in VARIANTS
}


@pytest.fixture(scope="module")
def spoken_words() -> Words:
    return words(1, None)


@pytest.fixture(scope="module")
def scenario(spoken_words: Words) -> Scenario:
    return small(1, spoken_words, FILES, PLACES)


def rows(scenario: Scenario, table: str) -> list[Any]:
    return list(scenario.tables[table])


def test_the_same_integer_gives_the_same_seed_and_another_gives_another(spoken_words: Words) -> None:
    assert small(1, words(1, None), FILES, PLACES) == small(1, spoken_words, FILES, PLACES)
    assert small(2, words(2, None), FILES, PLACES).tables != small(1, spoken_words, FILES, PLACES).tables


def test_rows_have_exactly_the_columns_of_their_tables(scenario: Scenario) -> None:
    assert tuple(scenario.tables) == TABLES
    for table, seeded in scenario.tables.items():
        columns = {column.name for column in Base.metadata.tables[table].columns}
        assert {field.name for field in fields(seeded[0])} == columns, table


def test_required_columns_are_filled(scenario: Scenario) -> None:
    for table, seeded in scenario.tables.items():
        required = [column.name for column in Base.metadata.tables[table].columns if not column.nullable]
        assert not [(table, name) for row in seeded for name in required if getattr(row, name) is None]


def test_numbered_rows_are_numbered_from_one(scenario: Scenario) -> None:
    for table in ("clip_steps", "segments", "votes", "job_runs"):
        assert [row.id for row in scenario.tables[table]] == list(range(1, len(scenario.tables[table]) + 1))


def test_small_has_ten_users_and_sixty_clips_in_every_state(scenario: Scenario) -> None:
    states = Counter(clip.state for clip in rows(scenario, "clips"))

    assert len(rows(scenario, "users")) == 10
    assert len({user.email for user in rows(scenario, "users")}) == 10
    assert states == {"ready": 44, "failed": 9, "processing": 4, "queued": 3}
    assert all(clip.error_code for clip in rows(scenario, "clips") if clip.state == "failed")


def test_every_finished_clip_has_its_files_at_cloudinary(scenario: Scenario) -> None:
    assets = {(asset.resource_type, asset.public_id) for asset in scenario.assets}

    for clip in rows(scenario, "clips"):
        if clip.state == "ready":
            assert {("video", clip.video_public_id), ("image", clip.video_public_id)} <= assets
            assert clip.video_url.endswith(f"/{clip.video_public_id}.mp4")
            assert clip.video_url.startswith(PLACES.delivery)


def test_everything_lies_below_the_staging_folder(scenario: Scenario) -> None:
    assert all(asset.public_id.startswith("staging_clips/") for asset in scenario.assets)


def test_a_failed_upload_still_has_its_source(scenario: Scenario) -> None:
    kept = {upload.name for upload in scenario.uploads}

    assert kept
    assert kept == {c.source_path for c in rows(scenario, "clips") if c.source_path and c.state != "ready"}


def test_a_clip_without_a_job_says_that_it_stands_still(scenario: Scenario) -> None:
    standing = [clip for clip in rows(scenario, "clips") if clip.state in ("queued", "processing")]
    marked = {step.clip_id for step in rows(scenario, "clip_steps") if step.detail == {"seeded": True}}

    assert all("stands still" in clip.description for clip in standing)
    assert marked == {clip.id for clip in standing if clip.state == "processing"}


def test_words_lie_within_their_segments_and_segments_within_the_clip(scenario: Scenario) -> None:
    durations = {clip.id: clip.duration_s for clip in rows(scenario, "clips")}

    for segment in rows(scenario, "segments"):
        times = [time for word in segment.words for time in (word["start_s"], word["end_s"])]
        assert times == sorted(times)
        assert segment.start_s == times[0]
        assert segment.end_s == times[-1] <= durations[segment.clip_id]


def test_nobody_is_told_of_anything_before_it_happened(scenario: Scenario) -> None:
    for clip in rows(scenario, "clips"):
        assert clip.created_at < EPOCH
        assert clip.ready_at is None or clip.created_at < clip.ready_at
    for table in ("clip_steps", "job_runs"):
        assert all(
            row.finished_at is None or row.started_at <= row.finished_at for row in rows(scenario, table)
        )


def test_jobs_of_the_history_are_known_and_their_ids_hold_no_colon(scenario: Scenario) -> None:
    runs = rows(scenario, "job_runs")

    assert {run.name for run in runs} <= set(POLICIES)
    assert not [run.job_id for run in runs if ":" in run.job_id]
    assert PREFIX not in {run.job_id for run in runs}


@pytest.mark.parametrize("one", STAGE, ids=lambda one: str(one.login))
def test_people_of_the_stage_are_the_people_of_the_fakes(one: Any) -> None:
    person = kit.person(one.login)
    assert person is not None

    profiles = {name: import_module(f"fakes.{name}.state.profile").PROFILE for name in PROVIDERS}

    assert {name: provider_user_id(one, name) for name in PROVIDERS} == {
        name: profile.user_id(person) for name, profile in profiles.items()
    }
    assert one.display_name == person.display_name
    assert person.email == f"{one.login.split('_')[1]}@clipnet.test"


def test_accounts_tokens_wait_to_be_encrypted(scenario: Scenario) -> None:
    assert all(isinstance(account.access_token, Sealed) for account in rows(scenario, "oauth_accounts"))


def test_the_demo_user_can_log_in(scenario: Scenario) -> None:
    from argon2 import PasswordHasher

    demo = rows(scenario, "users")[0]

    assert demo.email == DEMO_EMAIL
    assert PasswordHasher().verify(demo.password_hash, DEMO_PASSWORD)
    assert not PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).check_needs_rehash(
        demo.password_hash
    )


def test_an_empty_seed_names_every_table_and_fills_none() -> None:
    empty = none(1)

    assert tuple(empty.tables) == TABLES
    assert not any(empty.tables.values())
    assert empty.assets == ()


def test_words_are_remembered(tmp_path: Path, spoken_words: Words) -> None:
    first = words(1, tmp_path)

    (file,) = tmp_path.iterdir()
    file.write_text(re.sub(r'"lines": \[[^]]*\]', '"lines": ["remembered"]', file.read_text()))

    assert first == spoken_words
    assert words(1, tmp_path).lines == ("remembered",)


def test_large_rows_do_not_depend_on_the_size_of_a_batch(scenario: Scenario, spoken_words: Words) -> None:
    owners = [user.id for user in scenario.people.users]

    def clips(size: int) -> list[tuple[Any, ...]]:
        made = large.batches(1, spoken_words, owners, PLACES, EPOCH, count=300, size=size)
        return [row for batch in made for row in batch.tables["clips"]]

    assert clips(300) == clips(70)
    assert len({row[0] for row in clips(70)}) == 300


def test_large_rows_have_a_value_for_every_column(scenario: Scenario, spoken_words: Words) -> None:
    owners = [user.id for user in scenario.people.users]

    (batch,) = large.batches(1, spoken_words, owners, PLACES, EPOCH, count=300, size=300)

    for table, made in batch.tables.items():
        assert {len(row) for row in made} == {len(large.COLUMNS[table])}
    assert {row[4] for row in batch.tables["clips"]} == {"ready", "failed"}


def test_large_videos_exist(scenario: Scenario, spoken_words: Words) -> None:
    owners = [user.id for user in scenario.people.users]
    (batch,) = large.batches(1, spoken_words, owners, PLACES, EPOCH, count=300, size=300)
    column = large.COLUMNS["clips"].index("video_public_id")

    wanted = {row[column] for row in batch.tables["clips"]} - {None}

    assert wanted == {asset.public_id for asset in large.assets(FILES, EPOCH)}


def test_scopes_of_accounts_are_known_to_their_providers(scenario: Scenario) -> None:
    for account in rows(scenario, "oauth_accounts"):
        profile = import_module(f"fakes.{account.provider}.state.profile").PROFILE
        assert set(account.scopes) <= profile.scopes


def test_the_bots_channels_are_known_to_their_platforms(scenario: Scenario) -> None:
    ids = [(channel.platform, channel.external_id) for channel in rows(scenario, "bot_channels")]

    assert ids == [
        ("twitch", provider_user_id(STAGE[0], "twitch")),
        ("discord", import_module("fakes.discord.state.guild").CHANNEL_ID),
        ("x", import_module("fakes.x.state.users").BOT_ID),
        ("twitch", provider_user_id(STAGE[1], "twitch")),
    ]
