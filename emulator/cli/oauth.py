"""`clipnet-emulate oauth`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options

F = TypeVar("F", bound=Callable[..., Any])
_HEAD = ("provider", "user", "id", "kind", "token", "state", "ends", "scopes")
_LONGEST = 60
KINDS = ("access", "refresh", "all")
FAILURES = ("unavailable", "invalid_grant", "invalid_client")
"""What the fakes know; said again here so that help needs no fake."""

_provider = click.option(
    "--provider", metavar="NAME", help="Only this one: google, tiktok, twitch, discord or x.  [default: all]"
)
_user = click.option("--user", metavar="NAME", help="Only this person's: login, address or id.")
_token = click.option("--token", type=click.INT, metavar="ID", help="Only this token; see: oauth list")


def _times(command: F) -> F:
    """Say how long an order holds."""
    for option in (
        click.option("--always", is_flag=True, help="Until: clipnet-emulate oauth clear"),
        click.option(
            "--times", type=click.IntRange(1, 1000), default=1, show_default=True, help="How often."
        ),
    ):
        command = option(command)
    return command


@click.group()
@common_options
def command(common: Common) -> None:
    """Look at logins at Google, TikTok, Twitch, Discord and X; end them, or let new ones fail."""


@command.command("list")
@_provider
@_user
@common_options
def list_grants(common: Common, provider: str | None, user: str | None) -> None:
    """List what people have granted, with the tokens that came of it."""
    from emulator.oauth import listed
    from emulator.parts import running

    found = listed(running(common.settings()).fakes, provider, user)
    if common.as_json:
        output.as_json(found)
        return
    output.table(
        _HEAD, [row for one in found for grant in one["grants"] for row in _rows(one["fake"], grant)]
    )
    for one in found:
        for line in _orders(one):
            output.line(line)


@command.command()
@_provider
@_user
@_token
@click.option("--kind", type=click.Choice(KINDS), default="access", show_default=True, help="Which tokens.")
@common_options
def expire(common: Common, provider: str | None, user: str | None, token: int | None, kind: str) -> None:
    """Let tokens end now, as if their time had come.

    For example: clipnet-emulate oauth expire --provider google --user streamer_sam
    """
    fields = {"kind": kind, **_whose(provider, user, token)}
    _print(
        common,
        _act(common, provider, "expire", fields),
        lambda one: f"{_count(one['expired'], 'token')} expired",
    )


@command.command()
@_provider
@_user
@_token
@common_options
def revoke(common: Common, provider: str | None, user: str | None, token: int | None) -> None:
    """End authorizations, as people do in a provider's settings."""
    found = _act(common, provider, "revoke", _whose(provider, user, token))
    _print(common, found, lambda one: f"{_count(one['revoked'], 'authorization')} revoked")


@command.command()
@_provider
@click.option("--as", "page", metavar="ERROR", help="One of Google's own pages, such as org_internal.")
@_times
@common_options
def deny(common: Common, provider: str | None, page: str | None, times: int, always: bool) -> None:
    """Let the next consent be refused, whoever agrees."""
    found = _act(common, provider, "deny", {"times": None if always else times, "as": page})
    _print(common, found, lambda one: "; ".join(_orders(one, with_name=False)))


@command.command()
@_provider
@click.option(
    "--as", "failure", type=click.Choice(FAILURES), default="unavailable", show_default=True, help="How."
)
@_times
@common_options
def fail(common: Common, provider: str | None, failure: str, times: int, always: bool) -> None:
    """Let the token endpoint refuse the next request."""
    found = _act(common, provider, "fail", {"as": failure, "times": None if always else times})
    _print(common, found, lambda one: "; ".join(_orders(one, with_name=False)))


@command.command()
@_provider
@common_options
def clear(common: Common, provider: str | None) -> None:
    """Let consent and the token endpoint go their way again; tokens stay as they are."""
    _print(common, _act(common, provider, "clear", {}), lambda _one: "nothing is refused on command")


def _act(
    common: Common, provider: str | None, action: str, fields: Mapping[str, Any]
) -> list[dict[str, Any]]:
    from emulator.oauth import act
    from emulator.parts import running

    return act(running(common.settings()).fakes, provider, action, fields)


def _whose(provider: str | None, user: str | None, token: int | None) -> dict[str, Any]:
    if token is not None and provider is None:
        raise click.UsageError("--token needs the --provider that has the token.")
    return {name: value for name, value in (("user", user), ("token", token)) if value is not None}


def _print(common: Common, found: list[dict[str, Any]], sentence: Callable[[Mapping[str, Any]], str]) -> None:
    if common.as_json:
        output.as_json(found)
        return
    for one in found:
        output.line(f"{one['fake']}: {sentence(one)}")


def _rows(provider: str, grant: Mapping[str, Any]) -> list[list[str]]:
    shown = output.shortened(" ".join(grant["scopes"]), _LONGEST)
    names = ("kind", "token", "state")
    return [
        [
            provider,
            grant["user"] or "-",
            str(token["id"]),
            *(token[name] for name in names),
            token["expires_at"] or "never",
            shown,
        ]
        for token in grant["tokens"]
    ]


def _orders(one: Mapping[str, Any], *, with_name: bool = True) -> list[str]:
    """What is commanded at one provider, in words."""
    words = []
    if one["deny"]:
        page = f": {one['deny']['as']}" if one["deny"]["as"] else ""
        words.append(f"{_so_often(one['deny'], 'consent')} refused{page}")
    if one["fail"]:
        words.append(f"{_so_often(one['fail'], 'request for tokens')} refused: {one['fail']['as']}")
    return [f"{one['fake']}: {word}" for word in words] if with_name else words


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _so_often(order: Mapping[str, Any], what: str) -> str:
    if order["times"] is None:
        return f"every {what} is"
    if order["times"] == 1:
        return f"the next {what} is"
    first, _, rest = what.partition(" ")
    return f"the next {order['times']} {' '.join(filter(None, (first + 's', rest)))} are"
