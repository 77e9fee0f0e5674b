"""The market of the fill: one fresh look for everybody after the last answer or the deadline, stored so that it can be made again."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.cycle.parts import Parts
from app.engine.books import Book
from app.engine.exchange import Market
from app.engine.instruments import Instrument
from app.engine.market import Quote, Snapshot
from app.engine.money import exact, plain
from app.engine.order_checks import Rules
from app.market.snapshot import decode_books, encode_books
from app.market.soundness import judge


@dataclass(frozen=True, slots=True)
class FillMarket:
    """Books, marks and soundness at the moment of the fill, and the rules it happened under."""

    at: datetime
    books: Mapping[str, Book]
    marks: Mapping[str, Decimal]
    unusable: Mapping[str, str]
    rules: Rules

    def market(self, instruments: Mapping[str, Instrument]) -> Market:
        """What the engine is given."""
        return Market(instruments, self.marks, self.books, self.unusable, self.rules)


async def fresh_market(parts: Parts, snapshot: Snapshot, rules: Rules) -> FillMarket:
    """Books and quotes as they are now. A symbol whose price is not sound now, or was not at the cycle's start, is unusable.

    Raises VenueError when the venue doesn't answer.
    """
    books = await parts.venue.books(parts.symbols)
    quotes = await parts.venue.quotes()
    at = parts.clock.now()
    unusable = _unsound(parts.symbols, quotes, snapshot, at)
    parts.latest.take(at, quotes, unusable)
    marks = {name: quotes[name].mark for name in parts.symbols if unusable.get(name) is None and name in quotes}
    return FillMarket(at, books, marks, {name: why for name, why in unusable.items() if why is not None}, rules)


def _unsound(symbols: tuple[str, ...], quotes: Mapping[str, Quote], snapshot: Snapshot, at: datetime) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in symbols:
        view = snapshot.symbols.get(name)
        if view is None or view.unusable is not None:
            found[name] = view.unusable if view is not None else "it was not in this cycle's snapshot"
            continue
        found[name] = judge(quotes.get(name), at, view.quote, view.candles_5m)
    return found


def encode_fill_market(market: FillMarket) -> tuple[str, dict[str, bytes]]:
    """(hash, blobs) of a fill market: a head naming the books' blob, and the books."""
    books = encode_books(dict(market.books))
    books_hash = hashlib.sha256(books).hexdigest()
    head = json.dumps(
        {
            "at": market.at.isoformat(),
            "books": books_hash,
            "marks": {name: plain(mark) for name, mark in market.marks.items()},
            "unusable": dict(market.unusable),
            "rules": {
                "max_leverage": market.rules.max_leverage,
                "slippage": plain(market.rules.slippage),
                "entries_open": market.rules.entries_open,
            },
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()
    head_hash = hashlib.sha256(head).hexdigest()
    return head_hash, {head_hash: head, books_hash: books}


def books_blob(head: bytes) -> str:
    """Hash of the blob that holds the books of a stored fill market."""
    return str(json.loads(head)["books"])


def decode_fill_market(head: bytes, books: bytes) -> FillMarket:
    """Exact inverse of `encode_fill_market`."""
    stored = json.loads(head)
    rules = stored["rules"]
    return FillMarket(
        at=datetime.fromisoformat(stored["at"]),
        books=decode_books(books),
        marks={name: exact(mark) for name, mark in stored["marks"].items()},
        unusable=stored["unusable"],
        rules=Rules(rules["max_leverage"], exact(rules["slippage"]), rules["entries_open"]),
    )
