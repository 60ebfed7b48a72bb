"""Every setting of the API and the worker, read once from the environment.

The one list of names is `load`; docs/contract.md describes it for programs that take our place. A secret can
also come in a file, which NAME_FILE names.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

ENVIRONMENTS: Final = ("development", "staging", "production")
"""All that APP_ENV may say; only the last is for real viewers."""
PROVIDERS: Final = ("google", "tiktok", "twitch", "discord", "x")
_PRODUCTION = re.compile(r"production|(?<![a-z])prod(?![a-z])", re.IGNORECASE)
_NOT_CHECKED_FOR_PRODUCTION: Final = frozenset({"MEDIA_DIR"})


class SettingsError(Exception):
    """The environment cannot be used; the text names every problem at once."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        lines = "\n".join(f"  - {problem}" for problem in problems)
        several = f"{len(problems)} settings cannot be used:\n{lines}"
        super().__init__(problems[0] if len(problems) == 1 else several)


class Secret:
    """Text that does not show itself in a log, a traceback or a repr."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class CloudinarySettings:
    """Where finished clips are stored; `url` is what the official SDK reads from CLOUDINARY_URL."""

    url: Secret
    folder: str


@dataclass(frozen=True, slots=True)
class RunpodSettings:
    """The shared GPU: its origin with `/v2`, the key, our namespace and one endpoint id per model."""

    base_url: str
    api_key: Secret
    namespace: str
    whisper: str
    blip: str
    motion: str
    clip: str


@dataclass(frozen=True, slots=True)
class GoogleSettings:
    """Origins and credentials of Google sign-in and YouTube."""

    web_url: str
    oauth_url: str
    openid_url: str
    youtube_url: str
    youtube_web_url: str
    client_id: str
    client_secret: Secret


@dataclass(frozen=True, slots=True)
class TiktokSettings:
    """Origins and credentials of TikTok."""

    web_url: str
    url: str
    client_key: str
    client_secret: Secret


@dataclass(frozen=True, slots=True)
class TwitchSettings:
    """Origins and credentials of Twitch; `bot_user_id` is who ClipBOT speaks as."""

    web_url: str
    auth_url: str
    url: str
    client_id: str
    client_secret: Secret
    eventsub_secret: Secret
    bot_user_id: str


@dataclass(frozen=True, slots=True)
class DiscordSettings:
    """Origins and credentials of Discord; `url` includes `/api/v10`, `client_id` is the application id."""

    web_url: str
    url: str
    client_id: str
    client_secret: Secret
    public_key: str
    bot_token: Secret


@dataclass(frozen=True, slots=True)
class XSettings:
    """Origins and credentials of X."""

    web_url: str
    url: str
    client_id: str
    client_secret: Secret
    consumer_secret: Secret
    bot_token: Secret


@dataclass(frozen=True, slots=True)
class Site:
    """A pair of addresses at which browsers find the API and the frontend."""

    api_url: str
    web_url: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All that the API and the worker are told; `api_url` and `web_url` are as browsers see them.

    `stop_grace_s` is how long the API lets requests under way go on after SIGTERM (worker: see its options).
    """

    environment: str
    version: str
    commit: str | None
    host: str
    port: int
    stop_grace_s: float
    log_format: str
    database_url: Secret
    redis_url: Secret
    api_url: str
    web_url: str
    alias: Site | None
    """A second pair of addresses for the same; logging in there stays there."""
    session_secret: Secret
    token_key: Secret
    media_dir: Path
    source_hosts: tuple[str, ...]
    max_upload_bytes: int
    cloudinary: CloudinarySettings
    runpod: RunpodSettings
    google: GoogleSettings
    tiktok: TiktokSettings
    twitch: TwitchSettings
    discord: DiscordSettings
    x: XSettings

    def site(self, api_host: str | None) -> Site:
        """Return the addresses for a request that names this host, and port, as the API's."""
        if self.alias is not None and api_host == urlsplit(self.alias.api_url).netloc:
            return self.alias
        return Site(self.api_url, self.web_url)


def environment(env: Mapping[str, str]) -> str:
    """Return which of `ENVIRONMENTS` APP_ENV names: the first, if it names none.

    Raises:
        SettingsError: It names another; that alone is told, since all else hangs on it.
    """
    value = env.get("APP_ENV", "").strip() or ENVIRONMENTS[0]
    if value not in ENVIRONMENTS:
        raise SettingsError((f"APP_ENV is {value!r}; it must be one of: {', '.join(ENVIRONMENTS)}",))
    return value


def banner(environment: str) -> str | None:
    """Return what warns whoever looks that this is not production; None there."""
    return None if environment == "production" else environment.upper()


def load(env: Mapping[str, str]) -> Settings:
    """Read the settings from an environment.

    Raises:
        SettingsError: Something is missing, malformed, or of production while `APP_ENV` is not; or the file
            of a secret cannot be read.
    """
    read = _Reader(env)
    settings = _settings(read, env)
    if settings.environment != "production":
        read.refuse_production(settings.environment)
    if read.problems:
        raise SettingsError(tuple(read.problems))
    return settings


def names() -> Mapping[str, bool]:
    """Return the name of every setting, and whether it is a secret."""
    read = _Reader({})
    _settings(read, {})
    return read.names


def _settings(read: _Reader, env: Mapping[str, str]) -> Settings:
    return Settings(
        environment=read.text("APP_ENV", environment(env)),
        version=read.text("APP_VERSION", "0.1.0"),
        commit=read.text("APP_COMMIT", "") or None,
        host=read.text("HOST", "127.0.0.1"),
        port=read.number("PORT", 8401, highest=65535),
        stop_grace_s=read.seconds("STOP_GRACE_S", 3.0, highest=600),
        log_format=read.one_of("LOG_FORMAT", ("json", "text"), "json"),
        database_url=read.secret_url("DATABASE_URL", ("postgresql", "postgres")),
        redis_url=read.secret_url("REDIS_URL", ("redis", "rediss")),
        api_url=read.url("API_URL"),
        web_url=read.url("WEB_URL"),
        alias=read.alias("API_ALIAS_URL", "WEB_ALIAS_URL"),
        session_secret=read.secret("SESSION_SECRET", shortest=16),
        token_key=read.fernet_key("TOKEN_KEY"),
        media_dir=Path(read.text("MEDIA_DIR")),
        source_hosts=tuple(
            part.strip().lower()
            for part in read.text("SOURCE_HOSTS", "127.0.0.1,localhost").split(",")
            if part.strip()
        ),
        max_upload_bytes=read.number("MAX_UPLOAD_BYTES", 2_147_483_648),
        cloudinary=CloudinarySettings(
            read.secret_url("CLOUDINARY_URL", ("cloudinary",)), read.text("CLOUDINARY_FOLDER")
        ),
        runpod=RunpodSettings(
            base_url=read.url("RUNPOD_ENDPOINT_BASE_URL"),
            api_key=read.secret("RUNPOD_API_KEY"),
            namespace=read.text("RUNPOD_NAMESPACE"),
            whisper=read.text("RUNPOD_WHISPER_ENDPOINT"),
            blip=read.text("RUNPOD_BLIP_ENDPOINT"),
            motion=read.text("RUNPOD_MOTION_ENDPOINT"),
            clip=read.text("RUNPOD_CLIP_ENDPOINT"),
        ),
        google=GoogleSettings(
            web_url=read.url("GOOGLE_ACCOUNTS_URL"),
            oauth_url=read.url("GOOGLE_OAUTH_URL"),
            openid_url=read.url("GOOGLE_OPENID_URL"),
            youtube_url=read.url("YOUTUBE_URL"),
            youtube_web_url=read.url("YOUTUBE_WEB_URL"),
            client_id=read.text("GOOGLE_CLIENT_ID"),
            client_secret=read.secret("GOOGLE_CLIENT_SECRET"),
        ),
        tiktok=TiktokSettings(
            web_url=read.url("TIKTOK_WEB_URL"),
            url=read.url("TIKTOK_URL"),
            client_key=read.text("TIKTOK_CLIENT_KEY"),
            client_secret=read.secret("TIKTOK_CLIENT_SECRET"),
        ),
        twitch=TwitchSettings(
            web_url=read.url("TWITCH_WEB_URL"),
            auth_url=read.url("TWITCH_AUTH_URL"),
            url=read.url("TWITCH_URL"),
            client_id=read.text("TWITCH_CLIENT_ID"),
            client_secret=read.secret("TWITCH_CLIENT_SECRET"),
            eventsub_secret=read.secret("TWITCH_EVENTSUB_SECRET", shortest=10),
            bot_user_id=read.text("TWITCH_BOT_USER_ID"),
        ),
        discord=DiscordSettings(
            web_url=read.url("DISCORD_WEB_URL"),
            url=read.url("DISCORD_URL"),
            client_id=read.text("DISCORD_CLIENT_ID"),
            client_secret=read.secret("DISCORD_CLIENT_SECRET"),
            public_key=read.hex_key("DISCORD_PUBLIC_KEY", size_bytes=32),
            bot_token=read.secret("DISCORD_BOT_TOKEN"),
        ),
        x=XSettings(
            web_url=read.url("X_WEB_URL"),
            url=read.url("X_URL"),
            client_id=read.text("X_CLIENT_ID"),
            client_secret=read.secret("X_CLIENT_SECRET"),
            consumer_secret=read.secret("X_CONSUMER_SECRET"),
            bot_token=read.secret("X_BOT_TOKEN"),
        ),
    )


class _Reader:
    """Reads one name after the other and collects what is wrong; a wrong value reads as an empty one."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._read: dict[str, str] = {}
        self.names: dict[str, bool] = {}
        self.problems: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        return self._kept(name, self._env.get(name, "").strip() or default)

    def hidden_text(self, name: str) -> str:
        """Return what NAME says, else what the file says that NAME_FILE names."""
        self.names[name] = True
        path = self._env.get(f"{name}_FILE", "").strip()
        if self._env.get(name, "").strip() or not path:
            return self.text(name)
        try:
            return self._kept(name, Path(path).read_text().strip() or None)
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            self.problems.append(f"{name}_FILE names '{path}', which cannot be read: {why}")
            return ""

    def _kept(self, name: str, value: str | None) -> str:
        if value is None:
            self.problems.append(f"{name} is missing")
        self.names.setdefault(name, False)
        self._read[name] = value or ""
        return value or ""

    def words(self, name: str, default: str) -> tuple[str, ...]:
        return tuple(part.strip().lower() for part in self.text(name, default).split(",") if part.strip())

    def one_of(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value not in allowed:
            self.problems.append(f"{name} is {value!r}; it must be one of: {', '.join(allowed)}")
        return value

    def number(self, name: str, default: int, *, highest: int | None = None) -> int:
        value = self.text(name, str(default))
        if not value.isascii() or not value.isdigit():
            self.problems.append(f"{name} is {value!r}; it must be a whole number")
            return default
        if highest is not None and int(value) > highest:
            self.problems.append(f"{name} is {value}; the highest is {highest}")
        return int(value)

    def seconds(self, name: str, default: float, *, highest: float) -> float:
        value = self.text(name, f"{default:g}")
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number <= highest:
            self.problems.append(f"{name} is {value!r}; it must be a number from 0 to {highest:g}")
        return number

    def secret(self, name: str, *, shortest: int = 1) -> Secret:
        value = self.hidden_text(name)
        if value and len(value) < shortest:
            self.problems.append(f"{name} is shorter than {shortest} characters")
        return Secret(value)

    def url(self, name: str) -> str:
        value = self.text(name).rstrip("/")
        if value and not _is_url(value, ("http", "https")):
            self.problems.append(f"{name} is {value!r}; it must be an http or https address")
        return value

    def alias(self, api: str, web: str) -> Site | None:
        """Return the pair of both, None where neither is given."""
        if not any([self.text(api, ""), self.text(web, "")]):
            return None
        return Site(self.url(api), self.url(web))

    def secret_url(self, name: str, schemes: tuple[str, ...]) -> Secret:
        value = self.hidden_text(name)
        if value and not _is_url(value, schemes):
            self.problems.append(f"{name} must be an address that starts with {schemes[0]}://")
        return Secret(value)

    def fernet_key(self, name: str) -> Secret:
        value = self.hidden_text(name)
        try:
            size_bytes = len(base64.urlsafe_b64decode(value))
        except (binascii.Error, ValueError):
            size_bytes = 0
        if value and size_bytes != 32:
            self.problems.append(f"{name} must be 32 bytes in url-safe base64")
        return Secret(value)

    def hex_key(self, name: str, *, size_bytes: int) -> str:
        value = self.text(name)
        if value and not re.fullmatch(rf"[0-9a-fA-F]{{{2 * size_bytes}}}", value):
            self.problems.append(f"{name} must be {2 * size_bytes} hexadecimal digits")
        return value

    def refuse_production(self, environment: str) -> None:
        """Add a problem for each value that names something of production; no secret is shown."""
        for name, value in self._read.items():
            if name in _NOT_CHECKED_FOR_PRODUCTION or name == "APP_ENV":
                continue
            if _PRODUCTION.search(value):
                self.problems.append(f"{name} names something of production; {environment} must not touch it")


def _is_url(value: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname)
