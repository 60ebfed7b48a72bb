"""The settings of the application in its two profiles, staging and production: same names, different shapes.

A stack accepts only the staging shape. Fixed staging values are those that the fakes know; production's are
the fakes' tripwires and the forms of real credentials.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

CLOUDINARY_FOLDER = "staging_clips"
"""Below it lies whatever staging uploads."""

_ANY = ".+"
_LOOPBACK_URL = r"http://(127\.0\.0\.1|localhost)(:\d+)?(/.*)?"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what it may look like in each profile (regular expressions for the whole value)."""

    name: str
    staging: str = _ANY
    production: str = _ANY
    is_secret: bool = False
    is_for_staging_only: bool = False

    @property
    def may_be_equal(self) -> bool:
        """True if both profiles may have one value: it opens nothing and leads nowhere."""
        return not self.is_secret and not self.is_told_apart

    @property
    def is_told_apart(self) -> bool:
        """True if the two profiles' values differ in shape, so that a wrong one is seen."""
        return self.staging != self.production

    def fits_staging(self, value: str) -> bool:
        """Tell whether a stack accepts the value."""
        return re.fullmatch(self.staging, value) is not None

    def fits_production(self, value: str) -> bool:
        """Tell whether the value is one of production."""
        return self.is_told_apart and re.fullmatch(self.production, value) is not None


def _origin(name: str, real: str) -> Setting:
    return Setting(name, _LOOPBACK_URL, rf"https://{real}(/.*)?")


def _alias(name: str) -> Setting:
    """A second address of what has one already; production has none."""
    return Setting(
        name, r"(http://([a-z0-9-]+\.)+localhost(:\d+)?)?", r"https://.+", is_for_staging_only=True
    )


TRUST = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "HTTPLIB2_CA_CERTS",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
)
"""By these, API and worker in containers trust the authority of the fakes; they are empty elsewhere."""

SETTINGS: tuple[Setting, ...] = (
    Setting("APP_ENV", "development|staging", "production"),
    Setting("APP_VERSION"),
    Setting("APP_COMMIT", ".*", ".*"),
    Setting("LOG_FORMAT", "json|text", "json|text"),
    Setting(
        "DATABASE_URL",
        r"postgres(ql)?://[^@]*@(127\.0\.0\.1|localhost):\d+/\w+",
        r"postgres(ql)?://.+",
        is_secret=True,
    ),
    Setting(
        "REDIS_URL", r"redis://([^@]*@)?(127\.0\.0\.1|localhost):\d+(/\d+)?", r"rediss?://.+", is_secret=True
    ),
    _origin("API_URL", r"api\.clipnet\.ai"),
    _origin("WEB_URL", r"(www\.)?clipnet\.ai"),
    _alias("API_ALIAS_URL"),
    _alias("WEB_ALIAS_URL"),
    Setting("SESSION_SECRET", is_secret=True),
    Setting("TOKEN_KEY", is_secret=True),
    Setting("MEDIA_DIR"),
    Setting("MAX_UPLOAD_BYTES", r"\d+", r"\d+"),
    Setting("SOURCE_HOSTS"),
    Setting(
        "CLOUDINARY_URL",
        r"cloudinary://\d+:[^@]+@staging\?.*upload_prefix=http://(127\.0\.0\.1|localhost)[:/&].*",
        r"cloudinary://\d+:[^@]+@(?!staging\b).+",
        is_secret=True,
    ),
    Setting("CLOUDINARY_FOLDER", CLOUDINARY_FOLDER, "prod_clips"),
    _origin("RUNPOD_ENDPOINT_BASE_URL", r"api\.runpod\.ai"),
    Setting("RUNPOD_API_KEY", r"rpa_staging_\w+", r"rpa_(?!staging_)\w+", is_secret=True),
    Setting("RUNPOD_NAMESPACE", "staging", "production"),
    *(
        Setting(f"RUNPOD_{model}_ENDPOINT", r"staging-\w+", r"production-\w+")
        for model in ("WHISPER", "BLIP", "MOTION", "CLIP")
    ),
    _origin("GOOGLE_ACCOUNTS_URL", r"accounts\.google\.com"),
    _origin("GOOGLE_OAUTH_URL", r"oauth2\.googleapis\.com"),
    _origin("GOOGLE_OPENID_URL", r"openidconnect\.googleapis\.com"),
    _origin("YOUTUBE_URL", r"youtube\.googleapis\.com"),
    _origin("YOUTUBE_WEB_URL", r"www\.youtube\.com"),
    Setting(
        "GOOGLE_CLIENT_ID",
        r"staging\.apps\.googleusercontent\.com",
        r"(?!staging\.).+\.apps\.googleusercontent\.com",
    ),
    Setting(
        "GOOGLE_CLIENT_SECRET", r"google-staging-secret", r"GOCSPX-.+|google-production-.+", is_secret=True
    ),
    _origin("TIKTOK_WEB_URL", r"www\.tiktok\.com"),
    _origin("TIKTOK_URL", r"open\.tiktokapis\.com"),
    Setting("TIKTOK_CLIENT_KEY", "awstaging", r"aw(?!staging)\w+"),
    Setting("TIKTOK_CLIENT_SECRET", "tiktok-staging-secret", r"(?!tiktok-staging-).+", is_secret=True),
    _origin("TWITCH_WEB_URL", r"id\.twitch\.tv"),
    _origin("TWITCH_AUTH_URL", r"id\.twitch\.tv"),
    _origin("TWITCH_URL", r"api\.twitch\.tv"),
    Setting("TWITCH_CLIENT_ID", "twitchstagingclient0+", r"(?!twitchstaging)\w+"),
    Setting("TWITCH_CLIENT_SECRET", "twitch-staging-secret", r"(?!twitch-staging-).+", is_secret=True),
    Setting("TWITCH_EVENTSUB_SECRET", "clipbot-staging-secret", r"(?!clipbot-staging-).+", is_secret=True),
    Setting("TWITCH_BOT_USER_ID", "1000001", r"(?!1000001$)\d+"),
    _origin("DISCORD_WEB_URL", r"discord\.com"),
    _origin("DISCORD_URL", r"discord\.com"),
    Setting("DISCORD_CLIENT_ID", "1100000000000000001", r"(?!1100000000000000001$)\d+"),
    Setting("DISCORD_CLIENT_SECRET", "discord-staging-secret", r"(?!discord-staging-).+", is_secret=True),
    Setting("DISCORD_PUBLIC_KEY", "03a107bff3ce10be[0-9a-f]{48}", "(?!03a107bff3ce10be)[0-9a-f]{64}"),
    Setting("DISCORD_BOT_TOKEN", "discord-staging-bot-token", r"(?!discord-staging-).+", is_secret=True),
    _origin("X_WEB_URL", r"(x|twitter)\.com"),
    _origin("X_URL", r"api\.(x|twitter)\.com"),
    Setting("X_CLIENT_ID", "x-staging-client", r"(?!x-staging-).+"),
    Setting("X_CLIENT_SECRET", "x-staging-secret", r"(?!x-staging-).+", is_secret=True),
    Setting("X_CONSUMER_SECRET", "x-staging-consumer-secret", r"(?!x-staging-).+", is_secret=True),
    Setting("X_BOT_TOKEN", "x-staging-bot-token", r"(?!x-staging-).+", is_secret=True),
    *(Setting(name, ".*", ".*", is_for_staging_only=True) for name in TRUST),
)

OPTIONAL: tuple[str, ...] = ("HOST", "PORT", "STOP_GRACE_S")
"""What the application reads besides, and has a default for: of one process, not of the environment."""

FAKES_SETTINGS: tuple[Setting, ...] = (
    Setting("BLOBS_KEY", is_secret=True),
    Setting("BLOBS_URL", r"s3://([^@/]+@)?(127\.0\.0\.1|localhost)(:\d+)?/.+", r"s3://.+", is_secret=True),
)
"""Settings of the fakes that could lead out of the stack."""

BY_NAME: Mapping[str, Setting] = {one.name: one for one in (*SETTINGS, *FAKES_SETTINGS)}
_SECRET_NAME = re.compile(r"(^|_)(SECRET|TOKEN|PASSWORD|KEY|DSN)(_|$)")


def setting(name: str) -> Setting:
    """Return a setting; of one that the application does not know, the name tells whether it is a secret."""
    return BY_NAME.get(name) or Setting(name, is_secret=_SECRET_NAME.search(name) is not None)


PRODUCTION_HOSTS = (
    "clipnet.ai",
    "cloudinary.com",
    "runpod.ai",
    "runpod.io",
    "runpod.net",
    "googleapis.com",
    "accounts.google.com",
    "youtube.com",
    "tiktok.com",
    "tiktokapis.com",
    "twitch.tv",
    "discord.com",
    "discordapp.com",
    "discord.gg",
    "x.com",
    "twitter.com",
    "vercel.app",
    "vercel.com",
    "railway.app",
    "railway.com",
    "rlwy.net",
    "railway.internal",
    "huggingface.co",
    "hf.space",
    "amazonaws.com",
    "neon.tech",
    "supabase.co",
    "upstash.io",
    "redislabs.com",
)
"""Hosts (and everything below them) that a stack never talks to."""

PRODUCTION_WORDS: Mapping[str, str] = {
    "prod_clips": "production's Cloudinary folder",
    "rpa_production": "a production RunPod key",
    "999888777666555": "production's Cloudinary key",
    "awproduction": "production's TikTok client",
    "twitchproductionclient": "production's Twitch client",
    "1100000000000000999": "production's Discord application",
    "x-production-client": "production's X client",
    "vercel_production_token": "production's Vercel token",
    "b70dac70-": "production's Railway project or token",
    "hf_production": "a production Hugging Face token",
    "production.apps.googleusercontent.com": "production's Google client",
    "production-whisper": "production's RunPod endpoint",
    "production-blip": "production's RunPod endpoint",
    "production-motion": "production's RunPod endpoint",
    "production-clip": "production's RunPod endpoint",
}
"""Words that mark a value of production wherever they stand."""
