"""Alembic's side of a migration: runs on the connection it is given, inside the caller's transaction."""

from __future__ import annotations

from alembic import context

from paidan.ledger.tables import metadata


def run() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        transactional_ddl=False,
        render_as_batch=True,
    )
    context.run_migrations()


# Alembic gives its context a config while it runs this file; whoever only imports it does nothing.
if hasattr(context, "config"):
    run()
