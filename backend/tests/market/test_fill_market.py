"""The market of a fill is read back as it was stored, also one stored before there were margin modes and trigger prices."""

import json
from datetime import UTC, datetime

from app.engine.rules import MarginMode, Rules, TriggerPrice
from app.market.fill_market import FillMarket, books_blob, decode_fill_market, encode_fill_market, rules_of, rules_row
from tests.engine.markets import NOON, D, book

AT = datetime(2026, 1, 5, 12, 4, 31, 250_000, tzinfo=UTC)
RULES = Rules(7, D("0.001"), entries_open=False, margin_mode=MarginMode.CROSS, trigger_price=TriggerPrice.LAST)


def stored(market):
    name, content = encode_fill_market(market)
    return content[name], content[books_blob(content[name])]


def test_it_is_read_back_exactly():
    market = FillMarket(AT, NOON, {"BTCUSDT": book()}, {"BTCUSDT": D("100000.10")}, {"ETHUSDT": "frozen"}, RULES)
    assert decode_fill_market(*stored(market)) == market
    assert rules_of(rules_row(RULES)) == RULES


def test_one_of_the_first_release_has_the_rules_there_were_then():
    head, books = stored(FillMarket(AT, NOON, {"BTCUSDT": book()}, {}, {}, Rules()))
    old = json.loads(head)
    del old["watched_until"], old["rules"]["margin_mode"], old["rules"]["trigger_price"]
    market = decode_fill_market(json.dumps(old).encode(), books)
    assert (market.rules, market.watched_until) == (Rules(), AT.replace(second=0, microsecond=0))
