"""Connections to PostgreSQL."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

Sessions = async_sessionmaker[AsyncSession]


def async_url(database_url: str) -> str:
    """Return the address with the driver that SQLAlchemy is to use."""
    _, _, rest = database_url.partition("://")
    return f"postgresql+asyncpg://{rest}"


def create_engine(database_url: str, *, application: str, pool_size: int = 10) -> AsyncEngine:
    """Return an engine that connects at first use and tests a pooled connection before it hands it out.

    Args:
        database_url: `postgresql://user:password@host:port/name`.
        application: The name that PostgreSQL shows for these connections.
        pool_size: Connections that are kept; as many again may be opened for a while.
    """
    return create_async_engine(
        async_url(database_url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        pool_pre_ping=True,
        connect_args={"timeout": 5, "server_settings": {"application_name": application, "timezone": "UTC"}},
    )


def create_sessions(engine: AsyncEngine) -> Sessions:
    """Return the factory of sessions; objects stay readable after a commit."""
    return async_sessionmaker(engine, expire_on_commit=False)
