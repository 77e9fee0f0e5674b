"""Content kept by its hash: written once, shared by all rows that name it. The hash is over the content as given, however it is packed."""

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.streams import fold, unfold
from app.store.tables import blobs
from app.store.upsert import insert_missing

LEVEL = 6
HASHES_AT_ONCE = 1_000


class Packing(IntEnum):
    """How a content is stored."""

    ZLIB = 0
    STREAM = 1


@dataclass(frozen=True, slots=True)
class Packed:
    """A content ready to be stored: `size` is that of the original."""

    hash: str
    size: int
    packing: Packing
    content: bytes


def hash_of(raw: bytes) -> str:
    """The name of a content: SHA-256, hex."""
    return hashlib.sha256(raw).hexdigest()


def pack(raw: bytes, *, streamed: bool = False) -> Packed:
    """Compress a content, a streamed body by what its events share. Pure, so a thread may do it."""
    folded = fold(raw) if streamed else None
    if folded is not None:
        return Packed(hash_of(raw), len(raw), Packing.STREAM, folded)
    return Packed(hash_of(raw), len(raw), Packing.ZLIB, zlib.compress(raw, LEVEL))


def unpack(packing: int, content: bytes) -> bytes:
    """The content as it was given. Raises ValueError or zlib.error for bytes that were not packed so."""
    return unfold(content) if Packing(packing) is Packing.STREAM else zlib.decompress(content)


async def put_blobs(connection: AsyncConnection, content: Mapping[str, bytes], packed: Iterable[Packed] = ()) -> None:
    """Store contents by SHA-256 (hex), and those that are `packed` already; those known are left alone.

    What is likely known belongs into `content`: only the new ones of it are compressed.
    """
    fresh = [
        Packed(name, len(content[name]), Packing.ZLIB, zlib.compress(content[name], LEVEL)) for name in await _missing(connection, content)
    ]
    rows = [{"hash": one.hash, "size": one.size, "packing": int(one.packing), "content": one.content} for one in (*fresh, *packed)]
    if rows:
        await connection.execute(insert_missing(connection, blobs, key=("hash",)), rows)


async def get_blobs(connection: AsyncConnection, hashes: Iterable[str]) -> dict[str, bytes]:
    """Contents by hash. Raises KeyError for one that is not stored."""
    wanted = list(dict.fromkeys(hashes))
    columns = (blobs.c.hash, blobs.c.packing, blobs.c.content)
    stored: dict[str, bytes] = {}
    for start in range(0, len(wanted), HASHES_AT_ONCE):
        some = wanted[start : start + HASHES_AT_ONCE]
        rows = await connection.execute(select(*columns).where(blobs.c.hash.in_(some)))
        stored |= {name: unpack(packing, content) for name, packing, content in rows}
    return {name: stored[name] for name in wanted}


async def _missing(connection: AsyncConnection, names: Iterable[str]) -> list[str]:
    wanted = list(names)
    if not wanted:
        return []
    known = set((await connection.execute(select(blobs.c.hash).where(blobs.c.hash.in_(wanted)))).scalars())
    return [name for name in wanted if name not in known]
