"""Which addresses a clip may be fetched from; asked by the API at once, by the worker before it fetches."""

from __future__ import annotations

from urllib.parse import urlsplit

from clipnet.settings import Settings

_LONGEST = 2_000
_DEFAULT_PORTS = {
    "http": 80,
    "https": 443,
    "postgresql": 5432,
    "postgres": 5432,
    "redis": 6379,
    "rediss": 6379,
}
_LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0")


def refusal(url: str, settings: Settings) -> str | None:
    """Return why a clip may not be fetched from this address, in words for the user; None when it may.

    The same must be asked of every redirect before it is followed.
    """
    if len(url) > _LONGEST:
        return f"the address is longer than {_LONGEST} characters"
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return "this is not an address"
    if parts.scheme not in ("http", "https") or not host:
        return "the address must start with http:// or https://"
    if parts.username is not None or parts.password is not None:
        return "the address must not hold a user name or password"
    if any(not char.isprintable() or char.isspace() for char in url):
        return "the address holds a space or a control character"

    place = (_canonical(host), port or _DEFAULT_PORTS[parts.scheme])
    if place in _own_places(settings):
        return f"videos are not fetched from {parts.netloc}, which is a part of ClipNET itself"
    if host not in settings.source_hosts and f"{host}:{place[1]}" not in settings.source_hosts:
        return f"videos are not fetched from {host!r}; allowed are: {', '.join(settings.source_hosts)}"
    return None


def _own_places(settings: Settings) -> set[tuple[str, int | None]]:
    secrets = (settings.database_url, settings.redis_url)
    urls = [
        settings.api_url,
        settings.web_url,
        settings.runpod.base_url,
        *(secret.reveal() for secret in secrets),
    ]
    split = [urlsplit(url) for url in urls]
    return {(_canonical(one.hostname or ""), one.port or _DEFAULT_PORTS.get(one.scheme)) for one in split} | {
        ("localhost", settings.port)
    }


def _canonical(host: str) -> str:
    return "localhost" if host.strip("[]") in _LOOPBACK or host.startswith("127.") else host
