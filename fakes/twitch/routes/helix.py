"""Helix: users, streams, channels, clips, chat and EventSub subscriptions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.kit.bodies import bounded, json_object
from fakes.kit.clock import unix_s
from fakes.kit.errors import ProviderError
from fakes.kit.limits import Taken
from fakes.kit.numbers import whole
from fakes.kit.oauth import Grant, bearer_text
from fakes.twitch import errors, wire
from fakes.twitch.courier import Courier
from fakes.twitch.state import POINTS_A_MINUTE, State
from fakes.twitch.state.eventsub import CHAT

_T = TypeVar("_T")
_MOST = 100


def untouched(now_s: float) -> Taken:
    """Where the limit stands for a request that was refused before it counted."""
    return Taken(POINTS_A_MINUTE, POINTS_A_MINUTE, now_s, False)


def routes(state: State, courier: Courier) -> list[Route]:
    """Routes below /helix."""

    def allowed(request: Request, *any_of: str) -> Grant:
        """Whoever sends the request, with one of these scopes where the token is a person's."""
        client_id = request.headers.get("client-id")
        if client_id == state.oauth.profile.production_client_id:
            raise errors.production_client(client_id)
        grant = state.oauth.bearer(bearer_text(request))
        if client_id != grant.client_id:
            raise errors.client_mismatch()
        taken = state.take_point(f"{grant.client_id} {grant.user_id}")
        request.scope["taken"] = taken
        if taken.is_over:
            raise errors.too_many_requests()
        try:
            state.refusals.strike()
        except ProviderError as error:
            if error.message == errors.TOO_MANY:
                request.scope["taken"] = replace(taken, remaining=0)
            raise
        if grant.person is not None and any_of and not set(any_of) & set(grant.scopes):
            raise errors.unauthorized(f"Missing scope: {any_of[0]}")
        return grant

    async def users(request: Request) -> Response:
        grant = allowed(request)
        ids, logins = request.query_params.getlist("id"), request.query_params.getlist("login")
        if len(ids) + len(logins) > _MOST:
            raise errors.bad_request("The number of id and login parameters must not exceed 100")
        if not ids and not logins and grant.person is None:
            raise errors.bad_request("Must provide an ID, Login or OAuth Token")
        found = state.accounts.find(ids or [grant.user_id] if not logins else ids, logins)
        is_open = "user:read:email" in grant.scopes
        rows = [wire.user_body(user, shows_email=is_open and user.id == grant.user_id) for user in found]
        return JSONResponse({"data": rows})

    async def streams(request: Request) -> Response:
        allowed(request)
        query = request.query_params
        ids, logins, games = query.getlist("user_id"), query.getlist("user_login"), query.getlist("game_id")
        found = [
            user
            for user in state.accounts.live()
            if ((not ids and not logins) or user.id in ids or user.login in logins)
            and (not games or user.game_id in games)
        ]
        return JSONResponse(_page(request, [wire.stream_body(user) for user in found]))

    async def channels(request: Request) -> Response:
        allowed(request)
        ids = request.query_params.getlist("broadcaster_id")
        if not ids:
            raise errors.missing_parameter("broadcaster_id")
        return JSONResponse({"data": [wire.channel_body(user) for user in state.accounts.find(ids, [])]})

    async def create_clip(request: Request) -> Response:
        grant = allowed(request, "clips:edit")
        creator = state.accounts.by_id(grant.user_id)
        if creator is None:
            raise errors.user_token_needed()
        query = request.query_params
        clip_id = state.clips.create(
            creator, query.get("broadcaster_id"), query.get("title"), query.get("duration")
        )
        return JSONResponse(wire.new_clip_body(clip_id), 202)

    async def clips(request: Request) -> Response:
        allowed(request)
        query = request.query_params
        asked = [name for name in ("id", "broadcaster_id", "game_id") if name in query]
        if len(asked) != 1:
            raise errors.bad_request("You must specify exactly one of id, broadcaster_id or game_id")
        if len(query.getlist("id")) > _MOST:
            raise errors.bad_request("The number of id parameters must not exceed 100")  # guess: wording
        if asked == ["id"]:
            found = state.clips.by_ids(query.getlist("id"))
        else:
            times = _unix_s(query.get("started_at")), _unix_s(query.get("ended_at"))
            found = state.clips.of(asked[0], query[asked[0]], *times)
        return JSONResponse(_page(request, [wire.clip_body(clip) for clip in found]))

    async def send_message(request: Request) -> Response:
        grant = allowed(request, "user:write:chat")
        fields = {**request.query_params, **await _json(request)}
        key = request.headers.get("idempotency-key")
        message = wire.outgoing(fields, key)
        message_id = state.chat.send(grant, message)
        if message_id is None:
            return JSONResponse(wire.dropped_message_body())
        room, author = state.chat.scene(message)
        parent = state.chat.find(message.reply_to)
        event = wire.chat_event(room, author, message_id, message.text or "", parent)
        courier.tell(CHAT, room.id, event)
        return JSONResponse(wire.sent_message_body(message_id))

    async def subscribe(request: Request) -> Response:
        grant = allowed(request)
        if grant.person is not None:
            raise errors.app_token_needed()
        created = state.eventsub.create(grant.client_id, await _json(request))
        courier.challenge(created)
        return JSONResponse(
            wire.subscriptions_body([created], state.eventsub.owned(grant.client_id, {})), 202
        )

    async def subscriptions(request: Request) -> Response:
        grant = allowed(request)
        names = ("status", "type", "user_id", "subscription_id")
        filters = {name: request.query_params[name] for name in names if name in request.query_params}
        found = state.eventsub.owned(grant.client_id, filters)
        page = _page(request, found, default=100)
        body = wire.subscriptions_body(page["data"], state.eventsub.owned(grant.client_id, {}))
        return JSONResponse(body | {"pagination": page["pagination"]})

    async def unsubscribe(request: Request) -> Response:
        grant = allowed(request)
        state.eventsub.delete(grant.client_id, request.query_params.get("id"))
        return Response(status_code=204)

    rows = [
        ("GET", "users", users),
        ("GET", "streams", streams),
        ("GET", "channels", channels),
        ("POST", "clips", create_clip),
        ("GET", "clips", clips),
        ("POST", "chat/messages", send_message),
        ("POST", "eventsub/subscriptions", subscribe),
        ("GET", "eventsub/subscriptions", subscriptions),
        ("DELETE", "eventsub/subscriptions", unsubscribe),
    ]
    return [Route(f"/helix/{path}", handler, methods=[method]) for method, path, handler in rows]


async def _json(request: Request) -> dict[str, Any]:
    try:
        return json_object(await bounded(request).body())
    except ValueError as error:
        raise errors.bad_request(f"The body is {error}") from error


def _page(request: Request, found: Sequence[_T], default: int = 20) -> dict[str, Any]:
    """One page of a list; the cursor is the position of the next one."""
    query = request.query_params
    first, after = whole(query.get("first", str(default)), _MOST), whole(query.get("after", "0"))
    if not first:
        raise errors.bad_request('The parameter "first" was malformed: the value must be from 1 to 100')
    if after is None:
        raise errors.bad_request('The parameter "after" was malformed')
    end = after + first
    return wire.list_body(found[after:end], str(end) if end < len(found) else None)


def _unix_s(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return unix_s(text)
    except ValueError:
        raise errors.bad_request("The time is not RFC 3339") from None
