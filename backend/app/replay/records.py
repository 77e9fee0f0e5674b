"""What the engine reports, collected as rows of the result tables. Takes facts as they come; decides and computes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import pyarrow as pa

from app.engine.facts import Fact, Filled, FundingPaid, MarginSet, OrderRefused
from app.engine.ledger import Entry, LedgerAccount, Posting, PostingKind
from app.engine.money import plain
from app.engine.positions import Account
from app.engine.trades import Purpose, Trade
from app.replay.stage import milliseconds, moment
from app.replay.tables import KINDS, LAYOUTS, LEDGER_ACCOUNTS, PURPOSES, SIDES, build, rounded

Row = tuple[object, ...]

SIDE_CODE = {one: code for code, one in enumerate(SIDES)}
PURPOSE_CODE = {one: code for code, one in enumerate(PURPOSES)}
KIND_CODE = {one: code for code, one in enumerate(KINDS)}
LEDGER_CODE = {one: code for code, one in enumerate(LEDGER_ACCOUNTS)}


class Records:
    """Rows of all result tables, account by account: `begin`, `add` as often as something happens, `end`."""

    def __init__(self, symbols: Sequence[str], start: int) -> None:
        self._symbols, self._start = symbols, start
        self._symbol_code: dict[str | None, int | None] = {name: code for code, name in enumerate(symbols)}
        self._symbol_code[None] = None
        self._rows: dict[str, list[Row]] = {name: [] for name in LAYOUTS}
        self._code, self._balance, self._postings, self._refusals, self._liquidations = 0, Decimal(0), 0, 0, 0
        self._trades: dict[int, Trade] = {}

    def begin(self, code: int, balance: Decimal) -> None:
        """A new account with its deposit."""
        self._code, self._balance, self._postings, self._refusals, self._liquidations = code, balance, 0, 0, 0
        self._trades = {}
        entries = Entry(LedgerAccount.AVAILABLE, balance), Entry(LedgerAccount.CAPITAL, -balance)
        self._post(Posting(PostingKind.DEPOSIT, moment(self._start), entries))

    def add(self, facts: Iterable[Fact], rows: Sequence[int], time: int) -> None:
        """What happened at an instant (ms). `rows` are the decisions behind the orders, by order index."""
        for fact in facts:
            match fact:
                case Filled():
                    self._fill(fact, None if fact.order is None else rows[fact.order])
                    self._post(fact.posting)
                case FundingPaid():
                    self._funding(fact)
                    self._post(fact.posting)
                case MarginSet():
                    self._post(fact.posting)
                case OrderRefused():
                    self._refuse(fact, rows[fact.order], time)

    def end(self, account: Account, closes: Mapping[str, Decimal]) -> None:
        """The account at the end of the tape, valued at the last close of each symbol."""
        self._trades |= {held.trade.number: held.trade for held in account.positions.values()}
        self._rows["trades"] += [self._trade(self._trades[number]) for number in sorted(self._trades)]
        unrealised = account.unrealised_pnl(closes)
        margin = account.wallet - account.available
        counts = account.trades_opened, self._refusals, self._liquidations
        self._rows["accounts"].append(
            (self._code, self._balance, account.available, margin, unrealised, account.wallet + unrealised, *counts)
        )

    def tables(self) -> dict[str, pa.Table]:
        """Everything so far."""
        return {name: build(name, _columns(LAYOUTS[name], rows), self._symbols) for name, rows in self._rows.items()}

    def _fill(self, fact: Filled, row: int | None) -> None:
        trade = fact.trade
        self._trades[trade.number] = trade
        self._liquidations += fact.purpose is Purpose.LIQUIDATION
        self._rows["fills"].append(
            (
                self._code,
                row,
                self._symbol_code[fact.symbol],
                milliseconds(fact.at),
                SIDE_CODE[fact.side],
                PURPOSE_CODE[fact.purpose],
                fact.quantity,
                rounded(fact.price),
                fact.fee,
                fact.realised_pnl,
                fact.insured,
                fact.takeover,
                trade.number,
            )
        )

    def _funding(self, fact: FundingPaid) -> None:
        self._rows["funding"].append(
            (
                self._code,
                self._symbol_code[fact.symbol],
                milliseconds(fact.at),
                SIDE_CODE[fact.side],
                fact.quantity,
                fact.rate,
                fact.mark,
                fact.amount,
                fact.insured,
                fact.trade_number,
            )
        )

    def _refuse(self, fact: OrderRefused, row: int, time: int) -> None:
        self._refusals += 1
        refused = fact.refused
        numbers = (None if one is None else plain(one) for one in (refused.needed, refused.available))
        self._rows["refusals"].append((self._code, row, time, refused.code.value, refused.message, *numbers))

    def _post(self, posting: Posting) -> None:
        head = self._code, self._postings, milliseconds(posting.at), KIND_CODE[posting.kind]
        self._rows["ledger"] += [(*head, LEDGER_CODE[one.account], self._symbol_code[one.symbol], one.amount) for one in posting.entries]
        self._postings += 1

    def _trade(self, trade: Trade) -> Row:
        return (
            self._code,
            trade.number,
            self._symbol_code[trade.symbol],
            SIDE_CODE[trade.side],
            trade.leverage,
            milliseconds(trade.opened_at),
            None if trade.closed_at is None else milliseconds(trade.closed_at),
            trade.entry_quantity,
            rounded(trade.entry_price),
            trade.exit_quantity,
            rounded(trade.exit_price),
            None if trade.exit_reason is None else PURPOSE_CODE[trade.exit_reason],
            trade.gross_pnl,
            trade.fees,
            trade.insured,
            trade.funding,
            trade.net_pnl,
        )


def _columns(layout: Mapping[str, object], rows: Sequence[Row]) -> dict[str, Sequence[object]]:
    columns: Sequence[Sequence[object]] = tuple(zip(*rows, strict=True)) if rows else ((),) * len(layout)
    return dict(zip(layout, columns, strict=True))
