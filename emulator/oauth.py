"""`oauth`: lists, expires and revokes what a stack's providers have granted, and lets logins to come fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from emulator.control import ask
from emulator.errors import ConfigurationRefused
from emulator.parts import PLATFORMS
from emulator.posts import NAMES

_WITHIN_S = 10.0


def chosen(fakes: Mapping[str, str], provider: str | None) -> tuple[str, ...]:
    """Return the fakes that are meant: one provider's, or those of all.

    Raises:
        ConfigurationRefused: There is no such provider.
    """
    known = tuple(name for name in PLATFORMS if name in fakes)
    if provider is None:
        return known
    name = NAMES.get(provider, provider)
    if name not in known:
        raise ConfigurationRefused(f"there is no provider '{provider}'", f"providers: {', '.join(known)}")
    return (name,)


def listed(fakes: Mapping[str, str], provider: str | None, user: str | None) -> list[dict[str, Any]]:
    """Return what each provider has granted, and what is commanded there.

    Raises:
        ConfigurationRefused: There is no such provider or user.
        CheckFailed: A fake does not answer.
    """
    query = f"?{urlencode({'user': user})}" if user else ""
    return [_ask("GET", fakes[name], name, query) for name in chosen(fakes, provider)]


def act(
    fakes: Mapping[str, str], provider: str | None, action: str, fields: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Let one provider, or all, `expire`, `revoke`, `deny`, `fail` or `clear`; return their answers.

    Raises:
        ConfigurationRefused: There is no such provider, or it does not take the fields.
        CheckFailed: A fake does not answer.
    """
    return [_ask("POST", fakes[name], name, f"/{action}", fields) for name in chosen(fakes, provider)]


def _ask(
    method: str, url: str, name: str, path: str, body: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    hint = f"see: clipnet-emulate oauth list --provider {name}"
    port = urlsplit(url).port or 80
    return ask(name, port, method, f"oauth{path}", body, hint=hint, within_s=_WITHIN_S)
