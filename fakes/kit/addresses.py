"""Which addresses a fake may call."""

from collections.abc import Set
from urllib.parse import urlsplit


def is_within(url: str, hosts: Set[str]) -> bool:
    """Whether this is http(s) to one of these hosts, on any port."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # a number that is no port is only found by looking
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.hostname in hosts
