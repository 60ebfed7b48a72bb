from __future__ import annotations

from pathlib import Path

import pytest

from clipnet.settings import SettingsError, load
from tests.clipnet.environment import environment

ENV = environment(
    database_url="postgresql://clipnet:clipnet@127.0.0.1:8402/clipnet",
    redis_url="redis://127.0.0.1:8403/0",
    media_dir=Path("/srv/production/media"),
)


def problems(**changes: str | None) -> tuple[str, ...]:
    env = {name: value for name, value in {**ENV, **changes}.items() if value is not None}
    with pytest.raises(SettingsError) as caught:
        load(env)
    return caught.value.problems


def test_a_complete_environment_is_read() -> None:
    settings = load(
        {**ENV, "SOURCE_HOSTS": " 127.0.0.1, Media.Local:9000 ", "WEB_URL": "http://127.0.0.1:8400/"}
    )

    assert (settings.environment, settings.port, settings.max_upload_bytes) == ("staging", 8401, 5_000_000)
    assert (settings.source_hosts, settings.web_url) == (
        ("127.0.0.1", "media.local:9000"),
        "http://127.0.0.1:8400",
    )
    assert settings.twitch.eventsub_secret.reveal() == "clipbot-staging-secret"


def test_every_problem_is_told_at_once() -> None:
    found = problems(
        DATABASE_URL=None, REDIS_URL="http://x", PORT="http", API_URL="8401", TOKEN_KEY="short", HOST=None
    )

    assert found == (
        "PORT is 'http'; it must be a whole number",
        "DATABASE_URL is missing",
        "REDIS_URL must be an address that starts with redis://",
        "API_URL is '8401'; it must be an http or https address",
        "TOKEN_KEY must be 32 bytes in url-safe base64",
    )


def test_a_second_address_of_one_needs_one_of_the_other() -> None:
    assert problems(API_ALIAS_URL=None) == ("API_ALIAS_URL is missing",)
    assert problems(WEB_ALIAS_URL="stage.localhost") == (
        "WEB_ALIAS_URL is 'stage.localhost'; it must be an http or https address",
    )


@pytest.mark.parametrize(
    ("host", "web_url"),
    [
        ("api.staging.clipnet.localhost:8405", "http://staging.clipnet.localhost:8405"),
        ("127.0.0.1:8401", "http://127.0.0.1:8400"),
        ("evil.example", "http://127.0.0.1:8400"),
        (None, "http://127.0.0.1:8400"),
    ],
)
def test_who_came_by_the_second_address_is_sent_to_the_second_page(host: str | None, web_url: str) -> None:
    assert load(ENV).site(host).web_url == web_url


def test_an_empty_environment_names_every_variable_that_is_needed() -> None:
    with pytest.raises(SettingsError) as caught:
        load({})

    assert len(caught.value.problems) > 40
    assert all(problem.endswith(" is missing") for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLOUDINARY_FOLDER", "prod_clips"),
        ("CLOUDINARY_URL", "cloudinary://1:2@prod"),
        ("RUNPOD_NAMESPACE", "production"),
        ("RUNPOD_API_KEY", "rpa_production_0000"),
        ("RUNPOD_CLIP_ENDPOINT", "production-clip"),
        ("GOOGLE_CLIENT_ID", "production.apps.googleusercontent.com"),
        ("TIKTOK_CLIENT_KEY", "awproduction"),
        ("TWITCH_CLIENT_ID", "twitchproductionclient00000000"),
        ("X_CLIENT_ID", "x-production-client"),
        ("DATABASE_URL", "postgresql://clipnet@db.prod.railway.internal/clipnet"),
        ("REDIS_URL", "redis://redis-production.internal/0"),
        ("API_URL", "https://api-prod.clipnet.example"),
    ],
)
def test_staging_refuses_what_belongs_to_production(name: str, value: str) -> None:
    (problem,) = problems(**{name: value})

    assert problem == f"{name} names something of production; staging must not touch it"


@pytest.mark.parametrize("value", ["staging_products", "reproducer", "prodigy.example"])
def test_words_that_only_look_like_production_are_taken(value: str) -> None:
    assert load({**ENV, "CLOUDINARY_FOLDER": value}).cloudinary.folder == value


def test_development_refuses_production_as_staging_does() -> None:
    (problem,) = problems(APP_ENV="development", RUNPOD_NAMESPACE="production")

    assert problem == "RUNPOD_NAMESPACE names something of production; development must not touch it"


def test_a_wrong_environment_is_told_alone() -> None:
    found = problems(APP_ENV="Production", RUNPOD_NAMESPACE="production", PORT="x")

    assert found == ("APP_ENV is 'Production'; it must be one of: development, staging, production",)


def test_one_problem_is_one_sentence() -> None:
    with pytest.raises(SettingsError) as caught:
        load({**ENV, "PORT": "x"})

    assert str(caught.value) == "PORT is 'x'; it must be a whole number"


def test_production_may_name_production() -> None:
    settings = load({**ENV, "APP_ENV": "production", "CLOUDINARY_FOLDER": "prod_clips"})

    assert settings.cloudinary.folder == "prod_clips"


def test_secrets_are_not_shown() -> None:
    settings = load(ENV)
    shown = f"{settings!r} {settings.session_secret} {settings.database_url}"

    for name in ("SESSION_SECRET", "TOKEN_KEY", "DATABASE_URL", "X_BOT_TOKEN", "GOOGLE_CLIENT_SECRET"):
        assert ENV[name] not in shown
    assert "stagingSecret" not in shown


def test_a_secret_may_come_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("  out-of-a-file-of-its-own\n")
    env = {name: value for name, value in ENV.items() if name != "SESSION_SECRET"}

    settings = load({**env, "SESSION_SECRET_FILE": str(path), "X_BOT_TOKEN_FILE": str(path)})

    assert settings.session_secret.reveal() == "out-of-a-file-of-its-own"
    assert settings.x.bot_token.reveal() == ENV["X_BOT_TOKEN"]  # the plain value comes first


def test_a_file_with_a_secret_is_checked_as_the_value_would_be(tmp_path: Path) -> None:
    for name, content in (("short", b"12"), ("production", b"prod-session-secret"), ("binary", b"\xff\xfe")):
        (tmp_path / name).write_bytes(content)

    def told(path: Path) -> tuple[str, ...]:
        return problems(SESSION_SECRET=None, SESSION_SECRET_FILE=str(path))

    assert told(tmp_path / "short") == ("SESSION_SECRET is shorter than 16 characters",)
    assert told(tmp_path / "production") == (
        "SESSION_SECRET names something of production; staging must not touch it",
    )
    assert told(tmp_path / "away") == (
        f"SESSION_SECRET_FILE names '{tmp_path}/away', which cannot be read: No such file or directory",
    )
    assert told(tmp_path / "binary") == (
        f"SESSION_SECRET_FILE names '{tmp_path}/binary', which cannot be read: it is no text",
    )


def test_an_empty_file_is_a_missing_secret(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    assert problems(TOKEN_KEY=None, TOKEN_KEY_FILE=str(tmp_path / "empty")) == ("TOKEN_KEY is missing",)
