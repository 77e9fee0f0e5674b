"""What is the same for everybody in one cycle: the scene, the moment of asking, the deadline, and the texts that contestants share."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from app.agents.baselines import describe
from app.agents.reading import Shown
from app.agents.scene import ClosedTrade, PastDecision, PastFill, PositionPlan, Scene, Seat
from app.agents.template import Prompt, Template
from app.cycle.parts import Contestant
from app.engine.market import Snapshot
from app.engine.positions import Account
from app.store.accounts import HeldAccount
from app.store.recall import Memory

PAST_DECISIONS_MAX = 5
PAST_TRADES_MAX = 5


@dataclass(frozen=True, slots=True)
class Table:
    """One cycle's question. `deadline` is in the event loop's seconds, `deadline_at` the same moment on the market clock.

    `usd_left` is what a contestant's calls may still cost that day; empty where nothing limits it.
    """

    cycle_id: int
    scene: Scene
    prompts: Mapping[str, Prompt]
    asked_at: datetime
    deadline_at: datetime
    deadline: float
    usd_left: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(slots=True)
class PromptWriter:
    """Writes prompts for one scene; the parts that contestants share are made once a template and language."""

    scene: Scene
    _shared: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    async def prompt(self, one: Contestant, seat: Seat) -> Prompt:
        """One contestant's prompt; a baseline's is its rule in words."""
        template, language = one.template, one.language
        if one.baseline is not None:
            return Prompt(describe(one.baseline, language), "", "")
        key = (template.name, language)
        if key not in self._shared:
            # Indicators of every symbol: in a thread, so that pages and other work go on meanwhile.
            self._shared[key] = await asyncio.to_thread(self._for_all, template, language)
        return Prompt(*self._shared[key], template.account(self.scene, seat, language))

    def _for_all(self, template: Template, language: str) -> tuple[str, str]:
        return template.system(self.scene, language), template.market(self.scene, language)


def shown(snapshot: Snapshot, account: Account, max_leverage: int) -> Shown:
    """What a reply is read against."""
    quotes = {name: view.quote for name, view in snapshot.symbols.items() if view.quote is not None and view.unusable is None}
    return Shown(
        asked_at=snapshot.taken_at,
        marks=snapshot.marks,
        ticks={name: one.tick for name, one in snapshot.instruments.items()},
        max_leverage=max_leverage,
        held={name: position.side for name, position in account.positions.items()},
        spreads={name: quote.ask - quote.bid for name, quote in quotes.items() if quote.ask is not None and quote.bid is not None},
    )


def seats(
    held: Mapping[str, HeldAccount],
    memories: Mapping[str, Memory],
    joined: Mapping[str, datetime],
    closing: Mapping[str, str],
    sharpes: Mapping[str, float],
) -> dict[str, Seat]:
    """Everybody's own side of the prompt. `closing` says why somebody may only close."""
    return {name: _seat(one, memories[name], joined[name], closing.get(name), sharpes.get(name)) for name, one in held.items()}


def _seat(held: HeldAccount, memory: Memory, joined_at: datetime, why: str | None, sharpe: float | None) -> Seat:
    return Seat(
        account=held.account,
        initial=held.initial,
        joined_at=joined_at,
        times_asked=memory.times_asked,
        plans={one.symbol: PositionPlan(one.symbol, one.decided_at, one.invalidation, one.confidence, one.reason) for one in memory.plans},
        past=_past(memory),
        closed=[
            ClosedTrade(
                symbol=one.symbol,
                side=one.side,
                leverage=one.leverage,
                opened_at=one.opened_at,
                closed_at=one.closed_at,
                entry_price=one.entry_price,
                exit_price=one.exit_price,
                quantity=one.quantity,
                net_pnl=one.net_pnl,
                fees=one.fees,
                funding=one.funding,
                exit_reason=one.exit_reason,
            )
            for one in memory.closed
        ],
        close_only=why is not None,
        close_only_why=why,
        sharpe=sharpe,
    )


def _past(memory: Memory) -> Sequence[PastDecision]:
    return [
        PastDecision(
            at=one.at,
            action=one.action,
            symbol=one.symbol,
            notional=one.notional,
            leverage=one.leverage,
            close_fraction=one.close_fraction,
            stop_loss=one.stop_loss,
            take_profit=one.take_profit,
            verdict=one.verdict,
            code=one.code,
            message=one.message,
            fills=tuple(PastFill(fill.purpose, fill.quantity, fill.price, fill.fee) for fill in one.fills),
        )
        for one in memory.past
    ]
