"""Actions of one reply that contradict each other. Which of them counts is never guessed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from app.agents.codes import Code
from app.agents.decision import Action, Decision
from app.engine.trades import Side

_OPENS = {Action.OPEN_LONG: Side.LONG, Action.OPEN_SHORT: Side.SHORT}
Conflict = tuple[int, Code, str]
"""The place of an action in the reply, why it does not stand, and the sentence for its author."""


def conflicts(decisions: Sequence[Decision], held: Mapping[str, Side]) -> list[Conflict]:
    """Every action that can't stand beside another one, at most once each. `held` are the sides of the positions."""
    found: dict[int, Conflict] = {}
    trading = sorted((one for one in decisions if one.action is not Action.HOLD), key=lambda one: one.symbol or "")
    for symbol, group in groupby(trading, key=lambda one: one.symbol or ""):
        for conflict in _within(symbol, list(group), held.get(symbol)):
            found.setdefault(conflict[0], conflict)
    return [found[position] for position in sorted(found)]


def _within(symbol: str, decisions: list[Decision], held: Side | None) -> Iterator[Conflict]:
    sides = {_OPENS[one.action] for one in decisions if one.action in _OPENS}
    opens = [one for one in decisions if one.action in _OPENS]
    closes = [one for one in decisions if one.action is Action.CLOSE]
    if len(sides) > 1:
        message = f"both long and short are to be opened in {symbol}, but positions are one-way: neither is"
        yield from ((one.position, Code.LONG_AND_SHORT, message) for one in opens)
    elif closes and held is not None and held in sides:
        message = f"{symbol} is to be closed and opened again on the same side: that only costs two fees, so neither is done"
        yield from ((one.position, Code.CLOSE_AND_REOPEN, message) for one in (*closes, *opens))
    yield from _repeats(symbol, decisions)


def _repeats(symbol: str, decisions: list[Decision]) -> Iterator[Conflict]:
    for action, group in groupby(sorted(decisions, key=lambda one: one.action), key=lambda one: one.action):
        first, *others = group
        if all(_same_order(first, other) for other in others):
            message = f"{action} of {symbol} is written more than once; it is done once"
            yield from ((other.position, Code.DUPLICATE_ACTION, message) for other in others)
        else:
            message = f"{action} of {symbol} is written more than once with different numbers: none is done"
            yield from ((one.position, Code.CONFLICTING_ACTIONS, message) for one in (first, *others))


def _same_order(one: Decision, other: Decision) -> bool:
    return replace(other, position=one.position, reason=one.reason, confidence=one.confidence, invalidation=one.invalidation) == one
