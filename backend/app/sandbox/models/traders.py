"""The scripted traders: one function a style, from what the prompt says to a plan. Pure; no memory, no chance but the prompt's own hash.

They are meant to be recognisable and to keep a demo moving, not to be good.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType

from app.sandbox.models.alpha_arena_prompt import read_alpha_arena_prompt
from app.sandbox.models.briefing import Briefing, Coin, Held
from app.sandbox.models.plan import Act, Entry, Plan, Purse, Speech, close, hold
from app.sandbox.models.tiltyard_prompt import read_tiltyard_prompt
from app.sandbox.models.words import RAMBLE, Texts, texts
from app.sandbox.prices.chance import uniforms

POSITIONS_MAX = 3
RANGE_BARS = 9
DIP_BARS = 10


@dataclass(slots=True)
class Desk:
    """One turn: what is known, what is left to spend, what has been decided so far."""

    briefing: Briefing
    say: Texts
    dice: Callable[[], float]
    purse: Purse
    acts: list[Act]

    @property
    def room(self) -> int:
        """How many more positions this trader would open."""
        closed = sum(act.action == "close" for act in self.acts)
        opened = sum(act.action.startswith("open") for act in self.acts)
        return POSITIONS_MAX - len(self.briefing.held) + closed - opened

    @property
    def idle(self) -> bool:
        """Whether nothing is held after what has been decided."""
        return self.room == POSITIONS_MAX

    def positions(self) -> Iterable[tuple[Coin, Held]]:
        """What is held and has a price."""
        return [(self.briefing.coins[one.symbol], one) for one in self.briefing.held.values() if one.symbol in self.briefing.coins]

    def free(self) -> list[Coin]:
        """Tradable symbols that are not held."""
        return [coin for coin in self.briefing.coins.values() if coin.symbol not in self.briefing.held]

    def leave(self, symbol: str, why: str) -> None:
        """Close a position."""
        self.acts.append(close(symbol, why))

    def enter(self, coin: Coin, side: int, entry: Entry, why: str, wrong: str) -> None:
        """Open a position, if there is room and cash."""
        act = self.purse.enter(coin, side, entry, why, wrong) if self.room > 0 else None
        if act is not None:
            self.acts.append(act)


Style = Callable[[Desk], None]


def trend_rider(desk: Desk) -> None:
    """Follows the averages, one new position a turn, wide stops."""
    for coin, held in desk.positions():
        if held.side * coin.trend < -0.1:  # noqa: PLR2004 - a whisker past the crossing
            desk.leave(coin.symbol, desk.say["trend_out"])
    wanted = 0.3 if desk.idle else 0.8
    willing = [coin for coin in desk.free() if abs(coin.trend) > wanted and coin.trend * coin.momentum > 0]
    for coin in sorted(willing or (desk.free() if desk.idle else []), key=lambda one: -abs(one.trend))[:1]:
        side = 1 if coin.trend > 0 else -1
        why = desk.say["trend_in"].format(way=desk.say["above" if side > 0 else "below"], trend=abs(coin.trend))
        stop = max(6.0 * coin.atr, 0.008 * coin.last)
        desk.enter(coin, side, Entry(0.25, 5, stop, 3.0 * stop, 0.5 + 0.1 * abs(coin.trend)), why, desk.say["trend_wrong"])


def mean_reverter(desk: Desk) -> None:
    """Fades what has run too far, tight targets."""
    for coin, held in desk.positions():
        if held.side * coin.stretch > 0.2:  # noqa: PLR2004 - past the mean
            desk.leave(coin.symbol, desk.say["mean_out"].format(rsi=coin.rsi))
    wanted = 1.0 if desk.idle else 1.7
    for coin in sorted(desk.free(), key=lambda one: -abs(one.stretch))[:2]:
        extreme = coin.rsi < 30 or coin.rsi > 70  # noqa: PLR2004 - the usual bounds of RSI
        if abs(coin.stretch) < wanted and not extreme:
            continue
        side = -1 if coin.stretch > 0 else 1
        why = desk.say["mean_in"].format(stretch=coin.stretch, rsi=coin.rsi)
        stop, target = max(3.0 * coin.atr, 0.006 * coin.last), max(2.0 * coin.atr, 0.004 * coin.last)
        entry = Entry(0.2, 4, stop, target, 0.35 + 0.12 * abs(coin.stretch))
        desk.enter(coin, side, entry, why, desk.say["mean_wrong"])


def breakout_scout(desk: Desk) -> None:
    """Joins moves out of the recent range, higher leverage."""
    for coin, held in desk.positions():
        middle = (max(_range(coin)) + min(_range(coin))) / 2.0
        if held.side * (coin.last - middle) < 0:
            desk.leave(coin.symbol, desk.say["break_out"])
    wanted = -1.5 if desk.idle else 0.0
    for coin in sorted(desk.free(), key=lambda one: -_breakout(one)[0])[:1]:
        distance, side = _breakout(coin)
        if distance < wanted:
            continue
        way = f"{'broke' if distance >= 0 else 'near'}_{'up' if side > 0 else 'down'}"
        why = desk.say["break_in"].format(way=desk.say[way], bars=RANGE_BARS)
        entry = Entry(0.18, 12, max(2.5 * coin.atr, 0.005 * coin.last), max(5.0 * coin.atr, 0.01 * coin.last), 0.55)
        desk.enter(coin, side, entry, why, desk.say["break_wrong"])


def dip_buyer(desk: Desk) -> None:
    """Only ever buys, and only what has fallen."""
    wanted = 0.001 if desk.idle else 0.005
    for coin in sorted(desk.free(), key=_fall, reverse=True)[:1]:
        fall = _fall(coin)
        if fall < wanted:
            continue
        why = desk.say["dip_in"].format(fall=fall, rsi=coin.rsi)
        entry = Entry(0.25, 3, max(5.0 * coin.atr, 0.012 * coin.last), max(3.0 * coin.atr, 0.008 * coin.last), 0.5 + 10 * fall)
        desk.enter(coin, 1, entry, why, desk.say["dip_wrong"])


def patient_holder(desk: Desk) -> None:
    """Buys the two largest coins once and waits."""
    for coin in [one for one in desk.free() if one.symbol in {"BTCUSDT", "ETHUSDT"}][:1]:
        desk.enter(coin, 1, Entry(0.4, 2, 0.12 * coin.last, None, 0.7), desk.say["patient_in"], desk.say["patient_wrong"])
    if not desk.acts:
        desk.acts.extend(hold(desk.say["patient_hold"], symbol) for symbol in desk.briefing.held)


def coin_flipper(desk: Desk) -> None:
    """Decides by the hash of the prompt, and often."""
    for coin, _ in desk.positions():
        if desk.dice() < 0.3:  # noqa: PLR2004 - three turns a position
            desk.leave(coin.symbol, desk.say["coin_out"])
    free = desk.free()
    if free and (desk.idle or desk.dice() < 0.6):  # noqa: PLR2004 - more often in than not
        coin, side = free[int(desk.dice() * len(free))], 1 if desk.dice() < 0.5 else -1  # noqa: PLR2004 - a fair coin
        entry = Entry(0.15, 2 + int(desk.dice() * 9), 0.015 * coin.last, 0.02 * coin.last, desk.dice())
        desk.enter(coin, side, entry, desk.say["coin_in"].format(side=desk.say["long" if side > 0 else "short"]), desk.say["coin_wrong"])


def hold_only(desk: Desk) -> None:
    """Never trades."""
    desk.acts.append(hold(desk.say["hold_only"]))


STYLES: Mapping[str, Style] = MappingProxyType(
    {
        "trend-rider": trend_rider,
        "mean-reverter": mean_reverter,
        "breakout-scout": breakout_scout,
        "dip-buyer": dip_buyer,
        "patient-holder": patient_holder,
        "coin-flipper": coin_flipper,
        "hold-only": hold_only,
        "instant": hold_only,
    }
)
RAMBLER = "rambler"
SECONDS: Mapping[str, float] = MappingProxyType(
    {
        "trend-rider": 1.2,
        "mean-reverter": 0.8,
        "breakout-scout": 0.5,
        "dip-buyer": 0.9,
        "patient-holder": 1.8,
        "coin-flipper": 0.4,
        "hold-only": 0.4,
        "instant": 0.0,
        RAMBLER: 1.0,
    }
)
"""Every model by name, with the real seconds its answer usually takes."""


def decide(model: str, prompt: str) -> Speech:
    """What a trader answers to a prompt."""
    briefing = read_tiltyard_prompt(prompt) or read_alpha_arena_prompt(prompt)
    if model == RAMBLER:
        return Speech(RAMBLE, RAMBLE)
    if briefing is None:
        say = texts("en")
        return Plan(say["no_state"], (hold(say["no_state"]),), say["no_state"]).speech
    say = texts(briefing.language)
    desk = Desk(briefing, say, _dice(model, prompt), Purse(briefing), [])
    STYLES[model](desk)
    acted = [act for act in desk.acts if act.action != "hold"]
    if not desk.acts:
        desk.acts.extend(hold(say["held"].format(gain=held.gain), held.symbol) for held in briefing.held.values())
    return Plan(_summary(desk, acted), desk.acts or [hold(say["nothing"])], _thinking(desk)).speech_for(briefing)


def _summary(desk: Desk, acted: list[Act]) -> str:
    if not acted:
        return desk.say["summary_hold"].format(count=len(desk.briefing.held), equity=desk.briefing.equity)
    closes = sum(act.action == "close" for act in acted)
    return desk.say["summary_act"].format(opens=len(acted) - closes, closes=closes, equity=desk.briefing.equity)


def _thinking(desk: Desk) -> str:
    seen, say = desk.briefing, desk.say
    start = say["think_start"].format(equity=seen.equity, available=seen.available, count=len(seen.held))
    coins = "".join(
        say["think_coin"].format(symbol=one.symbol, last=one.last, ema20=one.ema20, ema50=one.ema50, rsi=one.rsi)
        for one in seen.coins.values()
    )
    choice = desk.acts[0].reason if desk.acts else say["nothing"]
    return start + coins + say["think_end"].format(fee=seen.fee_rate, choice=choice)


def _dice(model: str, prompt: str) -> Callable[[], float]:
    rolls = iter(uniforms(64, model, sha256(prompt.encode()).hexdigest()).tolist())
    return lambda: next(rolls)


def _range(coin: Coin) -> tuple[float, ...]:
    return coin.closes[-RANGE_BARS - 1 : -1] or coin.closes


def _breakout(coin: Coin) -> tuple[float, int]:
    """How far outside its range a coin is, in average ranges (negative: inside), and on which side of it or nearer to it."""
    above, below = (coin.last - max(_range(coin))) / coin.atr, (min(_range(coin)) - coin.last) / coin.atr
    return (above, 1) if above >= below else (below, -1)


def _fall(coin: Coin) -> float:
    return 1.0 - coin.last / max(coin.closes[-DIP_BARS:])
