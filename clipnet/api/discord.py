"""Discord as the API speaks to it: first answers to interactions, and the list of slash commands.

Everything else that ClipBOT says there is sent by the worker.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from clipnet.api.context import Context
from clipnet.bot_commands import COMMANDS, Option, Spec
from clipnet.log import shown_url, span, trace_headers

if TYPE_CHECKING:
    import httpx

log = logging.getLogger("clipnet")
PONG: Final = {"type": 1}
NOT_NOW: Final = "I cannot do that right now. Please try it again in a moment."
_MESSAGE, _DEFERRED = 4, 5
_EPHEMERAL: Final = 64
_CHAT_INPUT: Final = 1
_STRING, _INTEGER = 3, 4
_TIMEOUT_S: Final = 10.0
_COMPARED: Final = ("type", "name", "description", "options")
_OPTION_COMPARED: Final = ("type", "name", "description", "required", "min_value", "max_value", "choices")


class DiscordRefused(Exception):
    """Discord did not take the commands; the text says what it said."""


def at_once(content: str) -> dict[str, Any]:
    """Return an answer that only the one who asked can see."""
    data = {"content": content, "flags": _EPHEMERAL, "allowed_mentions": {"parse": []}}
    return {"type": _MESSAGE, "data": data}


def deferred(*, is_private: bool) -> dict[str, Any]:
    """Return "thinking"; what is filled in later is seen by everybody, or only by the one who asked."""
    return {"type": _DEFERRED, **({"data": {"flags": _EPHEMERAL}} if is_private else {})}


async def fill_in(context: Context, reply: Mapping[str, Any], content: str) -> None:
    """Fill in an answer that was promised; a failure is only logged."""
    import httpx

    path = f"/webhooks/{reply['application_id']}/{reply['token']}/messages/@original"
    body = {"content": content, "allowed_mentions": {"parse": []}}
    try:
        await _send(context, "PATCH", path, json=body)
    except (httpx.HTTPError, DiscordRefused) as error:
        log.warning("answer not filled in", extra={"error": f"{type(error).__name__}: {error}"[:300]})


async def register_commands(context: Context) -> bool:
    """Have Discord offer ClipBOT's commands; return whether it had others before.

    Source: docs.discord.com/developers/interactions/application-commands (bulk overwrite global commands).

    Raises:
        httpx.HTTPError: Discord cannot be reached.
        DiscordRefused: It answers with an error.
    """
    path = f"/applications/{context.settings.discord.client_id}/commands"
    wanted = [described(name, spec) for name, spec in COMMANDS.items()]
    known = (await _send(context, "GET", path)).json()
    if _comparable(known) == _comparable(wanted):
        return False
    await _send(context, "PUT", path, json=wanted)
    return True


def described(name: str, spec: Spec) -> dict[str, Any]:
    """Return a command as Discord wants it; required options come first."""
    options = [_option(one) for one in spec.options]
    description = f"{spec.purpose[0].upper()}{spec.purpose[1:]}."
    return {"type": _CHAT_INPUT, "name": name, "description": description, "options": options}


def _option(one: Option) -> dict[str, Any]:
    described: dict[str, Any] = {"name": one.name, "description": one.description}
    described["type"] = _STRING if one.lowest is None else _INTEGER
    if one.lowest is not None:
        described |= {"min_value": one.lowest, "max_value": one.highest}
    if one.choices:
        described["choices"] = [{"name": choice, "value": choice} for choice in one.choices]
    return described | ({"required": True} if one.is_required else {})


def _comparable(commands: Any) -> list[dict[str, Any]]:
    """Return what counts of commands: Discord adds ids, versions and defaults."""
    rows = [one for one in commands if isinstance(one, dict)] if isinstance(commands, list) else []
    return sorted(
        (
            {
                **{name: one.get(name) for name in _COMPARED if name != "options"},
                "options": [
                    {name: option.get(name) or None for name in _OPTION_COMPARED}
                    for option in one.get("options") or ()
                ],
            }
            for one in rows
        ),
        key=lambda row: str(row["name"]),
    )


async def _send(context: Context, method: str, path: str, **body: Any) -> httpx.Response:
    settings = context.settings.discord
    headers = {**trace_headers(), "Authorization": f"Bot {settings.bot_token.reveal()}"}
    url = f"{settings.url}{path}"
    with span(f"{method} discord", url=shown_url(url)) as call:
        answer = await context.http().request(method, url, headers=headers, timeout=_TIMEOUT_S, **body)
        call.fields["status"] = answer.status_code
    if answer.status_code >= 300:
        raise DiscordRefused(f"HTTP {answer.status_code}: {answer.text[:200]}")
    return answer
