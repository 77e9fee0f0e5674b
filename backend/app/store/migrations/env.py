"""Alembic's entry: runs on the connection it is handed, never opens one."""

from typing import Any, Literal

from alembic import context

from app.store.tables import metadata


def _render(kind: str, item: Any, _autogenerate: Any) -> str | Literal[False]:
    """Our own column types by their names, so that a migration reads like the tables."""
    if kind == "type" and type(item).__module__ == "app.store.types":
        return f"types.{type(item).__name__}()"
    return False


connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, render_item=_render, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
