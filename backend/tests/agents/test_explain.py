"""The exchange's refusals in the words of the reply contract, and what a turn comes to once its orders were carried out."""

from dataclasses import replace

import pytest

from app.agents.codes import CODES
from app.agents.explain import conclude, refusal_code, remarks_after
from app.agents.reading import NoteKind, Verdict
from app.engine.exchange import apply
from app.engine.facts import OrderRefused
from app.engine.orders import RefusalCode
from app.engine.rules import MarginMode
from app.engine.trades import Side
from tests.agents.replies import read, reply
from tests.engine.markets import NOON, account, book, holder, holding, instrument, market

LONG = {"action": "open_long", "symbol": "BTCUSDT", "notional_usdt": 1000, "leverage": 5, "stop_loss": 95_000, "take_profit": 110_000}
SHORT = {"action": "open_short", "symbol": "BTCUSDT", "notional_usdt": 1000, "leverage": 5, "stop_loss": 105_000, "take_profit": 90_000}
STOPS = {"action": "set_stops", "symbol": "BTCUSDT", "stop_loss": 95_000, "take_profit": 110_000}


def decided(action):
    (decision,) = read(reply(action)).decisions
    return decision


def refused(action, before, **terms):
    decision, contract = decided(action), instrument(**terms)
    (fact,) = apply(before, market(terms=contract), [decision.order], NOON).facts
    assert isinstance(fact, OrderRefused), fact
    held = before.positions.get("BTCUSDT")
    return refusal_code(decision, fact.refused, held and held.side, min_notional=contract.min_notional)


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (LONG | {"stop_loss": 101_000}, "SL_WRONG_SIDE_LONG"),
        (SHORT | {"stop_loss": 99_000}, "SL_WRONG_SIDE_SHORT"),
        (LONG | {"take_profit": 99_000}, "TP_WRONG_SIDE_LONG"),
        (SHORT | {"take_profit": 101_000}, "TP_WRONG_SIDE_SHORT"),
        (LONG | {"stop_loss": 110_000, "take_profit": 95_000}, "SL_TP_SWAPPED"),
        (SHORT | {"stop_loss": 90_000, "take_profit": 105_000}, "SL_TP_SWAPPED"),
        (LONG | {"notional_usdt": 4}, "BELOW_MIN_NOTIONAL"),
        (LONG | {"notional_usdt": 8}, "ROUNDS_TO_ZERO"),
        (LONG | {"notional_usdt": 50_000}, "NO_ROOM_FOR_FEE"),
        (LONG | {"notional_usdt": 51_000}, "INSUFFICIENT_MARGIN"),
        (STOPS, "CLOSE_NOTHING"),
        ({"action": "close", "symbol": "BTCUSDT"}, "CLOSE_NOTHING"),
    ],
)
def test_a_refusal_of_a_flat_account_is_named_finely(action, code):
    assert refused(action, account()) == code
    assert code in CODES or code in set(RefusalCode)


@pytest.mark.parametrize(
    ("side", "action", "code"),
    [
        (Side.LONG, STOPS | {"stop_loss": 101_000}, "TRAIL_PAST_MARK"),
        (Side.SHORT, STOPS | {"stop_loss": 99_000, "take_profit": None}, "TRAIL_PAST_MARK"),
        (Side.LONG, STOPS | {"stop_loss": None, "take_profit": 99_000}, "TP_WRONG_SIDE_LONG"),
        (Side.LONG, STOPS | {"stop_loss": 110_000, "take_profit": 95_000}, "SL_TP_SWAPPED"),
        (Side.LONG, SHORT, "OPPOSITE_WITHOUT_CLOSE"),
    ],
)
def test_a_refusal_of_a_holder_is_named_by_the_side_that_is_held(side, action, code):
    assert refused(action, holder(holding(side=side))) == code


def carried_out(action):
    decision, there = decided(action), market(books={"BTCUSDT": book()})
    after = apply(account(), there, [decision.order], NOON).account
    return remarks_after([decision], after, there.marks, there.instruments, MarginMode.ISOLATED)


def test_a_stop_that_liquidation_comes_before_is_remarked_with_both_prices():
    (note,) = carried_out(LONG | {"leverage": 10, "stop_loss": 80_000})
    assert (note.kind, note.code, note.where, note.before) == (NoteKind.REMARK, "SL_BEYOND_LIQUIDATION", "actions[0].stop_loss", "80000.0")
    assert "would be liquidated at 9" in note.message
    (note,) = carried_out(SHORT | {"leverage": 10, "stop_loss": 120_000})
    assert note.code == "SL_BEYOND_LIQUIDATION"


@pytest.mark.parametrize("action", [LONG, SHORT, LONG | {"stop_loss": None}, {"action": "hold", "symbol": "BTCUSDT"}])
def test_a_stop_before_liquidation_or_none_is_not_remarked_on(action):
    decision = decided(action)
    there = market()
    orders = [decision.order] if decision.order else []
    after = apply(account(), there, orders, NOON).account
    assert remarks_after([decision], after, there.marks, there.instruments, MarginMode.ISOLATED) == ()


def test_a_position_that_no_price_liquidates_is_not_remarked_on():
    assert carried_out(LONG | {"leverage": 1, "stop_loss": 60_000}) == ()


def test_what_a_turn_comes_to_is_its_weightiest_finding():
    fine, mended = read(reply(LONG)), read(f"```{reply(LONG)}```")
    unfit = read(reply(LONG | {"leverage": -1}))
    remarks = carried_out(LONG | {"leverage": 10, "stop_loss": 80_000})
    assert conclude(read("no"), ["X"], remarks) == (Verdict.REJECT_WHOLE, "NOT_JSON")
    assert conclude(unfit, ["X"], remarks) == (Verdict.REJECT_ACTION, "LEVERAGE_NEGATIVE")
    assert conclude(mended, ["X", "Y"], remarks) == (Verdict.REJECT_ACTION, "X")
    assert conclude(mended, [], remarks) == (Verdict.REPAIR, "FENCED")
    assert conclude(fine, [], remarks) == (Verdict.REPAIR, "SL_BEYOND_LIQUIDATION")
    light = [replace(remarks[0], code="EXTRA_KEYS")]
    assert conclude(replace(fine, code="WRONG_BELIEF"), [], light) == (Verdict.ACCEPT, "WRONG_BELIEF")
    assert conclude(read(reply()), [], []) == (Verdict.ACCEPT_AS_HOLD, "OK_EMPTY")


def test_the_fields_of_a_refusal_are_those_of_the_engine_where_the_contract_has_no_finer_word():
    decision = decided(LONG)
    for code in set(RefusalCode) - {RefusalCode.SL_WRONG_SIDE, RefusalCode.TP_WRONG_SIDE}:
        (fact,) = apply(account("1"), market(), [decision.order], NOON).facts
        assert refusal_code(decision, replace(fact.refused, code=code), None) == code.value
