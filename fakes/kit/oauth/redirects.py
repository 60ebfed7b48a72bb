"""Addresses that an authorization request comes back to."""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from fakes.kit.errors import ProviderError
from fakes.kit.oauth.profile import Asked, Reason

_LOOPBACK = ("localhost", "127.0.0.1")


def back(asked: Asked, answer: Mapping[str, str], *, in_fragment: bool = False) -> str:
    """The redirect URI with the answer's parameters and the state."""
    params = dict(answer)
    if asked.state is not None:
        params["state"] = asked.state
    joint = "#" if in_fragment else "&" if "?" in asked.redirect_uri else "?"
    return f"{asked.redirect_uri}{joint}{urlencode(params)}"


def sent_back(asked: Asked, reason: Reason, answer: Mapping[str, str]) -> ProviderError:
    """A refusal that goes to the client by redirect: status 302 with a Location."""
    return ProviderError(302, reason.value, headers={"Location": back(asked, answer)})


def is_loopback(uri: str) -> bool:
    """Whether this is plain http on this machine, at any port and path, without a fragment.

    Browsers read a backslash as a slash, so that what follows it could be another host.
    """
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    is_plain = not parts.fragment and "@" not in parts.netloc and "\\" not in uri
    return parts.scheme == "http" and parts.hostname in _LOOPBACK and is_plain


def spellings(origin: str) -> tuple[str, ...]:
    """An origin on loopback by name and by number; any other as it is."""
    parts = urlsplit(origin)
    if parts.hostname not in _LOOPBACK:
        return (origin,)
    port = f":{parts.port}" if parts.port else ""
    return tuple(f"{parts.scheme}://{host}{port}{parts.path}" for host in _LOOPBACK)
