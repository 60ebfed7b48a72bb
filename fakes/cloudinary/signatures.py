"""Cloudinary's signatures: of API parameters, answers, delivery URLs and notifications.

Source: cloudinary.com/documentation/signatures, and `cloudinary.utils` of the official Python SDK.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping

from fakes.kit.credentials import is_same

UNSIGNED_PARAMS = frozenset({"file", "cloud_name", "resource_type", "api_key", "signature"})
_ALGORITHMS: tuple[Callable[[bytes], "hashlib._Hash"], ...] = (hashlib.sha1, hashlib.sha256)


def string_to_sign(params: Mapping[str, str], version: int = 2) -> str:
    """The text that is hashed together with the secret.

    Args:
        params: Parameters as sent; arrays already joined by commas. Empty ones are left out.
        version: 2 escapes `&` within a parameter, 1 does not.
    """
    kept = ((name, value) for name, value in params.items() if value and name not in UNSIGNED_PARAMS)
    pairs = (f"{name}={value}" for name, value in sorted(kept))
    return "&".join(pair.replace("&", "%26") if version >= 2 else pair for pair in pairs)


def is_signed(
    params: Mapping[str, str], signature: str, secret: str, *, tolerated: tuple[str, ...] = ()
) -> bool:
    """Whether a signature fits, in either version and by either hash.

    Args:
        params: Parameters as sent.
        signature: Hexadecimal digest that came with them.
        secret: The key's secret.
        tolerated: Parameters that some SDKs send outside of the signature.
    """
    fewer = {name: value for name, value in params.items() if name not in tolerated}
    texts = {string_to_sign(some, version) for some in (params, fewer) for version in (1, 2)}
    fits = False
    for text in sorted(texts):
        for algorithm in _ALGORITHMS:
            expected = algorithm((text + secret).encode()).hexdigest()
            fits |= is_same(signature, expected)
    return fits


def answer_signature(public_id: str, version: int, secret: str) -> str:
    """The `signature` field of an upload answer (always SHA-1, version 1)."""
    text = string_to_sign({"public_id": public_id, "version": str(version)}, 1)
    return hashlib.sha1(f"{text}{secret}".encode()).hexdigest()


def delivery_signature(text: str, secret: str, *, algorithm: str = "sha1", is_long: bool = False) -> str:
    """The characters between `s--` and `--` of a delivery URL.

    Args:
        text: Transformation components joined by `/`, `/`, and the public id with extension as in the URL.
        secret: The key's secret.
        algorithm: `sha1` or `sha256`.
        is_long: 32 characters of SHA-256 instead of 8.
    """
    name = "sha256" if is_long else algorithm
    digest = hashlib.new(name, f"{text}{secret}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[: 32 if is_long else 8]


def is_delivery_signed(text: str, signature: str, secret: str) -> bool:
    """Whether a delivery signature fits, short (by either hash) or long."""
    candidates = [
        delivery_signature(text, secret),
        delivery_signature(text, secret, algorithm="sha256"),
        delivery_signature(text, secret, is_long=True),
    ]
    return any(is_same(signature, one) for one in candidates)


def is_search_signed(text: str, signature: str, secret: str) -> bool:
    """Whether a search URL's signature fits its seconds to live and query, as the path has them."""
    return is_same(signature, hashlib.sha256(f"{text}{secret}".encode()).hexdigest())


def notification_signature(body: bytes, timestamp: str, secret: str, *, algorithm: str = "sha1") -> str:
    """The value of `X-Cld-Signature`: a plain hash over body, timestamp and secret."""
    return hashlib.new(algorithm, body + timestamp.encode() + secret.encode()).hexdigest()
