"""A stored season run again through the same engine: deposits, minutes, rates, snapshots, fill markets and decisions as they were recorded.

Nothing is asked of a venue or a model, and nothing is written. With a change of rules the recorded decisions meet other terms: what the
models would have decided under them is not known, and symbols that nobody held then have no minutes to be judged by.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine.exchange import apply
from app.engine.facts import OrderRefused, Outcome
from app.engine.funding import Settlement
from app.engine.instruments import Instrument
from app.engine.ledger import BooksBrokenError
from app.engine.orders import FlipOrder, LeverageOrder, OpenOrder, Order
from app.engine.positions import Account
from app.engine.rules import Rules
from app.market.fill_market import FillMarket
from app.market.stretch import MINUTE, Stretch, Terms, walk, walk_moment
from app.replay.stored_pages import NotReplayableError, Page, StoredCycle, StoredTurn, pages, stretch_of
from app.replay.stored_rows import Rows
from app.store import accounts, contestants, funding
from app.store.accounts import HeldAccount
from app.store.booking import Booking
from app.store.funding import FundingRow
from app.store.seasons import SeasonRow

Progress = Callable[[int], None]
"""Called with how many cycles have been run again so far."""


@dataclass(frozen=True, slots=True)
class Change:
    """Other terms for the recorded decisions: taker fee and slippage as fractions, a cap on leverage. None leaves a term as it was.

    An order above the cap is carried out at it, with the notional it asked for: a cap never adds to what is held. The engine itself clamps
    nothing; here it is what was asked about.
    """

    fee: Decimal | None = None
    slippage: Decimal | None = None
    leverage_cap: int | None = None

    def instruments(self, terms: Mapping[str, Instrument]) -> Mapping[str, Instrument]:
        """Contract terms under the change."""
        if self.fee is None:
            return terms
        return {symbol: replace(one, taker_fee_rate=self.fee) for symbol, one in terms.items()}

    def rules(self, rules: Rules) -> Rules:
        """Rules under the change."""
        slippage = rules.slippage if self.slippage is None else self.slippage
        return replace(rules, slippage=slippage)

    def order(self, order: Order) -> Order:
        """A recorded order under the change."""
        if self.leverage_cap is None or not isinstance(order, OpenOrder | FlipOrder | LeverageOrder):
            return order
        return replace(order, leverage=min(order.leverage, self.leverage_cap))


@dataclass(slots=True)
class Runner:
    """One contestant's books on their way: `watched` is the minute up to which they were judged."""

    account: Account
    held: HeldAccount
    late: Sequence[FundingRow]
    rows: Rows
    watched: datetime
    refusals: int = 0
    unseen_minutes: int = 0
    broken: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Lane:
    """All contestants under one set of terms."""

    change: Change
    runners: dict[str, Runner]
    terms: Terms | None = None
    marks: dict[str, Decimal] = field(default_factory=dict)


async def replay_stored(
    connection: AsyncConnection,
    season: SeasonRow,
    changes: Sequence[Change] = (Change(),),
    *,
    only: Sequence[str] = (),
    progress: Progress = lambda _: None,
) -> list[Lane]:
    """Run a season again, once for each change; `only` names contestants (default: all). Raises NotReplayableError.

    The connection must show one state of the database throughout.
    """
    since, lanes = await _lanes(connection, season, changes, only)
    done = 0
    async for page in pages(connection, season.id, since):
        for cycle in page.cycles:
            for lane in lanes:
                _run(lane, season.id, cycle, page)
            done += 1
            progress(done)
    await _to_the_end(connection, season.id, lanes)
    return lanes


async def _lanes(
    connection: AsyncConnection, season: SeasonRow, changes: Sequence[Change], only: Sequence[str]
) -> tuple[datetime, list[Lane]]:
    held = await accounts.load_accounts(connection, season.id)
    unknown = [name for name in only if name not in held]
    if unknown:
        raise NotReplayableError(f"season {season.name} has no {', '.join(unknown)}: it has {', '.join(held) or 'nobody'}")
    joined = {one.id: one.joined_at for one in await contestants.all_contestants(connection, season.id)}
    late: dict[str, list[FundingRow]] = {name: [] for name in held}
    for row in await funding.season_payments(connection, season.id):
        if row.rate is None or row.paid_after is not None:
            late[row.contestant_id].append(row)
    lanes: list[Lane] = []
    for change in changes:
        runners: dict[str, Runner] = {}
        for name, one in held.items():
            if only and name not in only:
                continue
            rows = Rows()
            rows.begin(one.initial, joined[name])
            runners[name] = Runner(Account(name, one.initial), one, late[name], rows, joined[name])
        lanes.append(Lane(change, runners))
    return min(joined.values(), default=season.started_at), lanes


async def _to_the_end(connection: AsyncConnection, season_id: int, lanes: Sequence[Lane]) -> None:
    """What was judged after the last cycle, account by account."""
    ends = [one.held.watched_until for lane in lanes for one in lane.runners.values() if one.held.watched_until is not None]
    since = min((one.watched for lane in lanes for one in lane.runners.values()), default=None)
    if since is None or not ends:
        return
    stretch = await stretch_of(connection, since, max(ends))
    for lane in lanes:
        for one in lane.runners.values():
            if one.held.watched_until is not None:
                _walk(lane, one, stretch, one.held.watched_until, season_id)


def _run(lane: Lane, season_id: int, cycle: StoredCycle, page: Page) -> None:
    if cycle.watched_at is not None and cycle.watched_until is not None and cycle.snapshot is not None and cycle.rules is not None:
        for one in lane.runners.values():
            _walk(lane, one, page.stretch, cycle.watched_until, season_id)
        lane.terms = Terms(lane.change.instruments(cycle.snapshot.instruments), lane.change.rules(cycle.rules))
        lane.marks |= cycle.snapshot.marks
        for one in lane.runners.values():
            outcome = walk_moment(one.account, cycle.snapshot, cycle.watched_at, lane.terms)
            _book(one, Booking(one.account.contestant, season_id, cycle.id, "trigger", cycle.watched_at, {}), outcome)
    if cycle.market is not None:
        for one in lane.runners.values():
            _walk(lane, one, page.stretch, cycle.market.watched_until, season_id)
        lane.marks |= cycle.market.marks
    for turn in cycle.turns:
        market = turn.market or cycle.market
        if market is not None and cycle.snapshot is not None and turn.contestant in lane.runners:
            _walk(lane, lane.runners[turn.contestant], page.stretch, market.watched_until, season_id)
            lane.marks |= market.marks
            _trade(lane, lane.runners[turn.contestant], cycle, market, turn, season_id)


def _trade(lane: Lane, one: Runner, cycle: StoredCycle, market: FillMarket, turn: StoredTurn, season_id: int) -> None:
    instruments = lane.terms.instruments if lane.terms is not None else {}
    rules = lane.change.rules(market.rules)
    met = replace(market.market(instruments), rules=replace(rules, entries_open=rules.entries_open and not turn.close_only))
    orders = [lane.change.order(order) for decision in turn.decisions if (order := decision.order) is not None]
    try:
        outcome = apply(one.account, met, orders, market.at)
    except BooksBrokenError as error:
        one.broken.append(str(error))
        outcome = Outcome(one.account)
    one.refusals += sum(isinstance(fact, OrderRefused) for fact in outcome.facts)
    _book(one, Booking(one.account.contestant, season_id, cycle.id, "decision", market.at, turn.decision_ids), outcome)
    one.watched = max(one.watched, market.watched_until)


def _walk(lane: Lane, one: Runner, stretch: Stretch, until: datetime, season_id: int) -> None:
    """Judge a contestant up to a minute, in the pieces between which late funding rates became known."""
    if lane.terms is None or not (one.account.positions or one.account.dues):
        return
    paid = sorted({row.paid_after for row in one.late if row.paid_after is not None and one.watched <= row.paid_after < until})
    for end in (*paid, until):
        if end <= one.watched:
            continue
        piece = _with_late(one, stretch.between(one.watched, end), end)
        one.unseen_minutes += _unseen(one, piece, end)
        try:
            outcome = walk(one.account, piece, lane.terms)
        except (BooksBrokenError, ValueError) as error:
            one.broken.append(str(error))
            outcome = Outcome(one.account)
        _book(one, Booking(one.account.contestant, season_id, None, "trigger", end, {}), outcome)
        one.watched = end


def _with_late(one: Runner, piece: Stretch, until: datetime) -> Stretch:
    """Settlements as they were known then: a late rate is unknown at its instant, and known from the minute it was paid after."""
    late = {(row.symbol, row.settlement_time) for row in one.late}
    known = [settled for settled in piece.settlements if (settled.symbol, settled.at) not in late]
    unknown = [Settlement(row.symbol, row.settlement_time, None) for row in one.late if one.watched < row.settlement_time <= until]
    paid = [Settlement(row.symbol, row.settlement_time, row.rate) for row in one.late if row.paid_after == one.watched]
    return replace(piece, settlements=[*paid, *known, *unknown])


def _unseen(one: Runner, piece: Stretch, until: datetime) -> int:
    """Minutes in which a position had no bar to be judged by."""
    expected = (until - one.watched) // MINUTE
    return sum(max(0, expected - len(piece.marks.get(symbol, ()))) for symbol in one.account.positions)


def _book(one: Runner, booking: Booking, outcome: Outcome) -> None:
    if outcome.facts:
        one.rows.book(booking, one.account, outcome, one.watched)
    one.account = outcome.account
