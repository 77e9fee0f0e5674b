"""The worked examples of docs/concepts, read from the pages and run through the engine.

A page holds blocks fenced as ```toml example. Above the first [[step]] stands what is given: `free` USDT, `mark` (a price, or one a symbol),
`rules`, `asks` and `bids` as [price, quantity] rows. Each step moves the clock (`at`) or the mark where it says so, then does one thing
(`DOINGS`), and `gives` names numbers that must come out (`FINDINGS`): whole numbers and words exactly, decimals to the digits shown.
The contracts and the contest of all examples stand on the index page, fenced as ```toml contract and ```toml contest.
"""

import re
import tomllib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from pathlib import Path

from app.engine.books import Book, Level
from app.engine.exchange import Market, apply
from app.engine.facts import FundingOwed, FundingPaid, MarginSet, OrderRefused, Outcome, StopsSet, fills, postings
from app.engine.funding import Settlement, settled_rate
from app.engine.instruments import Instrument, LeverageTier
from app.engine.ledger import Entry, LedgerAccount, PostingKind, posting
from app.engine.margin import (
    bankruptcy_price,
    cross_collateral,
    free_balance,
    liquidation_price,
    maintenance_margin,
    shown_liquidation_price,
)
from app.engine.market import Candle
from app.engine.money import CONTEXT, ZERO
from app.engine.orders import CloseOrder, FlipOrder, LeverageOrder, MarginOrder, OpenOrder, StopsOrder
from app.engine.positions import Account
from app.engine.rules import MarginMode, Rules, TriggerPrice
from app.engine.trades import Purpose, Side
from app.engine.triggers import BAR, watch
from tests.engine.markets import NOON
from tests.reference_data import REPOSITORY

PAGES = REPOSITORY / "docs" / "concepts"
BLOCK = re.compile(r"^```toml (example|contract|contest)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ENDLESS = Decimal(10) ** 12


def blocks(page, kind):
    """The texts of a page's blocks of one kind, in order."""
    return [text for found, text in BLOCK.findall(page.read_text()) if found == kind]


def parsed(text):
    """A block's TOML with every number a Decimal."""
    return _exact(tomllib.loads(text, parse_float=Decimal))


def _exact(value):
    match value:
        case dict():
            return {key: _exact(one) for key, one in value.items()}
        case list():
            return [_exact(one) for one in value]
        case int() if not isinstance(value, bool):
            return Decimal(value)
        case _:
            return value


def title(text):
    return text.splitlines()[0].removeprefix("# ")


def contracts():
    """The contracts of the examples, by symbol."""
    terms = [_contract(parsed(text)) for text in blocks(PAGES / "README.md", "contract")]
    return {one.symbol: one for one in terms}


def contest():
    """The contest of the examples."""
    return _rules(parsed(blocks(PAGES / "README.md", "contest")[0]), Rules())


def _contract(given):
    lowers = [ZERO, *(row[0] for row in given["tiers"])]
    tiers = tuple(
        LeverageTier(number, lower, upper, int(leverage), rate)
        for number, (lower, (upper, leverage, rate)) in enumerate(zip(lowers, given["tiers"], strict=False), start=1)
    )
    return Instrument(
        symbol=given["symbol"],
        tick=given["tick"],
        lot=given["lot"],
        min_quantity=given["smallest_quantity"],
        min_notional=given["smallest_value"],
        max_market_quantity=given["largest_order"],
        taker_fee_rate=given["taker_fee"],
        maker_fee_rate=ZERO,
        max_leverage=int(given["largest_leverage"]),
        funding_interval_hours=8,
        price_band=given["price_band"],
        tiers=tiers,
    )


def _rules(given, rules):
    words = {"margin_mode": MarginMode, "trigger_price": TriggerPrice, "max_leverage": int, "slippage": Decimal}
    return replace(rules, **{name: words[name](value) for name, value in given.items()})


@dataclass(slots=True)
class Scene:
    """Where an example stands: account, marks, clock, and what the last step did."""

    account: Account
    terms: dict[str, Instrument]
    marks: dict[str, Decimal]
    rules: Rules
    asks: list[Level] | None
    bids: list[Level] | None
    now: datetime = NOON
    symbol: str = "BTCUSDT"
    did: Outcome = field(default_factory=lambda: Outcome(Account("", ZERO)))
    rate: Decimal | None = None
    posted: tuple = ()

    def take(self, outcome):
        self.account, self.did, self.posted = outcome.account, outcome, postings(outcome.facts)

    @property
    def held(self):
        return self.account.positions[self.symbol]

    @property
    def fill(self):
        return fills(self.did.facts)[-1]

    @property
    def terms_of_it(self):
        return self.terms[self.symbol]

    @property
    def refused(self):
        return next(fact.refused for fact in self.did.facts if isinstance(fact, OrderRefused))

    @property
    def trade(self):
        done = fills(self.did.facts)
        return done[-1].trade if done else self.held.trade

    def collateral(self):
        if self.rules.margin_mode is MarginMode.ISOLATED:
            return None
        return cross_collateral(self.account, self.symbol, self.marks, self.terms)


def run(text):
    """Play an example; pairs of (what was given by a step, what came out) for every number it names."""
    with localcontext(CONTEXT):
        given = parsed(text)
        scene = _scene(given)
        compared = []
        for number, step in enumerate(given["step"], start=1):
            expected = step.pop("gives")
            _do(scene, step)
            for name, value in expected.items():
                compared.append((f"step {number}, {name}", value, FINDINGS[name](scene)))
        return compared


def agrees(expected, found):
    """Words, lists and whole numbers exactly; decimals to the digits shown."""
    match expected:
        case Decimal() if isinstance(found, Decimal):
            places = -expected.as_tuple().exponent
            return found == expected if places <= 0 else round(found, places) == expected
        case dict() if isinstance(found, dict):
            return set(expected) == set(found) and all(agrees(expected[name], found[name]) for name in expected)
        case list() if isinstance(found, list):
            return len(expected) == len(found) and all(agrees(*pair) for pair in zip(expected, found, strict=True))
        case _:
            return expected == found


def _scene(given):
    mark = given.get("mark", ZERO)
    marks = dict(mark) if isinstance(mark, dict) else {"BTCUSDT": mark}
    rules = _rules(given.get("rules", {}), contest())
    return Scene(Account("example", given.get("free", ZERO)), contracts(), marks, rules, _levels(given, "asks"), _levels(given, "bids"))


def _levels(given, side):
    return [Level(price, size) for price, size in given[side]] if side in given else None


def _do(scene, step):
    scene.symbol = step.pop("symbol", "BTCUSDT")
    if "at" in step:
        hours, minutes, seconds = (int(part) for part in f"{step.pop('at')}:00".split(":")[:3])
        scene.now = NOON.replace(hour=hours, minute=minutes, second=seconds)
    if "mark" in step:
        moved = step.pop("mark")
        scene.marks.update(moved if isinstance(moved, dict) else {scene.symbol: moved})
    (name,) = step.keys() - {"last"}
    DOINGS[name](scene, step[name], step)


def _order(name):
    def do(scene, given, _step):
        scene.take(apply(scene.account, _market(scene), [ORDERS[name](scene.symbol, given)], scene.now))

    return do


def _round(scene, given, _step):
    orders = [ORDERS[name](scene.symbol, one) for entry in given for name, one in entry.items()]
    scene.take(apply(scene.account, _market(scene), orders, scene.now))


def _market(scene):
    books = {name: _book(scene, name, mark) for name, mark in scene.marks.items()}
    return Market(scene.terms, scene.marks, books, rules=scene.rules)


def _book(scene, name, mark):
    endless = (Level(mark, ENDLESS),)
    return Book(name, scene.now, tuple(scene.bids or endless), tuple(scene.asks or endless))


ORDERS = {
    "open": lambda symbol, given: OpenOrder(
        symbol,
        Side(given["side"]),
        given.get("notional"),
        int(given["leverage"]),
        given.get("stop_loss"),
        given.get("take_profit"),
        fraction=given.get("fraction"),
    ),
    "close": lambda symbol, given: CloseOrder(symbol, given.get("fraction", Decimal(1)), notional=given.get("notional")),
    "flip": lambda symbol, given: FlipOrder(symbol, given["notional"], int(given["leverage"])),
    "stops": lambda symbol, given: StopsOrder(symbol, given.get("stop_loss"), given.get("take_profit")),
    "leverage": lambda symbol, given: LeverageOrder(symbol, int(given)),
    "add_margin": MarginOrder,
}


def _minute(scene, given, step):
    """One closed bar of the minute the clock is in, of one symbol or of several; `last` is the bar of last prices beside it."""
    opens = scene.now.replace(second=0)
    bars = {name: [_candle(opens, bar)] for name, bar in _by_symbol(scene, given).items()}
    last = {name: [_candle(opens, bar)] for name, bar in _by_symbol(scene, step["last"]).items()} if "last" in step else None
    scene.take(watch(scene.account, bars, scene.terms, scene.rules, last=last))
    scene.marks.update((name, one[0].close) for name, one in bars.items())
    scene.now = opens + BAR


def _moment(scene, price, _step):
    """The mark of a snapshot: a bar without width."""
    bar = Candle(scene.now, price, price, price, price, ZERO)
    scene.take(watch(scene.account, {scene.symbol: [bar]}, scene.terms, scene.rules, timedelta(0)))
    scene.marks[scene.symbol] = price


def _settlement(scene, given, _step):
    """A funding settlement at the clock's instant. The clock stays; a rate of "not yet" comes later with `rate_published`."""
    rate = given["rate"]
    _settle(scene, Settlement(scene.symbol, scene.now, None if rate == "not yet" else rate))


def _rate_published(scene, rate, _step):
    due = scene.account.dues[0]
    _settle(scene, Settlement(due.symbol, due.at, rate))


def _settle(scene, one):
    price = scene.marks[one.symbol]
    still = Candle(one.at - BAR, price, price, price, price, ZERO)
    scene.take(watch(scene.account, {one.symbol: [still]}, scene.terms, scene.rules, settlements=[one]))


def _rate_from(scene, given, _step):
    scene.rate = settled_rate(given["premium"], int(given["hours"]), given.get("lowest"), given.get("highest"))


def _deposit(scene, amount, _step):
    moved = posting(PostingKind.DEPOSIT, scene.now, Entry(LedgerAccount.AVAILABLE, amount), Entry(LedgerAccount.CAPITAL, -amount))
    scene.take(Outcome(replace(scene.account, available=scene.account.available + amount)))
    scene.posted = (moved,)


def _look(scene, _given, _step):
    scene.did = Outcome(scene.account)


DOINGS = {
    **{name: _order(name) for name in ORDERS},
    "round": _round,
    "minute": _minute,
    "moment": _moment,
    "settlement": _settlement,
    "rate_published": _rate_published,
    "rate_from": _rate_from,
    "deposit": _deposit,
    "look": _look,
}


def _by_symbol(scene, given):
    return {scene.symbol: given} if "open" in given else given


def _candle(opens, bar):
    return Candle(opens, bar["open"], bar["high"], bar["low"], bar["close"], ZERO)


def _funding(scene):
    return next(fact for fact in reversed(scene.did.facts) if isinstance(fact, FundingPaid))


def _happened(scene):
    """Words for what a step did, in order."""
    words = []
    for fact in scene.did.facts:
        match fact:
            case OrderRefused():
                words.append("refused")
            case MarginSet():
                words.append("margin moved")
            case StopsSet():
                words.append("stops set")
            case FundingPaid():
                words.append("funding paid")
            case FundingOwed():
                words.append("funding owed")
            case _:
                words.append(fact.purpose.value.replace("_", " "))
    return words


def _posting(one):
    return {"kind": one.kind.value} | {entry.account.value: one.total(entry.account) for entry in one.entries}


def _none(value):
    return "none" if value is None else value


def _closed_at(scene):
    """The price at which the insurance closed what it took over."""
    fill = scene.fill
    assert fill.purpose is Purpose.LIQUIDATION
    return fill.price + fill.side.sign * fill.takeover / fill.quantity


FINDINGS = {
    "happened": _happened,
    "quantity": lambda scene: scene.fill.quantity,
    "price": lambda scene: scene.fill.price,
    "prices": lambda scene: [fill.price for fill in fills(scene.did.facts)],
    "quantities": lambda scene: [fill.quantity for fill in fills(scene.did.facts)],
    "fee": lambda scene: scene.fill.fee,
    "fees": lambda scene: [fill.fee for fill in fills(scene.did.facts)],
    "profit": lambda scene: next(fill.realised_pnl for fill in fills(scene.did.facts)),
    "time": lambda scene: f"{scene.fill.at:%H:%M}",
    "beyond_depth": lambda scene: scene.fill.beyond_depth,
    "insured": lambda scene: next(fact.insured for fact in scene.did.facts if hasattr(fact, "insured")),
    "takeover": lambda scene: scene.fill.takeover,
    "closed_at": _closed_at,
    "free": lambda scene: scene.account.available,
    "usable": lambda scene: free_balance(scene.account, scene.marks, scene.rules.margin_mode),
    "wallet": lambda scene: scene.account.wallet,
    "equity": lambda scene: scene.account.equity(scene.marks),
    "side": lambda scene: scene.held.side.value,
    "held": lambda scene: scene.held.quantity if scene.symbol in scene.account.positions else ZERO,
    "entry": lambda scene: scene.held.entry_price,
    "leverage": lambda scene: Decimal(scene.held.leverage),
    "margin": lambda scene: scene.held.margin,
    "unrealised": lambda scene: scene.held.unrealised_pnl(scene.marks[scene.symbol]),
    "maintenance": lambda scene: maintenance_margin(scene.terms_of_it, scene.held.notional(scene.marks[scene.symbol])),
    "collateral": lambda scene: scene.collateral(),
    "liquidation": lambda scene: _none(liquidation_price(scene.held, scene.terms_of_it, scene.collateral())),
    "liquidation_shown": lambda scene: _none(shown_liquidation_price(scene.held, scene.terms_of_it, scene.collateral())),
    "bankruptcy": lambda scene: bankruptcy_price(scene.held, scene.terms_of_it.taker_fee_rate),
    "stop_loss": lambda scene: _none(scene.held.stop_loss),
    "take_profit": lambda scene: _none(scene.held.take_profit),
    "funding": lambda scene: _funding(scene).amount,
    "rate": lambda scene: scene.rate,
    "net": lambda scene: scene.trade.net_pnl,
    "refused": lambda scene: scene.refused.code.value,
    "needed": lambda scene: scene.refused.needed,
    "allowed": lambda scene: scene.refused.available,
    "posting": lambda scene: _posting(scene.posted[-1]),
    "postings": lambda scene: [_posting(one) for one in scene.posted],
}


def pages(language=""):
    """The concept pages of a language: "" English, ".zh-CN" Chinese."""
    found = sorted(PAGES.glob("*.md"))
    return [page for page in found if Path(page.stem).suffix == language]
