"""The market of a fill as it is stored: books, marks, soundness and rules, so that what was filled can be filled again. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.engine.books import Book
from app.engine.clock import floor_time
from app.engine.exchange import Market
from app.engine.instruments import Instrument
from app.engine.money import exact, plain
from app.engine.rules import MarginMode, Rules, TriggerPrice
from app.market.snapshot import decode_books, encode_books
from app.market.stretch import MINUTE


@dataclass(frozen=True, slots=True)
class FillMarket:
    """Books, marks and soundness at the moment of the fill, and the rules it happened under.

    `watched_until` is the minute up to which closed bars had been judged before.
    """

    at: datetime
    watched_until: datetime
    books: Mapping[str, Book]
    marks: Mapping[str, Decimal]
    unusable: Mapping[str, str]
    rules: Rules

    def market(self, instruments: Mapping[str, Instrument]) -> Market:
        """What the engine is given."""
        return Market(instruments, self.marks, self.books, self.unusable, self.rules)


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
            "watched_until": market.watched_until.isoformat(),
            "rules": rules_row(market.rules),
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
    at = datetime.fromisoformat(stored["at"])
    watched = stored.get("watched_until")
    return FillMarket(
        at=at,
        watched_until=floor_time(at, MINUTE) if watched is None else datetime.fromisoformat(watched),
        books=decode_books(books),
        marks={name: exact(mark) for name, mark in stored["marks"].items()},
        unusable=stored["unusable"],
        rules=rules_of(stored["rules"]),
    )


def rules_row(rules: Rules) -> dict[str, Any]:
    """Rules as JSON."""
    return {
        "max_leverage": rules.max_leverage,
        "slippage": plain(rules.slippage),
        "entries_open": rules.entries_open,
        "margin_mode": rules.margin_mode.value,
        "trigger_price": rules.trigger_price.value,
    }


def rules_of(row: Mapping[str, Any]) -> Rules:
    """Rules again. Those stored before there was a choice of margin mode and trigger price had the defaults."""
    return Rules(
        max_leverage=row["max_leverage"],
        slippage=exact(row["slippage"]),
        entries_open=row["entries_open"],
        margin_mode=MarginMode(row.get("margin_mode", MarginMode.ISOLATED)),
        trigger_price=TriggerPrice(row.get("trigger_price", TriggerPrice.MARK)),
    )
