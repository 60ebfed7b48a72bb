"""What an environment outside of this machine is set to, written down without any of its secrets.

A file has one line for each setting: `NAME=value`, `NAME=` for what the file does not say, and for a
secret `NAME=secret:WHERE@DIGEST`: where it is kept, and a digest that shows whether another value is equal.
The digest of an address with a password (`postgresql://...`) is that of the password alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from emulator.compose import IN_CHECKOUT, PACKAGED
from emulator.errors import ConfigurationRefused
from emulator.interpolation import dotenv
from emulator.profiles import setting

_SALT = b"clipnet-emulate"
"""The same for all, so that each secret can be compared with each other one."""
_ROUNDS = 1 << 14
_SECRET = re.compile(r"secret:(?P<where>[^@\s]*)(?:@scrypt:(?P<digest>[0-9a-f]{32}))?")


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting of an environment; `value` is None where the file does not say it."""

    value: str | None = None
    where: str | None = None
    digest: str | None = None


def file_of(environment: str) -> Path:
    """Return the packaged file of an environment."""
    beside = PACKAGED if PACKAGED.is_file() else IN_CHECKOUT
    return beside.with_name("environments") / f"{environment}.env"


def read(path: Path) -> Mapping[str, Entry]:
    """Read a file.

    Raises:
        ConfigurationRefused: It cannot be read, says nothing, or holds a secret itself.
    """
    try:
        lines = dotenv(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationRefused(f"'{path}' cannot be read: {why}", "name one with --production") from error
    if not lines:
        raise ConfigurationRefused(f"'{path}' names no setting", "write one NAME=value in each line")
    return {name: _entry(path, name, value) for name, value in lines.items()}


def digest(secret: str) -> str:
    """Return the digest of a secret, of an address its password alone; it takes 50 ms, as guessing shall."""
    return hashlib.scrypt(_password(secret).encode(), salt=_SALT, n=_ROUNDS, r=8, p=1, dklen=16).hex()


def _entry(path: Path, name: str, value: str) -> Entry:
    found = _SECRET.fullmatch(value)
    if found is not None:
        return Entry(None, found["where"], found["digest"])
    if value and (value.startswith("secret:") or setting(name).is_secret):
        raise ConfigurationRefused(
            f"'{path}' does not say {name} as it must: a secret's own value belongs into no file",
            f"write {name}=secret:WHERE@DIGEST; make the digest with: clipnet-emulate config digest",
        )
    return Entry(value or None)


def _password(secret: str) -> str:
    try:
        return unquote(urlsplit(secret).password or "") or secret
    except ValueError:
        return secret
