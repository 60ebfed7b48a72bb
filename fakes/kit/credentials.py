"""Compares what a client shows with what it must show."""

import hmac


def is_same(given: str, expected: str) -> bool:
    """Whether two texts are equal; the time it takes does not tell how much of them is."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
