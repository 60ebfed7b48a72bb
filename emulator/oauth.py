"""`oauth`: lists, expires and revokes what a stack's providers have granted, and lets logins to come fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.errors import CheckFailed, ConfigurationRefused
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
    query = {"user": user} if user else {}
    return [_ask("GET", fakes[name], name, "", params=query) for name in chosen(fakes, provider)]


def act(
    fakes: Mapping[str, str], provider: str | None, action: str, fields: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Let one provider, or all, `expire`, `revoke`, `deny`, `fail` or `clear`; return their answers.

    Raises:
        ConfigurationRefused: There is no such provider, or it does not take the fields.
        CheckFailed: A fake does not answer.
    """
    return [_ask("POST", fakes[name], name, f"/{action}", json=fields) for name in chosen(fakes, provider)]


def _ask(method: str, url: str, name: str, path: str, **sent: Any) -> dict[str, Any]:
    import httpx

    try:
        answer = httpx.request(method, f"{url}/_fake/oauth{path}", timeout=_WITHIN_S, trust_env=False, **sent)
        found: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise CheckFailed(f"fake '{name}' does not answer: {error}", "see: clipnet-emulate status") from error
    if answer.status_code >= 400:
        hint = f"see: clipnet-emulate oauth list --provider {name}"
        raise ConfigurationRefused(f"fake '{name}' refused it: {found.get('error', found)}", hint)
    return found
