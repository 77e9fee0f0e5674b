"""Template `tiltyard@1`, the arena's own briefing: rules and contracts in the system text, then the market, then one's own account.

Immutable: whatever changes in the texts made here is a new version. Rows are short and labelled, no JSON: a prompt is paid for with every
turn. Rendering is a function of figures; see `market_figures` and `account_figures` for where they come from.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from math import ceil

from app.agents.account_figures import AccountFigures, PositionFigures, account_figures
from app.agents.figures import change, gain, level, money, percent, price, rate, ratio, row, sharpe, trimmed
from app.agents.market_figures import CoinFigures, Gauges, MarketFigures, UnusableCoin, market_figures
from app.agents.quoting import one_line, quoted, word
from app.agents.scene import ClosedTrade, PastDecision, PositionPlan, Scene, Seat
from app.agents.tiltyard_v1_words import WORDS, Words
from app.engine.instruments import Instrument
from app.engine.rules import Rules

BASIS_POINTS = 10_000
HELD, HELD_VERDICT = "hold", "held"
Part = tuple[str, str] | None


def system(scene: Scene, language: str) -> str:
    """Rules, terms, contracts and the reply's shape. Says nothing that differs between two cycles of a contest."""
    words, rules, instruments = WORDS[language], scene.rules, scene.snapshot.instruments
    return words["system"].format(
        interval=scene.interval_minutes,
        margin=words[f"margin_{rules.margin_mode.value}"],
        liquidation=words[f"liquidation_{rules.margin_mode.value}"],
        trigger=words[f"trigger_{rules.trigger_price.value}"],
        slippage=f"{trimmed(rules.slippage * 100)}%",
        contracts="\n".join(_contract(one, rules, words) for one in instruments.values()),
        symbol=next(iter(instruments), "BTCUSDT"),
    )


def market(scene: Scene, language: str) -> str:
    """What everybody sees of this cycle."""
    return market_text(market_figures(scene), language)


def account(scene: Scene, seat: Seat, language: str) -> str:
    """What only this contestant sees: its books, its own plans, what became of its decisions."""
    return account_text(account_figures(scene, seat), language)


def market_text(figures: MarketFigures, language: str) -> str:
    """The market's part out of numbers."""
    words = WORDS[language]
    near, far = _newest(figures)
    head = [words["market"].format(at=_full(figures.at))]
    notes = [
        words["age"].format(seconds=_seconds(figures.age_seconds)) if figures.age_seconds is not None else "",
        words["until"].format(near=_minute(near), far=_minute(far)) if near and far else "",
    ]
    head += [" ".join(filter(None, notes))] if any(notes) else []
    blocks = ["\n".join(head)]
    for coin in figures.coins:
        late = isinstance(coin, CoinFigures) and (coin.near.until, coin.far.until) != (near, far)
        blocks.append("\n".join(_coin(coin, words, late=late)))
    return "\n\n".join(blocks) + "\n\n"


def account_text(figures: AccountFigures, language: str) -> str:
    """The account's part out of numbers."""
    words = WORDS[language]
    lines = [
        words["account"].format(cycle=figures.cycle_number, minutes=figures.minutes),
        _line(
            "",
            (words["equity"], money(figures.equity)),
            (words["return"], percent(figures.total_return)),
            (words["available"], money(figures.available)),
            (words["sharpe"], sharpe(figures.sharpe)),
        ),
        *_closed_doors(figures, words),
        *(_positions(figures.positions, words)),
        *_past(figures, words),
        *_trades(figures, words),
        words["question"],
    ]
    return "\n".join(lines) + "\n"


def _contract(one: Instrument, rules: Rules, words: Words) -> str:
    return words["contract"].format(
        symbol=one.symbol,
        lot=trimmed(one.lot),
        tick=trimmed(one.tick),
        least_quantity=trimmed(one.min_quantity),
        least_notional=trimmed(one.min_notional),
        leverage=min(rules.max_leverage, one.max_leverage),
        fee=f"{trimmed(one.taker_fee_rate * 100)}%",
        maintenance=f"{trimmed(one.tiers[0].maintenance_rate * 100)}%" if one.tiers else "0%",
        hours=one.funding_interval_hours,
    )


def _coin(coin: CoinFigures | UnusableCoin, words: Words, *, late: bool) -> Iterable[str]:
    if isinstance(coin, UnusableCoin):
        yield words["unusable"].format(symbol=coin.symbol, why=one_line(coin.why))
        return
    yield _prices(coin, words)
    yield from filter(None, (_day(coin, words), _funding(coin, words)))
    if late:
        yield words["late_bars"].format(near=_minute(coin.near.until), far=_minute(coin.far.until))
    yield f"{words['near']} {row(price(one, coin.tick) for one in coin.near.closes)}"
    yield f"EMA20 {row(map(level, coin.near.ema20))}"
    yield f"MACD {row(map(change, coin.near.macd))}"
    yield f"RSI7 {row(map(ratio, coin.near.rsi7))}"
    yield f"RSI14 {row(map(ratio, coin.near.rsi14))}"
    if coin.near_gauges is not None:
        yield _near_gauges(coin.near_gauges, words)
    yield f"{words['far']} {row(map(change, coin.far.macd))}"
    yield f"RSI14 {row(map(ratio, coin.far.rsi14))}"
    yield _far_gauges(coin.far_gauges, words)


def _prices(coin: CoinFigures, words: Words) -> str:
    return _line(
        coin.symbol,
        (words["last"], price(coin.last, coin.tick)),
        _given(words["mark"], coin.mark, coin),
        _given(words["index"], coin.index, coin),
        _given(words["bid"], coin.bid, coin),
        _given(words["ask"], coin.ask, coin),
        None if coin.spread is None else (words["spread"], f"{ratio(coin.spread * BASIS_POINTS)}bp"),
    )


def _day(coin: CoinFigures, words: Words) -> str:
    return _line(
        words["day"],
        None if coin.change_24h is None else (words["change"], percent(coin.change_24h)),
        _given(words["high"], coin.high_24h, coin),
        _given(words["low"], coin.low_24h, coin),
        None if coin.turnover_24h is None else (words["turnover"], change(coin.turnover_24h)),
    )


def _funding(coin: CoinFigures, words: Words) -> str:
    paid, interest = coin.funding_rate is not None, coin.open_interest is not None
    return _line(
        "",
        (words["funding_rate"], rate(coin.funding_rate)) if paid else None,
        None if coin.funding_per_year is None else (words["a_year"], percent(coin.funding_per_year)),
        (words["next"], _minute(coin.next_funding)) if paid and coin.next_funding is not None else None,
        (words["open_interest"], change(coin.open_interest)) if interest else None,
        (words["open_interest_mean"], change(coin.open_interest_mean)) if interest else None,
    )


def _near_gauges(gauges: Gauges, words: Words) -> str:
    """What the near series don't show already."""
    return _line(
        words["now"],
        ("EMA50", level(gauges.ema50)),
        ("ATR14", change(gauges.atr14)),
        (words["histogram"], change(gauges.macd_histogram)),
        *_volumes(gauges, words),
    )


def _far_gauges(gauges: Gauges, words: Words) -> str:
    return _line(
        words["now"],
        ("EMA20", level(gauges.ema20)),
        ("EMA50", level(gauges.ema50)),
        ("ATR3", change(gauges.atr3)),
        ("ATR14", change(gauges.atr14)),
        *_volumes(gauges, words),
    )


def _volumes(gauges: Gauges, words: Words) -> tuple[Part, Part]:
    return (words["volume"], change(gauges.volume)), (words["volume_mean"], change(gauges.volume_average))


def _closed_doors(figures: AccountFigures, words: Words) -> list[str]:
    if figures.close_only:
        return [words["close_only_why"].format(why=one_line(figures.close_only_why)) if figures.close_only_why else words["close_only"]]
    return [] if figures.entries_open else [words["entries_stopped"]]


def _positions(positions: Iterable[PositionFigures], words: Words) -> list[str]:
    lines = [line for one in positions for line in (_position(one, words), _plan(one.plan, words)) if line]
    return ["", words["positions"], *lines] if lines else ["", words["no_positions"]]


def _position(held: PositionFigures, words: Words) -> str:
    return _line(
        f"{held.symbol} {words[held.side]} {words['leverage'].format(leverage=held.leverage)}",
        (words["quantity"], trimmed(held.quantity)),
        (words["entry"], price(held.entry, held.tick)),
        (words["notional"], words["no_mark"] if held.notional is None else money(held.notional)),
        None if held.margin is None else (words["margin"], money(held.margin)),
        (words["pnl"], gain(held.pnl)),
        None if held.funding is None else (words["funding"], gain(held.funding)),
        (words["liquidation"], words["none"] if held.liquidation is None else price(held.liquidation, held.tick)),
        (words["stop"], _level(held.stop_loss, held, words)),
        (words["target"], _level(held.take_profit, held, words)),
        None if held.opened_at is None else (words["since"], _minute(held.opened_at)),
    )


def _plan(plan: PositionPlan | None, words: Words) -> str:
    if plan is None or (plan.confidence is None and not plan.invalidation and not plan.reason):
        return ""
    return _line(
        words["plan"],
        None if plan.confidence is None else (words["confidence"], ratio(plan.confidence)),
        (words["invalidation"], quoted(plan.invalidation)) if plan.invalidation else None,
        (words["reason"], quoted(plan.reason)) if plan.reason else None,
    )


def _past(figures: AccountFigures, words: Words) -> list[str]:
    return ["", words["past"], *(_decision(one, figures, words) for one in figures.past)] if figures.past else []


def _decision(one: PastDecision, figures: AccountFigures, words: Words) -> str:
    tick = figures.tick(one.symbol or "")
    head = " ".join(filter(None, (_minute(one.at), word(one.action), word(one.symbol or ""))))
    asked = _line(
        head,
        None if one.notional is None else (words["notional"], money(one.notional)),
        None if one.leverage is None else ("", words["leverage"].format(leverage=one.leverage)),
        None if one.close_fraction is None else (words["fraction"], trimmed(one.close_fraction)),
        None if one.stop_loss is None else (words["stop"], price(one.stop_loss, tick)),
        None if one.take_profit is None else (words["target"], price(one.take_profit, tick)),
    )
    if one.action == HELD and one.verdict == HELD_VERDICT and not one.code:
        return head
    became = [words.get(one.verdict, one.verdict), one.code or "", one_line(one.message or "")]
    fills = [
        words["fill"].format(
            purpose=_why(fill.purpose, words), quantity=trimmed(fill.quantity), price=price(fill.price, tick), fee=money(fill.fee)
        )
        for fill in one.fills
    ]
    return " ".join(filter(None, (asked or head, words["became"], *became, "; ".join(fills))))


def _trades(figures: AccountFigures, words: Words) -> list[str]:
    return ["", words["closed"], *(_trade(one, figures.tick(one.symbol), words) for one in figures.closed)] if figures.closed else []


def _trade(one: ClosedTrade, tick: Decimal, words: Words) -> str:
    return words["trade"].format(
        symbol=one.symbol,
        side=words[one.side],
        leverage=words["leverage"].format(leverage=one.leverage),
        quantity=trimmed(one.quantity),
        entry=price(one.entry_price, tick),
        exit=price(one.exit_price, tick),
        opened=_minute(one.opened_at),
        closed=_minute(one.closed_at),
        why=_why(one.exit_reason, words),
        net=gain(one.net_pnl),
        fees=money(one.fees),
        funding=gain(one.funding),
    )


def _why(purpose: str, words: Words) -> str:
    """Why a fill happened, in the words of the terms."""
    return words.get(f"by_{purpose}", purpose)


def _level(value: Decimal | None, held: PositionFigures, words: Words) -> str:
    return words["none"] if value is None else price(value, held.tick)


def _given(label: str, value: Decimal | None, coin: CoinFigures) -> Part:
    return None if value is None else (label, price(value, coin.tick))


def _line(head: str, *parts: Part) -> str:
    """A head and its labelled values; empty when no value is given."""
    pairs = [_labelled(*part) for part in parts if part is not None]
    return " ".join(filter(None, (head, *pairs))) if pairs else ""


def _labelled(label: str, value: str) -> str:
    """A Chinese label stands at its value as Chinese is written; the space between them would cost a token each."""
    return f"{label}{value}" if not label.isascii() or not label else f"{label} {value}"


def _newest(figures: MarketFigures) -> tuple[datetime | None, datetime | None]:
    """When the newest bars closed: said once for all symbols, and again where one has older bars."""
    coins = [one for one in figures.coins if isinstance(one, CoinFigures)]
    near = max((one.near.until for one in coins if one.near.until is not None), default=None)
    far = max((one.far.until for one in coins if one.far.until is not None), default=None)
    return near, far


def _full(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def _minute(at: datetime | None) -> str:
    return "n/a" if at is None else at.strftime("%m-%d %H:%M")


def _seconds(seconds: float) -> str:
    """Whole seconds, rounded up: an age is never understated."""
    return str(ceil(seconds))
