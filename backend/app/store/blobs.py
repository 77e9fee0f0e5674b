"""Content kept by its hash: written once, shared by all rows that name it. Compressed with zlib."""

import zlib
from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.tables import blobs
from app.store.upsert import insert_missing

LEVEL = 6


async def put_blobs(connection: AsyncConnection, content: Mapping[str, bytes]) -> None:
    """Store contents by SHA-256 (hex); those known are left alone."""
    if not content:
        return
    known = set((await connection.execute(select(blobs.c.hash).where(blobs.c.hash.in_(list(content))))).scalars())
    rows = [{"hash": name, "size": len(raw), "content": zlib.compress(raw, LEVEL)} for name, raw in content.items() if name not in known]
    if rows:
        await connection.execute(insert_missing(connection, blobs, key=("hash",)), rows)


async def get_blobs(connection: AsyncConnection, hashes: Iterable[str]) -> dict[str, bytes]:
    """Contents by hash. Raises KeyError for one that is not stored."""
    wanted = list(dict.fromkeys(hashes))
    found = (await connection.execute(select(blobs.c.hash, blobs.c.content).where(blobs.c.hash.in_(wanted)))).all()
    stored = {name: zlib.decompress(content) for name, content in found}
    return {name: stored[name] for name in wanted}
