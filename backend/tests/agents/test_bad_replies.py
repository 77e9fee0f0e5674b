"""The reference's bad replies (REFERENCE_DIR/bad_replies.jsonl), each read and carried out: verdict, code and the exact object that stands.

What reading can't judge (sizes, margins, sides of stops) is judged by the engine against the account and the prices of the file's first
line. Where the file says null or an empty list of actions, nothing may stand.
"""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.agents.codes import CODES
from app.agents.explain import conclude, refusal_code, remarks_after
from app.agents.reading import Shown, Spoken, ToolCall, Verdict
from app.agents.tiltyard_reply import read_tiltyard
from app.engine.books import Book, Level
from app.engine.exchange import Market, apply
from app.engine.facts import OrderRefused
from app.engine.instruments import LeverageTier
from app.engine.orders import RefusalCode
from app.engine.positions import Account, Position
from app.engine.rules import MarginMode, Rules
from app.engine.trades import Side, Trade
from app.llm.failures import Host, refused
from app.llm.outcome import Failure, FailureKind, Reply
from app.llm.profiles import PROFILES
from tests.engine.markets import instrument
from tests.reference_data import REFERENCE_DIR, reference_file

pytestmark = pytest.mark.reference

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
DEADLINE_SECONDS = 300
KEYS = {"id", "category", "raw", "meta", "verdict", "code", "repaired", "note", "python_json_loads", "json_repair_would_give", "source"}
META_KEYS = {"finish_reason", "http", "elapsed_s", "tool_calls"}
HOST = Host(PROFILES["deepseek"], "http://127.0.0.1:9/v1", "m")


def lines():
    path = REFERENCE_DIR / "bad_replies.jsonl"
    if not path.is_file():
        return []
    return [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in path.read_text(encoding="utf-8").splitlines()]


LINES = lines()
CONTEXT, CASES = (LINES[0], LINES[1:]) if LINES else ({}, [])


@dataclass(frozen=True)
class Stage:
    """The account, the market and what was shown, as the first line of the file describes them."""

    account: Account
    market: Market
    shown: Shown


def stage():
    limits, marks = CONTEXT["limits"], CONTEXT["marks"]
    tiers = (
        LeverageTier(1, Decimal(0), Decimal(200_000), 50, Decimal("0.005")),
        LeverageTier(2, Decimal(200_000), Decimal(10**9), 10, Decimal("0.01")),
    )
    terms = {
        symbol: instrument(
            symbol,
            tick=limits["tick"].get(symbol, Decimal("0.01")),
            lot=limits["lot"].get(symbol, Decimal("0.01")),
            min_quantity=limits["lot"].get(symbol, Decimal("0.01")),
            min_notional=limits["min_notional"],
            taker_fee_rate=limits["taker_fee"],
            max_market_quantity=None,
            tiers=tiers,
        )
        for symbol in CONTEXT["universe"]
    }
    books = {
        symbol: Book(
            symbol, NOW, (Level(mark - terms[symbol].tick, Decimal(10_000)),), (Level(mark + terms[symbol].tick, Decimal(10_000)),)
        )
        for symbol, mark in marks.items()
    }
    (row,) = CONTEXT["positions"]
    side, leverage = Side(row["side"]), int(row["leverage"])
    trade = Trade(1, row["symbol"], side, leverage, NOW).entered(row["qty"], row["entry"], Decimal(0))
    margin = row["qty"] * row["entry"] / leverage
    held = Position(row["symbol"], side, row["qty"], row["entry"], leverage, margin, None, None, NOW, NOW, trade)
    account = Account("qwen3", CONTEXT["account"]["available"], {row["symbol"]: held}, 1)
    rules = Rules(max_leverage=int(limits["max_leverage"]))
    spreads = {symbol: 2 * terms[symbol].tick for symbol in marks}
    shown = Shown(NOW, marks, {symbol: one.tick for symbol, one in terms.items()}, rules.max_leverage, {row["symbol"]: side}, spreads)
    return Stage(account, Market(terms, marks, books, rules=rules), shown)


def transport_failure(case):
    """How the transport ended, where it ended without a reply."""
    meta = case["meta"]
    if meta["http"] >= 400:
        return refused(HOST, int(meta["http"]), case["raw"], {})
    if meta.get("elapsed_s", 0) > DEADLINE_SECONDS:
        return Failure(FailureKind.TIMEOUT, "late", "", reply=Reply(case["raw"]))
    return None


def spoken(case):
    meta = case["meta"]
    calls = tuple(ToolCall(call["name"], call["arguments"]) for call in meta.get("tool_calls", ()))
    return Spoken(case["raw"], meta["finish_reason"], calls)


def carried_out(case):
    """Verdict, code and the object that stands once the exchange has had its say."""
    there = stage()
    reading = read_tiltyard(spoken(case), there.shown)
    acting = [decision for decision in reading.decisions if decision.order is not None]
    outcome = apply(there.account, there.market, [decision.order for decision in acting], NOW)
    no = {fact.order: fact.refused for fact in outcome.facts if isinstance(fact, OrderRefused)}
    codes = [
        refusal_code(
            acting[i], no[i], there.shown.held.get(acting[i].symbol), min_notional=there.market.instruments[acting[i].symbol].min_notional
        )
        for i in sorted(no)
    ]
    done = [decision for i, decision in enumerate(acting) if i not in no]
    remarks = remarks_after(done, outcome.account, there.market.marks, there.market.instruments, MarginMode.ISOLATED)
    gone = {acting[i].position for i in no}
    stands = [
        kept
        for decision, kept in zip(reading.decisions, (reading.document or {}).get("actions", ()), strict=True)
        if decision.position not in gone
    ]
    assert (outcome.account != there.account) == bool(done), "an account changes exactly when something stands"
    return *conclude(reading, codes, remarks), {"summary": reading.summary, "actions": stands}, reading


def test_the_file_is_the_one_these_tests_know():
    reference_file("bad_replies.jsonl")
    assert set(CONTEXT) == {"id", "account", "positions", "marks", "universe", "limits", "schema", "verdicts", "note"}
    assert len(CASES) == len({case["id"] for case in CASES}) >= 80
    assert {verdict for verdict, _ in Counter(case["verdict"] for case in CASES).items()} == set(Verdict) == set(CONTEXT["verdicts"])


@pytest.mark.parametrize("case", CASES or [None], ids=lambda case: case and f"{case['id']}-{case['code']}")
def test_a_bad_reply_gets_its_verdict_its_code_and_leaves_exactly_the_object_that_stands(case):
    reference_file("bad_replies.jsonl")
    assert set(case) <= KEYS, "a case of a shape that this test doesn't know"
    assert set(case["meta"]) <= META_KEYS, "a transport of a shape that this test doesn't know"
    failure = transport_failure(case)
    if failure is not None:
        assert (case["verdict"], case["code"]) == (Verdict.REJECT_WHOLE, failure.code)
        assert not (case["repaired"] or {}).get("actions")
        return
    verdict, code, stands, reading = carried_out(case)
    assert (verdict, code) == (case["verdict"], case["code"]), reading
    assert code in CODES or code in set(RefusalCode)
    if not case["repaired"] or not case["repaired"]["actions"]:
        assert stands["actions"] == []
    else:
        assert stands == case["repaired"]
    if verdict is Verdict.REPAIR:
        assert reading.notes or code == "SL_BEYOND_LIQUIDATION", "nothing is mended without a note"
