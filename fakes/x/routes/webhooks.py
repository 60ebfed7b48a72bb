"""Webhooks with their challenge, and activity subscriptions; all for the application's own token."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.kit.bodies import json_object
from fakes.kit.credentials import is_same
from fakes.kit.kit import Kit
from fakes.kit.webhooks import Delivery
from fakes.x import wire
from fakes.x.guard import Guard
from fakes.x.routes.bodies import read_json
from fakes.x.state import State
from fakes.x.state.webhooks import challenge_failed

CHALLENGE_WITHIN_S = 3.0


def routes(kit: Kit, state: State, guard: Guard) -> list[Route]:
    """Routes below /2/webhooks and /2/activity/subscriptions."""
    hooks = state.webhooks

    async def is_answered(target: str) -> bool:
        """Whether the address proves that it knows the consumer secret."""
        token = kit.ids.url_safe(22)
        joint = "&" if "?" in target else "?"
        url = f"{target}{joint}{urlencode({'crc_token': token, 'nonce': kit.ids.url_safe(22)})}"
        asked = Delivery(url, b"", lambda _: {}, method="GET", timeout_s=CHALLENGE_WITHIN_S)
        status, body = await kit.webhooks.deliver(asked)
        try:
            answer = str(json_object(body)["response_token"])
        except (ValueError, KeyError):
            return False
        return status == 200 and is_same(answer, wire.signature(token.encode()))

    async def create(request: Request) -> Response:
        guard.application(request, "webhooks")
        url = str((await read_json(request)).get("url", ""))
        if not await is_answered(hooks.check(url)):
            raise challenge_failed(url)
        return JSONResponse({"data": wire.webhook_body(hooks.create(url))})

    async def listed(request: Request) -> Response:
        guard.application(request, "webhooks")
        rows = [wire.webhook_body(one) for one in hooks.every()]
        return JSONResponse({"data": rows, "meta": {"result_count": len(rows)}})

    async def validate(request: Request) -> Response:
        guard.application(request, "webhooks")
        webhook = hooks.get(request.path_params["id"])
        is_valid = await is_answered(webhook.target)
        hooks.set_valid(webhook.id, is_valid=is_valid)
        if not is_valid:
            raise challenge_failed(webhook.url)
        return JSONResponse({"data": {"valid": True}})

    async def delete(request: Request) -> Response:
        guard.application(request, "webhooks")
        hooks.delete(request.path_params["id"])
        return JSONResponse({"data": {"deleted": True}})

    async def subscribe(request: Request) -> Response:
        guard.application(request, "subscriptions")
        made = hooks.subscribe(await read_json(request))
        return JSONResponse({"data": {"subscription": wire.subscription_body(made)}})

    async def subscriptions(request: Request) -> Response:
        guard.application(request, "subscriptions")
        return JSONResponse({"data": [wire.subscription_body(one) for one in hooks.subscriptions()]})

    async def change(request: Request) -> Response:
        guard.application(request, "subscriptions")
        changed = hooks.change(request.path_params["id"], await read_json(request))
        return JSONResponse({"data": {"subscription": wire.subscription_body(changed)}})

    async def unsubscribe(request: Request) -> Response:
        guard.application(request, "subscriptions")
        hooks.unsubscribe(request.path_params["id"])
        return JSONResponse({"data": {"deleted": True}})

    return [
        Route("/2/webhooks", create, methods=["POST"]),
        Route("/2/webhooks", listed, methods=["GET"]),
        Route("/2/webhooks/{id}", validate, methods=["PUT"]),
        Route("/2/webhooks/{id}", delete, methods=["DELETE"]),
        Route("/2/activity/subscriptions", subscribe, methods=["POST"]),
        Route("/2/activity/subscriptions", subscriptions, methods=["GET"]),
        Route("/2/activity/subscriptions/{id}", change, methods=["PUT"]),
        Route("/2/activity/subscriptions/{id}", unsubscribe, methods=["DELETE"]),
    ]
