import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.engine.rules import MarginMode, Rules
from app.replay import ReplayInputError, Terms, read_decisions, read_market, replay
from tests.engine.markets import D, instrument
from tests.replay.tapes import candles, decision, decisions, funding, minute, terms

TAPE = candles(BTCUSDT=[100, 101, 102])
ASKED = decisions(decision("open_long", 1), decision("close", 2))


def changed(table, column, values):
    """The table with another column in place of one."""
    return table.set_column(table.column_names.index(column), column, [values])


def refused(*, tape=TAPE, asked=ASKED, rates=None, on=None):
    """What the replay says of a bad input."""
    with pytest.raises(ReplayInputError) as caught:
        replay(tape, asked, on or terms(), funding=rates)
    return str(caught.value)


BAD_CANDLES = {
    "a column is missing": (TAPE.drop_columns(["high"]), "no column high"),
    "it is empty": (TAPE.slice(0, 0), "empty"),
    "times go back": (changed(TAPE, "open_time_ms", [minute(0), minute(2), minute(1)]), f"not sorted.*{minute(1)}"),
    "a minute is there twice": (changed(TAPE, "open_time_ms", [minute(0), minute(1), minute(1)]), f"twice.*{minute(1)}"),
    "a bar opens off the minute": (
        changed(TAPE, "open_time_ms", [minute(0), minute(1), minute(2) + 5]),
        f"{minute(2) + 5}.*no whole minute",
    ),
    "a price is NaN": (changed(TAPE, "low", [100.0, float("nan"), 102.0]), f"no exact number above zero at {minute(1)}"),
    "a price is negative": (changed(TAPE, "low", [100.0, -101.0, 102.0]), f"no exact number above zero at {minute(1)}"),
    "a price is missing": (changed(TAPE, "close", [100.0, None, 102.0]), "close is missing in row 1"),
    "a price has no short decimal": (candles(BTCUSDT=[100 / 3]), "more than 12 decimals or 15 digits"),
    "low lies above open": (changed(TAPE, "low", [100.0, 101.5, 102.0]), f"outside low and high at {minute(1)}"),
    "prices are text": (changed(TAPE, "open", ["1", "2", "3"]), "open must be numbers, not string"),
    "the symbol is not on it": (candles(ETHUSDT=[100]), "no minutes of BTCUSDT; it holds ETHUSDT"),
}


@pytest.mark.parametrize(("tape", "says"), BAD_CANDLES.values(), ids=BAD_CANDLES)
def test_a_candle_tape_is_refused_with_the_place_when(tape, says):
    with pytest.raises(ReplayInputError, match=f"candle tape: .*{says}"):
        replay(tape, ASKED, terms())


BAD_DECISIONS = {
    "a column is missing": (ASKED.drop_columns(["leverage", "action"]), "no column action, leverage"),
    "a symbol is unknown": (decisions(decision("close", 1, symbol="PEPEUSDT")), "PEPEUSDT has no instrument; known are BTCUSDT, ETHUSDT"),
    "an action is unknown": (decisions(decision("hold", 1)), "unknown action 'hold'; actions are close, open_long, open_short"),
    "times go back": (decisions(decision("open_long", 2), decision("close", 1)), "row 1 is earlier"),
    "a row is there twice": (decisions(decision("open_long", 1), decision("open_short", 1)), "row 1 is a duplicate"),
    "a time lies before the tape": (decisions(decision("open_long", 0)), f"no bar of BTCUSDT closes at {minute(0)} ms"),
    "a time lies after the tape": (decisions(decision("open_long", 4)), f"no bar of BTCUSDT closes at {minute(4)} ms"),
    "a notional is NaN": (
        decisions(decision("open_long", 1, notional=float("nan"))),
        "row 0 opens with a notional that is no finite number",
    ),
    "a notional is missing": (decisions(decision("open_long", 1, notional=None)), "row 0 opens with a notional that is no finite number"),
    "a stop is infinite": (decisions(decision("open_long", 1, stop=float("inf"))), "row 0 opens with a stop_loss that is no finite number"),
    "a stop is NaN": (decisions(decision("open_long", 1, stop=float("nan"))), "row 0 opens with a stop_loss that is no finite number"),
    "a leverage is missing": (decisions(decision("open_long", 1, leverage=None)), "row 0 opens without a leverage"),
    "a leverage is broken": (changed(ASKED, "leverage", [2.5, 1.0]), "leverage must be whole numbers, not double"),
    "an account is missing": (decisions(decision("open_long", 1, account=None)), "account is missing in row 0"),
    "accounts are numbers with decimals": (changed(ASKED, "account", [1.0, 1.0]), "account must be whole numbers or text, not double"),
    "symbols are numbers": (changed(ASKED, "symbol", [1, 1]), "symbol must be text, not int64"),
    "times are dates": (changed(ASKED, "time_ms", pa.array([0, 1], pa.timestamp("ms"))), "time_ms must be whole milliseconds"),
}


@pytest.mark.parametrize(("asked", "says"), BAD_DECISIONS.values(), ids=BAD_DECISIONS)
def test_a_decisions_tape_is_refused_with_the_row_when(asked, says):
    with pytest.raises(ReplayInputError, match=f"decisions tape: .*{says}"):
        replay(TAPE, asked, terms())


def test_a_close_row_needs_no_numbers():
    asked = decisions(decision("open_long", 1), decision("close", 2, notional=None, leverage=None))
    assert replay(TAPE, asked, terms()).trades["exit_reason"].to_pylist() == ["close"]


def test_a_funding_tape_is_refused_with_the_place_of_its_fault():
    assert "no column rate" in refused(rates=funding(("BTCUSDT", 1, 0.1)).drop_columns(["rate"]))
    assert f"decimals at {minute(1)} ms" in refused(rates=funding(("BTCUSDT", 1, float("nan"))))
    assert f"settles twice, at {minute(1) + 2} ms" in refused(
        rates=changed(funding(("BTCUSDT", 1, 0.1), ("BTCUSDT", 1, 0.1)), "funding_time_ms", [minute(1), minute(1) + 2])
    )


def test_terms_that_the_tables_cannot_hold_are_refused():
    assert "starting balance" in refused(on=terms(balance="0.000000001"))
    assert "a lot 8" in refused(on=terms(lot=D("0.000000001")))


def test_cross_margin_needs_the_same_minutes_for_all_symbols():
    tape = candles(BTCUSDT=[100, 101, 102], ETHUSDT=[50, 51])
    asked = decisions(decision("open_long", 1), decision("open_long", 1, symbol="ETHUSDT"))
    assert "same minutes" in refused(tape=tape, asked=asked, on=terms(rules=Rules(margin_mode=MarginMode.CROSS)))


def test_symbols_may_be_dictionaries_in_any_order_and_interleaved():
    both = candles(BTCUSDT=[100, 101, 102], ETHUSDT=[50, 51, 52])
    mixed = both.take([3, 0, 4, 1, 5, 2])
    names = pa.DictionaryArray.from_arrays(pa.array([1, 3, 1, 3, 1, 3], pa.int8()), ["SOLUSDT", "ETHUSDT", "XRPUSDT", "BTCUSDT"])
    assert replay(mixed.set_column(0, "symbol", names), ASKED, terms()) == replay(both, ASKED, terms())


def test_tapes_are_read_from_a_folder_and_what_is_missing_is_named(tmp_path):
    with pytest.raises(ReplayInputError, match=r"no candles_1m.parquet in"):
        read_market(tmp_path)
    with pytest.raises(ReplayInputError, match="no decisions tape at"):
        read_decisions(tmp_path / "tape.parquet")
    pq.write_table(TAPE, tmp_path / "candles_1m.parquet")
    assert read_market(tmp_path) == (TAPE, None)
    pq.write_table(funding(("BTCUSDT", 1, 0.1)), tmp_path / "funding_8h.parquet")
    assert read_market(tmp_path)[1] is not None
    (tmp_path / "tape.parquet").write_bytes(b"no parquet")
    with pytest.raises(ReplayInputError, match=r"tape.parquet is no readable Parquet file"):
        read_decisions(tmp_path / "tape.parquet")


@pytest.mark.parametrize(
    ("on", "said"),
    [
        (Terms({"BTCUSDT": instrument()}, Rules(), 10_000), "the starting balance must be a finite Decimal, not 10000"),
        (terms(rules=Rules(slippage=0.0005)), "slippage must be a finite Decimal"),
        (terms(taker_fee_rate=0.0006), "the taker_fee_rate of BTCUSDT must be a finite Decimal"),
        (terms(taker_fee_rate=D("NaN")), "the taker_fee_rate of BTCUSDT must be a finite Decimal"),
        (terms(lot=D(0)), "tick and lot of BTCUSDT must be above zero"),
        (terms(tick=D("-0.1")), "tick and lot of BTCUSDT must be above zero"),
        (Terms({"BTCUSDT": instrument("ETHUSDT")}), "the instrument given for BTCUSDT is that of ETHUSDT"),
    ],
)
def test_terms_that_are_none_are_refused_with_a_sentence(on, said):
    assert said in refused(on=on)


def test_folders_may_be_given_as_text_and_a_lane_by_its_name(tmp_path):
    pq.write_table(TAPE, tmp_path / "candles_1m.parquet")
    pq.write_table(ASKED, tmp_path / "asked.parquet")
    tape, _ = read_market(str(tmp_path))
    found = replay(tape, read_decisions(str(tmp_path / "asked.parquet")), terms(), lane="engine")
    assert found.trades.num_rows == 1
    with pytest.raises(ValueError, match="is not a valid Lane"):
        replay(TAPE, ASKED, terms(), lane="fast")
