"""Delivery tokens: `__cld_token__=st=...~exp=...~acl=...~hmac=...` in a query or a cookie.

Source: cloudinary.com/documentation/control_access_to_media (token-based access), and `auth_token` of the
official SDKs, which make them.
"""

import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from fakes.kit.credentials import is_same

NAME = "__cld_token__"
_PART = re.compile(r"(ip|st|exp|acl|url|hmac)=(.*)", re.DOTALL)
_UNSAFE = re.compile(r"([ \"#%&'/:;<=>?@\[\\\]^`{|}~]+)")
_TIME = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it was sent.

    Attributes:
        signed: What the digest covers: all parts but the digest itself.
        start_s: Unix time from which it holds, or None.
        end_s: Unix time until which it holds.
        acl: Patterns of paths, decoded; empty for a token of one address.
        ip: The only address it is for, or None.
    """

    signed: str
    digest: str
    start_s: int | None
    end_s: int
    acl: tuple[str, ...]
    ip: str | None


def parse(text: str) -> Token | None:
    """Read a token; None when it is not one."""
    parts: dict[str, str] = {}
    for piece in text.split("~"):
        match = _PART.fullmatch(piece)
        if match is None or match[1] in parts:
            return None
        parts[match[1]] = match[2]
    times = [parts[name] for name in ("st", "exp") if name in parts]
    if "hmac" not in parts or "exp" not in parts or not all(_TIME.fullmatch(one) for one in times):
        return None
    acl = tuple(unquote(one) for one in parts["acl"].split("!")) if parts.get("acl") else ()
    if acl:  # escaped as it was signed, however often the text was decoded on its way
        parts["acl"] = "!".join(_escaped(one) for one in acl)
    start_s = int(parts["st"]) if "st" in parts else None
    signed = "~".join(f"{name}={value}" for name, value in parts.items() if name != "hmac")
    return Token(signed, parts["hmac"], start_s, int(parts["exp"]), acl, parts.get("ip"))


def is_valid(token: Token, key: str, paths: Sequence[str], now_s: float, client: str | None) -> bool:
    """Whether a token opens a path.

    Args:
        token: As it was sent.
        key: Hexadecimal key of the cloud.
        paths: The path as it was asked for, in all its spellings: with the cloud and without.
        now_s: The present.
        client: Address of who asks, for tokens that are bound to one.
    """
    if not (token.start_s or 0) <= now_s < token.end_s:
        return False
    if token.ip is not None and token.ip != client:
        return False
    if not token.acl:
        return any(_fits(token, f"{token.signed}~url={_escaped(path)}", key) for path in paths)
    if not _fits(token, token.signed, key):
        return False
    return any(_is_allowed(pattern, path) for pattern in token.acl for path in paths)


def _fits(token: Token, text: str, key: str) -> bool:
    try:
        expected = hmac.new(binascii.unhexlify(key), text.encode(), hashlib.sha256).hexdigest()
    except binascii.Error:
        return False
    return is_same(token.digest, expected)


def _is_allowed(pattern: str, path: str) -> bool:
    """`*` stands for anything, slashes included; all else for itself."""
    first, *others = pattern.split("*")
    if not others or not path.startswith(first):
        return path == pattern
    *inner, last = others
    at = len(first)
    for piece in inner:
        at = path.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return path.endswith(last) and len(path) - len(last) >= at


def _escaped(path: str) -> str:
    """A path as the SDKs write it into what they sign: unsafe characters as lower-case escapes."""
    return _UNSAFE.sub(lambda match: "".join(f"%{byte:02x}" for byte in match[1].encode()), path)
