"""Passwords, sessions, tokens and encryption at rest.

Holds no HTTP and no SQL. argon2 and Fernet are imported at first use: they are not part of a start.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from argon2 import PasswordHasher
    from cryptography.fernet import Fernet

    from clipnet.clock import Ids
    from clipnet.settings import Secret

TOKEN_PREFIX: Final = "clp_"


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


async def hash_password(password: str) -> str:
    """Return the argon2id hash (OWASP's second profile: 19 MiB, 2 passes); runs in a thread."""
    return await asyncio.to_thread(lambda: _hasher().hash(password))


async def verify_password(password_hash: str | None, password: str) -> bool:
    """Tell whether the password is right; takes as long for an account without one: timing says nothing."""

    def check() -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            return _hasher().verify(password_hash or _no_password(), password) and bool(password_hash)
        except (VerificationError, InvalidHashError):
            return False

    return await asyncio.to_thread(check)


@cache
def _no_password() -> str:
    return _hasher().hash("nobody has this password")


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A new token: shown to its owner once, of which only the SHA-256 is stored."""

    token: str
    sha256: str


def new_bearer_token(ids: Ids) -> BearerToken:
    """Return a new token: `clp_` and 43 url-safe characters."""
    token = TOKEN_PREFIX + ids.token(32)
    return BearerToken(token, token_sha256(token))


def token_sha256(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def fingerprint(password_hash: str | None) -> str:
    """Return a mark of the present password: a session with another mark ended when the password changed."""
    return hashlib.sha256((password_hash or "").encode()).hexdigest()[:16]


class Signer:
    """Signs small values that travel through a browser (HMAC-SHA256); `purpose` keeps uses apart."""

    def __init__(self, secret: Secret, purpose: str) -> None:
        self._key = hmac.digest(secret.reveal().encode(), purpose.encode(), "sha256")

    def sign(self, value: Mapping[str, Any], expires_at: datetime) -> str:
        """Return the value as text that `unsign` accepts until then; not encrypted."""
        body = json.dumps({**value, "exp": int(expires_at.timestamp())}, separators=(",", ":")).encode()
        return f"{_b64(body)}.{_b64(self._mac(body))}"

    def unsign(self, signed: str | None, now: datetime) -> dict[str, Any] | None:
        """Return the value, or None where it is absent, forged, malformed or expired."""
        body_text, _, mac_text = (signed or "").partition(".")
        try:
            body, mac = _unb64(body_text), _unb64(mac_text)
        except (binascii.Error, ValueError):
            return None
        if not hmac.compare_digest(mac, self._mac(body)):
            return None
        value: dict[str, Any] = json.loads(body)
        return value if value.pop("exp") > now.timestamp() else None

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")


class Vault:
    """Encrypts providers' tokens for the database (Fernet: AES-128-CBC with HMAC-SHA256)."""

    def __init__(self, key: Secret) -> None:
        self._key = key
        self._fernet: Fernet | None = None

    def encrypt(self, token: str) -> bytes:
        """Return what to store."""
        return self._box().encrypt(token.encode())

    def decrypt(self, stored: bytes) -> str:
        """Return the token.

        Raises:
            cryptography.fernet.InvalidToken: It was stored under another TOKEN_KEY or is damaged.
        """
        return self._box().decrypt(stored).decode()

    def _box(self) -> Fernet:
        if self._fernet is None:
            from cryptography.fernet import Fernet

            self._fernet = Fernet(self._key.reveal())
        return self._fernet


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
