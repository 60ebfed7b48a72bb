"""What Alembic runs around a migration: our metadata on the connection that `clipnet.db.migrate` hands in."""

from __future__ import annotations

from alembic import context

from clipnet.db.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_server_default=False,
)

with context.begin_transaction():
    context.run_migrations()
