"""What every request may use: settings, database, Redis, queue, clock, ids. The application closes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from clipnet.clock import Clock, Ids, RandomIds, SystemClock
from clipnet.db.engine import create_engine, create_sessions
from clipnet.queue import JobQueue, connect
from clipnet.security import Signer
from clipnet.settings import Settings

if TYPE_CHECKING:
    import httpx

    from clipnet.oauth import OAuthClient


class Context:
    """The parts of a running API; nothing is connected before it is used."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None, ids: Ids | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.ids = ids or RandomIds()
        self.engine: AsyncEngine = create_engine(settings.database_url.reveal(), application="clipnet-api")
        self.sessions = create_sessions(self.engine)
        self.redis = connect(settings.redis_url.reveal())
        self.queue = JobQueue(self.redis)
        self.session_signer = Signer(settings.session_secret, "session")
        self.oauth_signer = Signer(settings.session_secret, "oauth")
        self._http: httpx.AsyncClient | None = None
        self._oauth: OAuthClient | None = None

    def http(self) -> httpx.AsyncClient:
        """Return the client for calls to others; made at first use, because httpx is slow to import."""
        if self._http is None:
            import httpx

            self._http = httpx.AsyncClient(follow_redirects=False, trust_env=False)
        return self._http

    def oauth(self) -> OAuthClient:
        """Return the client for the providers, made at first use."""
        if self._oauth is None:
            from clipnet.oauth import OAuthClient

            self._oauth = OAuthClient(self.settings, self.http(), self.clock)
        return self._oauth

    async def close(self) -> None:
        """Close what was opened, in reverse order."""
        if self._http is not None:
            await self._http.aclose()
        await self.redis.aclose()
        await self.engine.dispose()


async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


Ctx = Annotated[Context, Depends(_context)]
"""A route's parameter of this type is the application's context."""
