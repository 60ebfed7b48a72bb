"""Where the parts of a running stack are reached: addresses and folders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from emulator.errors import ConfigurationRefused

if TYPE_CHECKING:
    from emulator.record import StackRecord
    from emulator.settings import Settings

_STORES = ("DATABASE_URL", "REDIS_URL")
_OF_A_CONTAINER = (*_STORES, "CLOUDINARY_URL", "TOKEN_KEY", "MEDIA_DIR", "FAKES_CLOUDINARY_URL")

PLATFORMS = ("google", "tiktok", "twitch", "discord", "x")
"""The fakes that people post to."""


@dataclass(frozen=True, slots=True)
class Parts:
    """One running stack; `env` is what `clipnet-emulate env` prints, `fakes` holds origins by name."""

    stack: str
    env: Mapping[str, str]
    fakes: Mapping[str, str]
    state_dir: Path
    cache_dir: Path
    inner: Mapping[str, str] = field(default_factory=dict)
    """Port name -> the address at which the stack's own services reach it; empty where that is not known."""

    @property
    def database_url(self) -> str:
        """The stack's PostgreSQL."""
        return self.env["DATABASE_URL"]

    @property
    def redis_url(self) -> str:
        """The stack's Redis."""
        return self.env["REDIS_URL"]

    @property
    def api_url(self) -> str:
        """The API's origin."""
        return self.env["API_URL"]

    @property
    def web_url(self) -> str:
        """The frontend's origin."""
        return self.env["WEB_URL"]

    @property
    def media_dir(self) -> Path:
        """The folder that API and worker share for uploads."""
        return Path(self.env["MEDIA_DIR"])

    @property
    def blobs_dir(self) -> Path:
        """The folder in which the Cloudinary fake keeps its files."""
        return self.state_dir / "blobs"

    @property
    def baseline_dir(self) -> Path:
        """The folder with the files that a reset puts back."""
        return self.state_dir / "baseline"

    def seen_inside(self, url: str, port_name: str) -> str:
        """Return the URL of something behind a port of this machine as the stack's own services reach it."""
        address = self.inner.get(port_name)
        return urlsplit(url)._replace(netloc=address).geturl() if address else url

    @property
    def logs_dir(self) -> Path:
        """The folder with one log file per service."""
        return self.state_dir / "logs"


def running(settings: Settings) -> Parts:
    """Return the parts of the stack that the settings name.

    Raises:
        StackNotRunning: It is not up.
    """
    from emulator.stack import Stack

    stack = Stack.running(settings)
    return of_record(stack.record, stack.directory, settings.cache_dir)


def of_record(record: StackRecord, state_dir: Path, cache_dir: Path) -> Parts:
    """Return the parts of a running stack from what its supervisor wrote down."""
    return replace(parts(record.stack, record.env, state_dir, cache_dir), inner=record.inner)


def inside(env: Mapping[str, str], state_dir: Path, cache_dir: Path) -> Parts:
    """Return the parts of the stack whose container this is: what its environment names.

    Raises:
        ConfigurationRefused: Something is missing, or lies outside of the stack.
    """
    missing = [name for name in _OF_A_CONTAINER if not env.get(name) and not env.get(f"{name}_FILE")]
    if missing:
        raise ConfigurationRefused(
            f"the environment does not name {', '.join(missing)}",
            "run it in the stack's network: docker compose run --rm seed",
        )
    found = dict(env) | {name: _secret(env, name) for name in _OF_A_CONTAINER if not env.get(name)}
    fakes = (name for name in env if name.startswith("FAKES_") and name.endswith("_URL"))
    for name in (*_STORES, *fakes):
        host = urlsplit(found[name]).hostname or ""
        if "." in host and host != "127.0.0.1":
            raise ConfigurationRefused(
                f"{name} names '{host}', which is no service of a stack",
                "a seed replaces everything that is there: give it a stack's own services only",
            )
    return parts("inside", found, state_dir, cache_dir)


def _secret(env: Mapping[str, str], name: str) -> str:
    from emulator import secretfiles  # late: it reads compose files, too

    path = env[f"{name}_FILE"]
    try:
        return secretfiles.read(Path(path))
    except ValueError as error:
        raise ConfigurationRefused(
            f"{name}_FILE names '{path}', which cannot be read: {error}",
            f"mount the file of the secret there, or say {name}",
        ) from error


def parts(stack: str, env: Mapping[str, str], state_dir: Path, cache_dir: Path) -> Parts:
    """Return the parts of a stack from its environment."""
    fakes = {
        name.removeprefix("FAKES_").removesuffix("_URL").lower(): url
        for name, url in env.items()
        if name.startswith("FAKES_") and name.endswith("_URL") and name != "FAKES_API_URL"
    }
    return Parts(stack, env, fakes, state_dir, cache_dir)
