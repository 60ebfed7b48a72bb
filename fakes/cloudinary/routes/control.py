"""Control surface: `/_fake/accounts` lists clouds and keys, and creates them."""

import functools
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.cloudinary.state import Account, Cloud, CloudinaryState
from fakes.cloudinary.state.accounts import cloud_of, from_seed
from fakes.kit.bodies import bounded, json_object
from fakes.kit.ids import Ids

_PATH = "/_fake/accounts"


class AccountControl:
    """Lists and creates clouds; what is created here is gone after a reset, unlike what is seeded.

    Args:
        state: Where they are.
        ids: Makes up keys and secrets.
    """

    def __init__(self, state: CloudinaryState, ids: Ids) -> None:
        self._state = state
        self._ids = ids

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(_PATH, self.accounts, methods=["GET"]),
            Route(_PATH, answers_value_errors(self.create), methods=["POST"]),
        ]

    async def accounts(self, _request: Request) -> Response:
        """List the keys by cloud, without secrets."""
        accounts = self._state.accounts
        rows = [_body(one, accounts.cloud(one.cloud)) for one in accounts.all()]
        return JSONResponse({"fake": "cloudinary", "accounts": rows})

    async def create(self, request: Request) -> Response:
        """Create a key, and its cloud with its settings; a key and a secret are made up if none are given."""
        document = json_object(await bounded(request).body())
        settings = document.pop("settings", {})
        if not isinstance(settings, dict):
            raise ValueError(f"'settings' is {settings!r}; it must be an object")
        made_up = {"api_key": self._ids.digits(15), "api_secret": self._ids.url_safe(27)}
        account = from_seed({**made_up, **document})
        cloud = cloud_of(
            {**asdict(self._state.accounts.cloud(account.cloud)), **settings, "name": account.cloud}
        )
        if self._state.accounts.has_key(account.api_key):
            raise ValueError(f"key '{account.api_key}' exists")
        self._state.accounts.add(account)
        self._state.accounts.set_cloud(cloud)
        return JSONResponse(_body(account, cloud) | {"api_secret": account.api_secret}, 201)


def _body(account: Account, cloud: Cloud) -> dict[str, Any]:
    body: dict[str, Any] = {"cloud": account.cloud, "api_key": account.api_key, "folder": account.folder}
    settings = asdict(cloud)
    del settings["name"]
    return body | {"is_production": account.is_production, "settings": settings}


def answers_value_errors(
    handler: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Make a handler answer with 400 and the text of a ValueError."""

    @functools.wraps(handler)
    async def wrapped(request: Request) -> Response:
        try:
            return await handler(request)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)

    return wrapped
