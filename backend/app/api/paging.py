"""Lists, newest first, in pages: the parameters every list takes."""

from typing import Annotated

from fastapi import Path, Query

Limit = Annotated[int, Query(ge=1, le=500, description="rows a page")]
ID_MAX = 2**31 - 1
"""The largest id that both databases can hold."""

Id = Annotated[int, Path(ge=1, le=ID_MAX)]
CycleId = Annotated[int | None, Query(ge=1, le=ID_MAX, description="only rows of this cycle")]
Cursor = Annotated[int | None, Query(ge=1, le=ID_MAX, description="`next_cursor` of the page before")]
LIMIT_DEFAULT = 50


def next_cursor(ids: list[int], limit: int) -> str | None:
    """Cursor of the following page; None when this one was not full."""
    return str(ids[-1]) if len(ids) == limit else None
