"""Which addresses a fake may call, and which are its own to be controlled by."""

import posixpath
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

CONTROL = "/_fake/"
"""Begins the paths of the control surface: they are for people and tests, never for a provider."""


def is_within(url: str, hosts: Set[str]) -> bool:
    """Whether this is http(s) to one of these hosts, on any port, and no control surface."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # a number that is no port is only found by looking
    except ValueError:
        return False
    is_control = posixpath.normpath(unquote(parts.path)).startswith(CONTROL)
    return parts.scheme in ("http", "https") and parts.hostname in hosts and not is_control


@dataclass(frozen=True, slots=True)
class Reach:
    """What a fake may fetch.

    Attributes:
        hosts: Host names that are called as they are.
        inside: Host names, and host:port, that are served in this process, and the origin of each there.
    """

    hosts: frozenset[str]
    inside: Mapping[str, str] = field(default_factory=dict)

    def allows(self, url: str) -> bool:
        """Whether an address lies within this stack."""
        return is_within(url, self.hosts | {name.partition(":")[0] for name in self.inside})

    def target(self, url: str) -> str:
        """Where an address that is allowed is really called: what is served here is asked for here."""
        parts = urlsplit(url)
        origin = self.inside.get(parts.netloc) or self.inside.get(parts.hostname or "")
        if origin is None:
            return url
        return origin + parts._replace(scheme="", netloc="").geturl()
