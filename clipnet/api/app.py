"""Puts the API together: routes, problems, the edge, the description and the parts' lives."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse

from clipnet.api import (
    channels,
    clipbot,
    clips,
    health,
    oauth,
    posts,
    problems,
    sessions,
    tokens,
    upkeep,
    users,
    votes,
)
from clipnet.api.context import Context
from clipnet.api.edge import Edge
from clipnet.api.identity import COOKIE
from clipnet.api.metrics import RequestMetrics
from clipnet.api.wire import NewClip

log = logging.getLogger("clipnet")
_ROUTERS: Final = (
    health.router,
    users.router,
    sessions.router,
    tokens.router,
    oauth.router,
    clips.router,
    posts.router,
    votes.router,
    channels.router,
    clipbot.router,
)
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_OPERATION: Final = frozenset({"/health", "/ready", "/metrics", "/version"})
_DESCRIPTION: Final = (
    "Clips from videos: upload one or name its address, follow the clip while it is made, publish it, vote. "
    "Log in with a session cookie (web) or a bearer token (programs). Errors are problem details (RFC 9457)."
)


def create_app(context: Context) -> FastAPI:
    """Return the API as an ASGI application; its lifespan starts the upkeep and closes the context.

    FastAPI's own telemetry is off: the spans are ours (clipnet/log.py), and nothing may be sent elsewhere.
    """
    app = FastAPI(
        title="ClipNET",
        version=context.settings.version,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.context = context
    app.state.metrics = RequestMetrics()
    for router in _ROUTERS:
        app.include_router(router)
    app.add_api_route("/docs", _docs, include_in_schema=False)
    problems.install(app)
    app.add_middleware(Edge, settings=context.settings, metrics=app.state.metrics)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # - FastAPI's documented way
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: Context = app.state.context
    tasks = [asyncio.create_task(_keep_up(context)), asyncio.create_task(_warm_up(context))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await context.close()


async def _keep_up(context: Context) -> None:
    try:
        await upkeep.run(context)
    except Exception:
        log.exception("upkeep ended")
        raise


async def _warm_up(context: Context) -> None:
    """Import what the first clip and the first log-in need, once the API answers and in a thread."""
    await asyncio.sleep(1.0)
    for name in ("bullmq", "argon2", "cryptography.fernet"):
        await asyncio.to_thread(__import__, name)
    await asyncio.to_thread(context.oauth)


async def _docs() -> HTMLResponse:
    return HTMLResponse((Path(__file__).parent / "docs.html").read_text())


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Return the description: FastAPI's, with problems, security and the errors that any route may give."""
    if app.openapi_schema:
        return app.openapi_schema
    schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    components = schema.setdefault("components", {})
    named = components.setdefault("schemas", {})
    named["Problem"] = dict(problems.SCHEMA)
    named["NewClip"] = NewClip.model_json_schema(ref_template="#/components/schemas/{model}")
    for unused in ("HTTPValidationError", "ValidationError"):
        named.pop(unused, None)
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "clp_..."},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    }
    for path, operations in schema["paths"].items():
        for method in _METHODS:
            if method in operations:
                _complete(path, method, operations[method])
    app.openapi_schema = schema
    return schema


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Add to an operation what may happen on any: broken, unavailable, refused origin, too large a body."""
    codes = ["internal"] if path in _OPERATION else ["internal", "unavailable"]
    if method != "get":
        codes += ["origin_refused", "conflict"]
        if "requestBody" in operation:
            codes.append("too_large")
    responses = operation["responses"]
    if "422" in responses and "x-codes" not in responses["422"]:
        del responses["422"]
        codes.append("invalid_request")
    if "not_logged_in" in responses.get("401", {}).get("x-codes", ()):
        operation["security"] = [{"bearer": []}, {"session": []}]
    for code in codes:
        status = str(problems.PROBLEMS[code].status)
        known = responses.get(status, {}).get("x-codes", [])
        if code not in known:
            responses[status] = problems.documentation([*known, code])
    if "204" in responses and method != "post":
        responses.pop("200", None)
