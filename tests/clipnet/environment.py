"""The environment that the API and the worker get in tests; a test changes what it serves."""

from __future__ import annotations

from pathlib import Path

_NOWHERE = "http://127.0.0.1:9"


def environment(*, database_url: str, redis_url: str, media_dir: Path, **changes: str) -> dict[str, str]:
    """Return a complete environment; `changes` replaces single values."""
    return {
        "APP_ENV": "staging",
        "APP_VERSION": "1.2.3",
        "HOST": "127.0.0.1",
        "PORT": "8401",
        "LOG_FORMAT": "json",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "API_URL": "http://127.0.0.1:8401",
        "WEB_URL": "http://127.0.0.1:8400",
        "API_ALIAS_URL": "http://api.staging.clipnet.localhost:8405",
        "WEB_ALIAS_URL": "http://staging.clipnet.localhost:8405",
        "SESSION_SECRET": "a-secret-for-tests-only",
        "TOKEN_KEY": "c3RhZ2luZy10b2tlbi1rZXktb2YtdGhlLWVtdWxhdG8=",
        "MEDIA_DIR": str(media_dir),
        "SOURCE_HOSTS": "127.0.0.1,localhost",
        "MAX_UPLOAD_BYTES": "5000000",
        "CLOUDINARY_URL": "cloudinary://111222333444555:stagingSecret_AbC-123@staging"
        f"?upload_prefix={_NOWHERE}&cname=127.0.0.1:9",
        "CLOUDINARY_FOLDER": "staging_clips",
        "RUNPOD_ENDPOINT_BASE_URL": f"{_NOWHERE}/v2",
        "RUNPOD_API_KEY": "rpa_staging_0000000000000000000000000000",
        "RUNPOD_NAMESPACE": "staging",
        "RUNPOD_WHISPER_ENDPOINT": "staging-whisper",
        "RUNPOD_BLIP_ENDPOINT": "staging-blip",
        "RUNPOD_MOTION_ENDPOINT": "staging-motion",
        "RUNPOD_CLIP_ENDPOINT": "staging-clip",
        "GOOGLE_ACCOUNTS_URL": _NOWHERE,
        "GOOGLE_OAUTH_URL": _NOWHERE,
        "GOOGLE_OPENID_URL": _NOWHERE,
        "YOUTUBE_URL": _NOWHERE,
        "YOUTUBE_WEB_URL": _NOWHERE,
        "GOOGLE_CLIENT_ID": "staging.apps.googleusercontent.com",
        "GOOGLE_CLIENT_SECRET": "google-staging-secret",
        "TIKTOK_WEB_URL": _NOWHERE,
        "TIKTOK_URL": _NOWHERE,
        "TIKTOK_CLIENT_KEY": "awstaging",
        "TIKTOK_CLIENT_SECRET": "tiktok-staging-secret",
        "TWITCH_WEB_URL": _NOWHERE,
        "TWITCH_AUTH_URL": _NOWHERE,
        "TWITCH_URL": _NOWHERE,
        "TWITCH_CLIENT_ID": "twitchstagingclient00000000000",
        "TWITCH_CLIENT_SECRET": "twitch-staging-secret",
        "TWITCH_EVENTSUB_SECRET": "clipbot-staging-secret",
        "TWITCH_BOT_USER_ID": "1000001",
        "DISCORD_WEB_URL": _NOWHERE,
        "DISCORD_URL": f"{_NOWHERE}/api/v10",
        "DISCORD_CLIENT_ID": "1100000000000000001",
        "DISCORD_CLIENT_SECRET": "discord-staging-secret",
        "DISCORD_PUBLIC_KEY": "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
        "DISCORD_BOT_TOKEN": "discord-staging-bot-token",
        "X_WEB_URL": _NOWHERE,
        "X_URL": _NOWHERE,
        "X_CLIENT_ID": "x-staging-client",
        "X_CLIENT_SECRET": "x-staging-secret",
        "X_CONSUMER_SECRET": "x-staging-consumer-secret",
        "X_BOT_TOKEN": "x-staging-bot-token",
        **changes,
    }
