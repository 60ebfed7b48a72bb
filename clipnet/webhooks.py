"""Checks that what claims to come from Twitch, Discord or X does. Pure functions of bytes, keys and time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

TWITCH_OLDEST: Final = timedelta(minutes=10)
"""Twitch's advice for refusing replays (dev.twitch.tv/docs/eventsub/handling-webhook-events)."""
DISCORD_OLDEST: Final = timedelta(minutes=15)
"""After that nobody can answer an interaction any more: its token has ended."""
_NANOSECONDS = re.compile(r"(\.\d{1,6})\d*")


class SignatureWrong(Exception):
    """The message is not from whom it claims, or it is too old; the text says which."""


def check_twitch(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Check an EventSub message: `sha256=` and the hex HMAC of id, timestamp, body; at most 10 minutes old.

    Source: dev.twitch.tv/docs/eventsub/handling-webhook-events.

    Raises:
        SignatureWrong: A header is missing, the signature differs, or the message is too old.
    """
    names = ("id", "timestamp", "signature")
    message_id, timestamp, signature = (headers.get(f"twitch-eventsub-message-{name}", "") for name in names)
    signed = message_id.encode() + timestamp.encode() + body
    expected = "sha256=" + hmac.digest(secret.encode(), signed, "sha256").hex()
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise SignatureWrong("the signature does not fit the message")
    sent_at = _moment(timestamp)
    if sent_at is None or abs(now - sent_at) > TWITCH_OLDEST:
        raise SignatureWrong(f"the message is of {timestamp!r}, more than 10 minutes from now")


def check_discord(public_key: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Check an interaction: Ed25519 over timestamp (Unix seconds) and body; at most 15 minutes old.

    Source: docs.discord.com/developers/interactions/overview#setting-up-an-endpoint.

    Raises:
        SignatureWrong: A header is missing, the signature differs, or the interaction is too old.
    """
    from nacl.exceptions import CryptoError
    from nacl.signing import VerifyKey

    signature = headers.get("x-signature-ed25519", "")
    timestamp = headers.get("x-signature-timestamp", "")
    try:
        VerifyKey(bytes.fromhex(public_key)).verify(timestamp.encode() + body, bytes.fromhex(signature))
    except (CryptoError, ValueError) as error:
        raise SignatureWrong("the signature does not fit the message") from error
    if not timestamp.isdecimal() or abs(now.timestamp() - int(timestamp)) > DISCORD_OLDEST.total_seconds():
        raise SignatureWrong(f"the interaction is of {timestamp!r}, more than 15 minutes from now")


def check_x(secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Check an event of X: `sha256=` and the base64 HMAC of the body.

    Source: docs.x.com/x-api/webhooks/introduction (signature header).

    Raises:
        SignatureWrong: The header is missing or the signature differs.
    """
    signature = headers.get("x-twitter-webhooks-signature", "")
    if not hmac.compare_digest(_x_mac(secret, body).encode(), signature.encode()):
        raise SignatureWrong("the signature does not fit the message")


def x_challenge_response(secret: str, crc_token: str) -> str:
    """Return what proves to X that the webhook is ours (docs.x.com/x-api/webhooks/introduction, CRC)."""
    return _x_mac(secret, crc_token.encode())


def _x_mac(secret: str, message: bytes) -> str:
    return "sha256=" + base64.b64encode(hmac.digest(secret.encode(), message, hashlib.sha256)).decode()


def _moment(timestamp: str) -> datetime | None:
    """Read RFC 3339 with up to nanoseconds."""
    try:
        moment = datetime.fromisoformat(_NANOSECONDS.sub(r"\1", timestamp))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
