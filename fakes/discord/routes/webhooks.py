"""Incoming webhooks, interaction callbacks and follow-ups: routes whose token stands in the path."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.discord import errors, wire
from fakes.discord.bodies import read_message
from fakes.discord.guard import EXECUTE_WEBHOOK, Guard
from fakes.discord.routes.handler import Handler
from fakes.discord.shapes import as_object
from fakes.discord.state import State
from fakes.discord.state.guild import APPLICATION_ID
from fakes.discord.state.messages import Author, Draft, Message
from fakes.discord.state.profile import PROFILE
from fakes.discord.state.webhooks import check_name
from fakes.discord.wire import is_true


@dataclass(frozen=True, slots=True)
class Place:
    """Whose message is meant: a webhook's, or an interaction's when the id is the application's."""

    owner_id: str
    token: str

    @property
    def is_interaction(self) -> bool:
        """Whether these are answers to an interaction."""
        return self.owner_id == APPLICATION_ID


def handlers(state: State, guard: Guard) -> tuple[Handler, ...]:
    """Routes below /webhooks and /interactions."""

    def place(request: Request) -> Place:
        found = Place(request.path_params["webhook_id"], request.path_params["token"])
        if found.owner_id == PROFILE.production_client_id:
            raise errors.production_application(found.owner_id)
        guard.strike()
        if not found.is_interaction:
            guard.bucket(request, f"webhook {found.owner_id}", EXECUTE_WEBHOOK)
        return found

    def body(message: Message) -> dict[str, object]:
        return wire.message_body(message, state.guild.bot if message.author.interaction_id else None)

    def message(request: Request) -> Message:
        """The message that a path names."""
        where, message_id = place(request), request.path_params["message_id"]
        if where.is_interaction:
            return state.interactions.message(where.token, message_id)
        webhook = state.webhooks.get(where.owner_id, where.token)
        found = state.messages.get(webhook.channel_id, message_id)
        if found.author.webhook_id != webhook.id:
            raise errors.unknown_message()
        return found

    async def execute(request: Request) -> Response:
        where = place(request)
        fields, files = await read_message(request)
        draft = wire.draft(fields, files, request.headers.get("idempotency-key"))
        if where.is_interaction:
            return JSONResponse(body(state.interactions.follow_up(where.token, draft)))
        webhook = state.webhooks.get(where.owner_id, where.token)
        name = str(fields.get("username") or webhook.name)
        if "username" in fields:
            check_name(name, "username")
        channel = state.guild.channel(webhook.channel_id)
        posted = state.messages.post(channel, Author(webhook.id, name, webhook.id), draft)
        is_awaited = is_true(request.query_params.get("wait"))
        return JSONResponse(body(posted)) if is_awaited else Response(status_code=204)

    async def get(request: Request) -> Response:
        return JSONResponse(body(message(request)))

    async def edit(request: Request) -> Response:
        found = message(request)
        fields, files = await read_message(request)
        draft = wire.draft(fields, files, request.headers.get("idempotency-key"))
        return JSONResponse(body(state.messages.edit(found, draft)))

    async def delete(request: Request) -> Response:
        state.messages.delete(message(request))
        return Response(status_code=204)

    async def callback(request: Request) -> Response:
        guard.strike()
        fields, files = await read_message(request)
        if not isinstance(fields.get("type"), int):
            raise errors.required("type")
        interaction_id, kind = request.path_params["interaction_id"], fields["type"]
        data = as_object(fields.get("data"), "data")
        draft: Draft = wire.draft(data, files, request.headers.get("idempotency-key"))
        made = state.interactions.acknowledge(interaction_id, request.path_params["token"], kind, draft)
        if not is_true(request.query_params.get("with_response")):
            return Response(status_code=204)
        now = state.interactions.one(interaction_id)
        return JSONResponse(wire.callback_body(now, made, state.guild.bot))

    one = "/webhooks/{webhook_id}/{token}/messages/{message_id}"
    return (
        Handler("POST", "/webhooks/{webhook_id}/{token}", execute),
        Handler("GET", one, get),
        Handler("PATCH", one, edit),
        Handler("DELETE", one, delete),
        Handler("POST", "/interactions/{interaction_id}/{token}/callback", callback),
    )
