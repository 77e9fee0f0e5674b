"""Replies of the family `alpha-arena-s1`: the recorded turns of the first season, and what that contest's rules refuse."""

import ast
import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.agents.alpha_arena_reply import read_alpha_arena
from app.agents.decision import Action
from app.agents.reading import NoteKind, Shown, Spoken, Verdict
from app.engine.books import Book, Level
from app.engine.exchange import Market, apply
from app.engine.facts import Filled, OrderRefused
from app.engine.positions import Account, Position
from app.engine.rules import Rules
from app.engine.trades import Side, Trade
from tests.engine.markets import D, instrument
from tests.reference_data import REAL_DIR, real_folder

NOW = datetime(2025, 10, 28, 6, 0, tzinfo=UTC)
COINS = ("BTC", "ETH", "SOL", "BNB", "XRP", "DOGE")
SIGNALS = {"buy_to_enter": Action.OPEN_LONG, "sell_to_enter": Action.OPEN_SHORT, "hold": Action.HOLD, "close_position": Action.CLOSE}
LOT = D("0.00001")
TICK = D("0.00000001")
"""Finer than any tick of that venue: a stop stands as it was written."""


@dataclass(frozen=True)
class RealTurn:
    """A recorded turn: the account and the prices of its own prompt, and what the model decided."""

    account: Account
    market: Market
    shown: Shown
    decided: dict
    thought: str


def turns():
    path = REAL_DIR / "nof1" / "conversations.jsonl"
    if not path.is_file():
        return []
    return [turn(json.loads(line, parse_float=Decimal, parse_int=Decimal)) for line in path.read_text(encoding="utf-8").splitlines()]


def turn(row):
    prompt = row["user_prompt"]
    marks = {f"{coin}USDT": Decimal(number(rf"### ALL {coin} DATA\s+current_price = ", prompt)) for coin in COINS}
    held = [ast.literal_eval(line) for line in prompt.splitlines() if line.startswith("{'symbol'")]
    positions = {one.symbol: one for one in map(position, held)}
    terms = {symbol: instrument(symbol, tick=TICK, lot=LOT, min_quantity=LOT, max_market_quantity=None) for symbol in marks}
    books = {symbol: Book(symbol, NOW, (Level(mark - TICK, D(10**9)),), (Level(mark + TICK, D(10**9)),)) for symbol, mark in marks.items()}
    account = Account(row["model_id"], Decimal(number("Available Cash: ", prompt)), positions, len(positions))
    shown = Shown(NOW, marks, dict.fromkeys(marks, TICK), 20, {symbol: one.side for symbol, one in positions.items()})
    thought = row["cot_trace"]
    return RealTurn(
        account,
        Market(terms, marks, books, rules=Rules(max_leverage=20)),
        shown,
        row["llm_response"],
        thought if isinstance(thought, str) else written(thought),
    )


def number(label, text):
    return re.search(label + r"(-?\d[\d.]*)", text)[1]


def position(row):
    symbol, side = f"{row['symbol']}USDT", Side.LONG if row["quantity"] > 0 else Side.SHORT
    quantity, entry, leverage = abs(D(repr(row["quantity"]))), D(repr(row["entry_price"])), int(row["leverage"])
    trade = Trade(1, symbol, side, leverage, NOW).entered(quantity, entry, D(0))
    return Position(symbol, side, quantity, entry, leverage, quantity * entry / leverage, None, None, NOW, NOW, trade)


def written(decided):
    return json.dumps(decided, default=as_it_came, ensure_ascii=False)


def as_it_came(value):
    return int(value) if value.as_tuple().exponent == 0 else float(value)


def nested(decided):
    return {coin: {"trade_signal_args": fields} for coin, fields in decided.items()}


WAYS = {
    "as it is": lambda one: written(one.decided),
    "wrapped in trade_signal_args": lambda one: written(nested(one.decided)),
    "after its thinking, in prose": lambda one: (
        f"<think>\n{one.thought}\n</think>\n\nHere are my decisions:\n\n{written(one.decided)}\n\nGood luck!"
    ),
    "after its thinking, fenced": lambda one: f"<think>{one.thought}</think>\n```json\n{written(nested(one.decided))}\n```",
}
TURNS = turns()


@pytest.mark.real
@pytest.mark.parametrize("way", WAYS)
def test_every_decision_of_the_recorded_turns_is_recovered_with_its_numbers(way):
    real_folder("nof1")
    assert len(TURNS) == 93
    seen = Counter()
    for one in TURNS:
        reading = read_alpha_arena(Spoken(WAYS[way](one)), one.shown)
        assert reading.stands, reading.message
        assert reading.refused == ()
        assert reading.document == one.decided
        assert {note.code for note in reading.notes if note.where != "reply"} == set()
        for decision, (coin, fields) in zip(reading.decisions, one.decided.items(), strict=True):
            agrees(decision, coin, fields, one.shown)
            seen[decision.action] += 1
    assert seen == {Action.HOLD: 427, Action.OPEN_LONG: 2, Action.CLOSE: 2}


def agrees(decision, coin, fields, shown):
    assert decision.symbol == f"{coin}USDT"
    assert decision.action is SIGNALS[fields["signal"]]
    assert decision.confidence == fields["confidence"]
    assert decision.invalidation == fields["invalidation_condition"]
    assert decision.reason.startswith(fields["justification"])
    assert f"(risk_usd {fields['risk_usd']:f})" in decision.reason
    if decision.action is Action.HOLD:
        assert decision.order is None
    if decision.action is Action.OPEN_LONG:
        assert decision.notional == fields["quantity"] * shown.marks[decision.symbol]
        assert (decision.leverage, decision.stop_loss, decision.take_profit) == (
            fields["leverage"],
            fields["stop_loss"],
            fields["profit_target"],
        )


@pytest.mark.real
def test_what_the_recorded_turns_decide_is_carried_out_on_the_account_of_their_own_prompt():
    real_folder("nof1")
    fills = []
    for one in TURNS:
        reading = read_alpha_arena(Spoken(written(one.decided)), one.shown)
        acting = [decision for decision in reading.decisions if decision.order is not None]
        outcome = apply(one.account, one.market, [decision.order for decision in acting], NOW)
        assert not [fact for fact in outcome.facts if isinstance(fact, OrderRefused)]
        for fact in outcome.facts:
            assert isinstance(fact, Filled)
            asked = one.decided[fact.symbol.removesuffix("USDT")]["quantity"]
            assert asked * (1 - D("1e-5")) <= fact.quantity <= asked  # the touch is a hair above mark
            fills.append((fact.symbol, fact.purpose))
    assert sorted(fills) == [("BNBUSDT", "close"), ("BNBUSDT", "open"), ("DOGEUSDT", "close"), ("DOGEUSDT", "open")]


@pytest.mark.real
def test_drafts_in_the_thinking_are_never_read_and_a_thinking_without_its_opening_tag_still_ends():
    real_folder("nof1")
    draft = '{"BTC": {"coin": "BTC", "signal": "buy_to_enter", "quantity": 1, "leverage": 20}}'
    for one in TURNS:
        said = f"I could do {draft} or not.</think>\n{written(one.decided)}"
        reading = read_alpha_arena(Spoken(said), one.shown)
        assert (reading.verdict, reading.document) == (Verdict.REPAIR, one.decided)


SHOWN = Shown(NOW, {"BTCUSDT": D(100_000), "ETHUSDT": D(4_000)}, {"BTCUSDT": D("0.1"), "ETHUSDT": D("0.01")}, 20, {"BTCUSDT": Side.LONG})
ENTRY = {
    "coin": "ETH",
    "signal": "buy_to_enter",
    "quantity": 0.5,
    "leverage": 10,
    "stop_loss": 3900,
    "profit_target": 4300,
    "confidence": 0.6,
    "risk_usd": 50,
}


def said(**coins):
    return read_alpha_arena(Spoken(json.dumps(coins)), SHOWN)


def test_a_quantity_times_the_mark_that_was_shown_is_the_notional():
    (decision,) = said(ETH=ENTRY).decisions
    assert (decision.notional, decision.leverage) == (D(2_000), 10)


@pytest.mark.parametrize(
    ("coin", "changes", "code"),
    [
        ("BTC", {"coin": "BTC", "quantity": 0.01, "stop_loss": 95_000, "profit_target": 110_000}, "NO_PYRAMIDING"),
        ("ETH", {"coin": "BTC"}, "COIN_MISMATCH"),
        ("ETH", {"quantity": None}, "MISSING_SIZE"),
        ("ETH", {"quantity": -0.5}, "NEGATIVE_SIZE"),
        ("ETH", {"quantity": 0}, "ZERO_SIZE"),
        ("ETH", {"quantity": True}, "BOOL_AS_NUMBER"),
        ("ETH", {"quantity": "~1"}, "APPROXIMATE"),
        ("ETH", {"leverage": None}, "MISSING_LEVERAGE"),
        ("ETH", {"stop_loss": 3.9}, "SL_SCALE"),
        ("ETH", {"signal": None}, "MISSING_ACTION"),
        ("ETH", {"signal": 1}, "WRONG_TYPE"),
        ("ETH", {"signal": "set_stops"}, "UNKNOWN_ACTION"),
        ("ETH", {"signal": "moon"}, "UNKNOWN_ACTION"),
    ],
)
def test_a_bad_signal_is_refused_by_name_and_a_good_one_beside_it_stands(coin, changes, code):
    other = "BTC" if coin == "ETH" else "ETH"
    reading = said(
        **{coin: {**ENTRY, **changes}, other: {"coin": other, "signal": "close_position" if other == "BTC" else "hold", "quantity": 1}}
    )
    assert (reading.verdict, reading.code) == (Verdict.REJECT_ACTION, code)
    assert [decision.symbol for decision in reading.decisions] == [f"{other}USDT"]
    assert list(reading.document) == [other]
    assert reading.notes[-1].where.startswith(coin)


def test_a_coin_without_a_price_can_not_be_entered():
    shown = Shown(NOW, {}, {"ETHUSDT": D("0.01")}, 20)
    assert read_alpha_arena(Spoken(json.dumps({"ETH": ENTRY})), shown).code == "NO_PRICE"


def test_other_words_for_a_signal_are_read_from_the_closed_table_and_noted():
    reading = said(ETH={**ENTRY, "signal": "buy"})
    assert (reading.verdict, reading.code, reading.document["ETH"]["signal"]) == (Verdict.REPAIR, "ACTION_SYNONYM", "buy_to_enter")
    assert said(BTC={"coin": "BTC", "signal": "sell"}).code == "AMBIGUOUS_ACTION"


def test_bare_signals_are_put_under_their_coins():
    listed = read_alpha_arena(Spoken(json.dumps([ENTRY])), SHOWN)
    single = read_alpha_arena(Spoken(json.dumps(ENTRY)), SHOWN)
    assert (listed.code, single.code) == ("BARE_ARRAY", "BARE_ACTION")
    assert (
        listed.document
        == single.document
        == {"ETH": {key: value if isinstance(value, str) else D(str(value)) for key, value in ENTRY.items()}}
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"summary": "s", "actions": []}', "FOREIGN_SCHEMA"),
        ("[1, 2]", "NOT_JSON"),
        ('[{"action": "hold"}]', "FOREIGN_SCHEMA"),
        ('{"type": "object", "properties": {}}', "SCHEMA_ECHO"),
        ('{"ETH": {}, "ETH": {}}', "DUPLICATE_KEY"),
    ],
)
def test_another_shape_is_refused_whole(text, code):
    reading = read_alpha_arena(Spoken(text), SHOWN)
    assert (reading.verdict, reading.code, reading.decisions) == (Verdict.REJECT_WHOLE, code, ())


def test_a_coin_that_is_not_in_the_contest_is_refused_and_a_note_beside_the_coins_is_ignored():
    reading = said(PEPE={**ENTRY, "coin": "PEPE"}, ETH=ENTRY, comment="all good")
    assert (reading.code, [one.symbol for one in reading.decisions]) == ("UNKNOWN_SYMBOL", ["ETHUSDT"])
    assert [note.code for note in reading.notes if note.kind is NoteKind.REMARK] == ["EXTRA_KEYS"]


def test_no_coin_at_all_is_a_hold():
    assert (said().verdict, said().code) == (Verdict.ACCEPT_AS_HOLD, "OK_EMPTY")


def test_one_coin_under_two_names_is_read_once_or_not_at_all():
    assert said(ETH=ENTRY, ETHUSDT=ENTRY).code == "DUPLICATE_ACTION"
    assert said(ETH=ENTRY, ETHUSDT={**ENTRY, "quantity": 1}).code == "CONFLICTING_ACTIONS"
    assert said(ETH=ENTRY, ETHUSDT={**ENTRY, "signal": "sell_to_enter", "stop_loss": 4100, "profit_target": 3700}).code == "LONG_AND_SHORT"


def test_more_signals_than_coins_are_refused_as_one():
    reading = said(ETH=ENTRY, **{f"C{index}": {} for index in range(40)})
    assert [one.code for one in reading.refused][-1] == "TOO_MANY_ACTIONS"
    assert len(reading.refused) == 12
    assert len(reading.decisions) == 1
