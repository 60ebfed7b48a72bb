"""Channels and their messages, for the bot."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.discord import errors, wire
from fakes.discord.bodies import read_message, read_object
from fakes.discord.guard import CREATE_MESSAGE, Guard
from fakes.discord.routes.handler import Handler
from fakes.discord.state import State
from fakes.discord.state.guild import Channel
from fakes.discord.state.messages import Author, Message
from fakes.kit.kit import Kit
from fakes.kit.numbers import whole

_MOST = 100


def handlers(kit: Kit, state: State, guard: Guard) -> tuple[Handler, ...]:
    """Routes below /channels."""
    messages = state.messages

    def entered(request: Request, what: str, limit: tuple[int, float] | None = None) -> Channel:
        """The channel of a request that may pass."""
        guard.bot(request)
        channel = state.guild.channel(request.path_params["channel_id"])
        name = f"{what} {channel.id}"
        if limit is None:
            guard.bucket(request, name)
        else:
            guard.bucket(request, name, limit)
        return channel

    def body(message: Message) -> dict[str, object]:
        author = None if message.author.webhook_id else state.guild.user(message.author.id)
        if message.author.interaction_id:
            author = state.guild.bot
        return wire.message_body(message, author)

    def own(message: Message) -> Message:
        if message.author.id != state.guild.bot.id:
            raise errors.not_the_author()
        return message

    async def channel(request: Request) -> Response:
        return JSONResponse(wire.channel_body(entered(request, "channel")))

    async def create(request: Request) -> Response:
        where = entered(request, "create message", CREATE_MESSAGE)
        fields, files = await read_message(request)
        draft = wire.draft(fields, files, request.headers.get("idempotency-key"))
        bot = state.guild.bot
        return JSONResponse(body(messages.post(where, Author(bot.id, bot.username), draft)))

    async def page(request: Request) -> Response:
        where = entered(request, "list messages")
        query = request.query_params
        limit = whole(query.get("limit", "50"), _MOST)
        if not limit:
            message = "int value should be less than or equal to 100."
            raise errors.invalid_form(("limit",), "NUMBER_TYPE_MAX", message)
        before, after = (_snowflake(query, name) for name in ("before", "after"))
        found = messages.page(where.id, limit, before, after)
        return JSONResponse([body(message) for message in found])

    async def get(request: Request) -> Response:
        where = entered(request, "get message")
        return JSONResponse(body(messages.get(where.id, request.path_params["message_id"])))

    async def edit(request: Request) -> Response:
        where = entered(request, "edit message", CREATE_MESSAGE)
        message = own(messages.get(where.id, request.path_params["message_id"]))
        fields, files = await read_message(request)
        return JSONResponse(body(messages.edit(message, wire.draft(fields, files))))

    async def delete(request: Request) -> Response:
        where = entered(request, "delete message", CREATE_MESSAGE)
        messages.delete(own(messages.get(where.id, request.path_params["message_id"])))
        return Response(status_code=204)

    async def create_webhook(request: Request) -> Response:
        where = entered(request, "create webhook")
        name = (await read_object(request)).get("name", "")
        return JSONResponse(
            wire.webhook_body(state.webhooks.create(where.id, str(name)), kit.url_at(wire.HOST))
        )

    one, many = "/channels/{channel_id}/messages/{message_id}", "/channels/{channel_id}/messages"
    return (
        Handler("GET", "/channels/{channel_id}", channel),
        Handler("POST", many, create),
        Handler("GET", many, page),
        Handler("GET", one, get),
        Handler("PATCH", one, edit),
        Handler("DELETE", one, delete),
        Handler("POST", "/channels/{channel_id}/webhooks", create_webhook),
    )


def _snowflake(query: Mapping[str, str], name: str) -> int | None:
    """The id that a parameter names, if it is there."""
    if name not in query:
        return None
    found = whole(query[name])
    if found is None:
        message = f'Value "{query[name]}" is not snowflake.'
        raise errors.invalid_form((name,), "NUMBER_TYPE_COERCE", message)
    return found
