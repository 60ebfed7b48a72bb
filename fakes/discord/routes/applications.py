"""The application itself: its settings, its commands, and where its gateway would be."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.discord import errors, wire
from fakes.discord.bodies import read_json, read_object
from fakes.discord.guard import Guard
from fakes.discord.routes.handler import Handler
from fakes.discord.shapes import as_objects
from fakes.discord.state import State
from fakes.discord.state.commands import GLOBAL, check_application
from fakes.discord.state.guild import GUILD_ID
from fakes.discord.state.interactions import ANSWER_WITHIN_S
from fakes.kit.bodies import compact_json
from fakes.kit.kit import Kit
from fakes.kit.people import PEOPLE, snowflake_id
from fakes.kit.webhooks import CallbackRefused, Delivery

_UPDATE = "applications.commands.update"


def handlers(kit: Kit, state: State, guard: Guard) -> tuple[Handler, ...]:
    """Routes below /applications and /gateway."""
    commands = state.commands

    def scope(request: Request) -> str:
        """The guild whose commands a request means, or `GLOBAL`."""
        guard.bot_or_owner(request, _UPDATE)
        check_application(request.path_params["application_id"])
        guild_id = request.path_params.get("guild_id", GLOBAL)
        if guild_id not in (GLOBAL, GUILD_ID):
            raise errors.unknown_guild()
        guard.bucket(request, f"commands {guild_id}")
        return str(guild_id)

    async def create(request: Request) -> Response:
        command, is_new = commands.put(scope(request), await read_object(request))
        return JSONResponse(wire.command_body(command), 201 if is_new else 200)

    async def replace(request: Request) -> Response:
        bodies = await read_json(request)
        if not isinstance(bodies, list):
            message = "Only iterables may be used in a ListType"
            raise errors.invalid_form((), "LIST_TYPE_CONVERT", message)
        made = commands.replace(scope(request), as_objects(bodies))
        return JSONResponse([wire.command_body(one) for one in made])

    async def listed(request: Request) -> Response:
        return JSONResponse([wire.command_body(one) for one in commands.list(scope(request))])

    async def get(request: Request) -> Response:
        command = commands.get(scope(request), request.path_params["command_id"])
        return JSONResponse(wire.command_body(command))

    async def edit(request: Request) -> Response:
        where, changes = scope(request), await read_object(request)
        command = commands.edit(where, request.path_params["command_id"], changes)
        return JSONResponse(wire.command_body(command))

    async def delete(request: Request) -> Response:
        commands.delete(scope(request), request.path_params["command_id"])
        return Response(status_code=204)

    async def application(request: Request) -> Response:
        guard.bot(request)
        return JSONResponse(described())

    def described() -> dict[str, object]:
        owner = state.guild.user(snowflake_id(PEOPLE[0]))
        assert owner is not None
        return {**wire.application_body(owner), "interactions_endpoint_url": state.guild.interactions_url}

    async def set_up(request: Request) -> Response:
        guard.bot(request)
        url = (await read_object(request)).get("interactions_endpoint_url")
        if url is not None:
            await _probe(kit, str(url))
            state.guild.set_interactions_url(str(url))
        return JSONResponse(described())

    async def gateway(_request: Request) -> Response:
        return JSONResponse({"url": _gateway_url(kit)})

    async def bot_gateway(request: Request) -> Response:
        guard.bot(request)
        limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return JSONResponse({"url": _gateway_url(kit), "shards": 1, "session_start_limit": limit})

    rows = [
        Handler("GET", "/oauth2/applications/@me", application),
        Handler("GET", "/applications/@me", application),
        Handler("PATCH", "/applications/@me", set_up),
        Handler("GET", "/gateway", gateway),
        Handler("GET", "/gateway/bot", bot_gateway),
    ]
    for many in (
        "/applications/{application_id}/commands",
        "/applications/{application_id}/guilds/{guild_id}/commands",
    ):
        rows += [
            Handler("POST", many, create),
            Handler("PUT", many, replace),
            Handler("GET", many, listed),
            Handler("GET", f"{many}/{{command_id}}", get),
            Handler("PATCH", f"{many}/{{command_id}}", edit),
            Handler("DELETE", f"{many}/{{command_id}}", delete),
        ]
    return tuple(rows)


def _gateway_url(kit: Kit) -> str:
    """An address where nothing but a gap answers: the gateway is not covered."""
    return f"{kit.url_at('gateway.discord.gg').replace('http', 'ws', 1)}/gateway"


async def _probe(kit: Kit, url: str) -> None:
    """Ping an endpoint, once signed rightly and once wrongly.

    Raises:
        ProviderError: It did not answer both as it must.
    """
    body, timestamp = compact_json({"type": 1}), str(int(kit.clock.now()))
    message = "The specified interactions endpoint url could not be verified."
    refused = errors.invalid_form(
        ("interactions_endpoint_url",), "APPLICATION_INTERACTIONS_ENDPOINT_URL_INVALID", message
    )
    for is_forged in (False, True):
        delivery = _ping(url, body, wire.signed(body, timestamp, is_forged=is_forged))
        try:
            status, answer = await kit.webhooks.deliver(delivery)
        except CallbackRefused as error:
            raise refused from error
        is_pong = status == 200 and b'"type":1' in answer.replace(b" ", b"")
        if not (status == 401 if is_forged else is_pong):
            raise refused


def _ping(url: str, body: bytes, headers: Mapping[str, str]) -> Delivery:
    return Delivery(url, body, lambda _: headers, timeout_s=ANSWER_WITHIN_S)
