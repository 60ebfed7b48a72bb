"""Serves the frontend's files and tells them where the API is."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clipnet import settings

STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What the frontend is told: where the API is, and which environment and version this is."""

    api_url: str
    environment: str
    version: str
    host: str
    port: int
    commit: str | None = None
    stop_grace_s: float = 1.0
    alias: settings.Site | None = None
    """A second pair of addresses: a page at its frontend talks to its API."""


class BadSetting(ValueError):
    """A setting cannot be used; the text names it, its value and what to write instead."""


def load(env: Mapping[str, str]) -> WebSettings:
    """Read {API,WEB}_ALIAS_URL, API_URL, APP_COMMIT, APP_ENV, APP_VERSION, HOST, PORT and STOP_GRACE_S.

    Raises:
        BadSetting: PORT is not a port, APP_ENV is not an environment, an address is none, or STOP_GRACE_S
            is no number of seconds.
    """
    port = env.get("PORT", "8400")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise BadSetting(f"PORT is '{port}'; write a number from 1 to 65535")
    try:
        environment = settings.environment(env)
    except settings.SettingsError as error:
        raise BadSetting(str(error)) from error
    api_url = _address("API_URL", env.get("API_URL", "http://127.0.0.1:8401"))
    alias = None
    if env.get("API_ALIAS_URL") or env.get("WEB_ALIAS_URL"):
        alias = settings.Site(
            *(_address(name, env.get(name, "")) for name in ("API_ALIAS_URL", "WEB_ALIAS_URL"))
        )
    host = env.get("HOST", "127.0.0.1")
    grace_s = env.get("STOP_GRACE_S", "") or "1"
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?", grace_s):
        raise BadSetting(f"STOP_GRACE_S is '{grace_s}'; write a number of seconds below 1000")
    version = env.get("APP_VERSION", "0.0.0")
    commit = env.get("APP_COMMIT") or None
    return WebSettings(api_url, environment, version, host, int(port), commit, float(grace_s), alias)


def _address(name: str, value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise BadSetting(f"{name} is '{value}'; write an address such as http://127.0.0.1:8401")
    return value.rstrip("/")


def page_config(told: WebSettings) -> dict[str, Any]:
    """Return what the page reads from `/config.json`."""
    return {
        "api_url": told.api_url,
        "alias": asdict(told.alias) if told.alias else None,
        "environment": told.environment,
        "version": told.version,
        "commit": told.commit,
        "banner": settings.banner(told.environment),
        "providers": list(settings.PROVIDERS),
    }


def create(told: WebSettings) -> ASGIApp:
    """The frontend as an ASGI application."""

    async def config(_request: Request) -> Response:
        return JSONResponse(page_config(told))

    async def index(_request: Request, _error: Exception | None = None) -> Response:
        return FileResponse(STATIC / "index.html")

    app = Starlette(
        routes=[
            Route("/", index),
            Route("/config.json", config),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/{path:path}", index),
        ]
    )
    return _WithHeaders(app, safe_headers(told))


def safe_headers(told: WebSettings) -> dict[str, str]:
    """Return the headers of every answer: they keep the page to its own scripts and to its API."""
    apis = f"{told.api_url} {told.alias.api_url}" if told.alias else told.api_url
    policy = (
        f"default-src 'self'; connect-src 'self' {apis}; img-src 'self' data: http: https:; "
        "media-src http: https:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cache-control": "no-cache",
    }


class _WithHeaders:
    """Adds headers to every answer."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers]
            await send(message)

        await self._app(scope, receive, send_with_headers)
