"""Snapshots: what everybody saw in a cycle, content-addressed."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.blobs import get_blobs, put_blobs
from app.store.tables import snapshots


async def save_snapshot(
    connection: AsyncConnection, cycle_id: int, taken_at: datetime, content_hash: str, manifest: bytes, chunks: Mapping[str, bytes]
) -> None:
    """Store the snapshot of a cycle: its manifest and the chunks that are not there yet."""
    name = hashlib.sha256(manifest).hexdigest()
    await put_blobs(connection, {**chunks, name: manifest})
    await connection.execute(insert(snapshots).values(cycle_id=cycle_id, taken_at=taken_at, content_hash=content_hash, manifest=name))


async def load_manifest(connection: AsyncConnection, cycle_id: int) -> bytes | None:
    """The manifest of a cycle's snapshot; None when it has none."""
    name = (await connection.execute(select(snapshots.c.manifest).where(snapshots.c.cycle_id == cycle_id))).scalar()
    return None if name is None else (await get_blobs(connection, [name]))[name]


async def load_manifests(connection: AsyncConnection, cycle_ids: Sequence[int]) -> dict[int, bytes]:
    """Manifests of several cycles' snapshots, by cycle; those without one are absent."""
    rows = await connection.execute(select(snapshots.c.cycle_id, snapshots.c.manifest).where(snapshots.c.cycle_id.in_(cycle_ids)))
    names = {cycle_id: name for cycle_id, name in rows.all()}  # noqa: C416 - rows are no pairs to mypy
    content = await get_blobs(connection, names.values())
    return {cycle_id: content[name] for cycle_id, name in names.items()}


async def content_hash_of(connection: AsyncConnection, cycle_id: int) -> str | None:
    """Hash of what everybody saw in a cycle."""
    return (await connection.execute(select(snapshots.c.content_hash).where(snapshots.c.cycle_id == cycle_id))).scalar()


async def latest_cycle_with_snapshot(connection: AsyncConnection) -> int | None:
    """Id of the newest cycle that saw the market."""
    return (await connection.execute(select(snapshots.c.cycle_id).order_by(snapshots.c.id.desc()).limit(1))).scalar()
