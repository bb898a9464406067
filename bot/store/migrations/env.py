"""Run by Alembic: on the connection `bot.store.migrate` hands over, else on the database DATABASE_URL names."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection

from bot.store.migrate import OPTIONS, connect
from bot.store.session import Store


def run(connection: Connection) -> None:
    context.configure(connection=connection, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()


def run_by_environment() -> None:
    store = Store(os.environ.get("DATABASE_URL", "sqlite:///conference-coach.db"))
    with connect(store) as connection:
        run(connection)
    store.close()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    run_by_environment()
