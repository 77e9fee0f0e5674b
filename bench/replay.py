"""How long a replay of a month of one-minute bars takes: `make bench`, or `python bench/replay.py --workloads W6 --lanes auto`.

Timed is the library call alone, from candles and decisions in memory as Arrow tables to the result tables: reading the numbers, checking
them, replaying, writing ledger, fills, trades and funding as columns. Loading the Parquet files is shown apart. Each line is a process of
its own, so that its memory is its own; the first run of a line, which warms the caches, is left out.

plain: fills at the reference close, no lots, margins, funding, liquidations or slippage worth the name (what other engines do).
full: ticks, lots, minimums, tiers, slippage, funding and liquidation as on a venue. The ledger is always written.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from app.engine.books import Book, Level
from app.engine.exchange import Market, apply
from app.engine.instruments import Instrument, LeverageTier
from app.engine.orders import CloseOrder, OpenOrder, Order, StopsOrder
from app.engine.positions import Account
from app.engine.rules import Rules
from app.engine.trades import Side
from app.replay import Lane, Terms, read_decisions, read_market, replay
from app.sandbox.prices.contracts import CONTRACTS, MAKER_FEE, MIN_NOTIONAL, TAKER_FEE, Contract

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
WORKLOADS = ("W1", "W6", "W60")
PLAIN_EQUITY = {"W1": "9628.78", "W6": "6715.26", "W60": "68969.60"}
"""What other engines come to under plain rules."""

STEPS = 2000
POSITIONS = 6
DEPTH = 50
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def main() -> None:
    """Run what is asked for and print a table."""
    asked = arguments()
    if asked.one:
        print(json.dumps(measured(asked.one, asked)))
        return
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    show_step()
    missing = [path for path in needed(asked) if not path.is_file()]
    if missing:
        sys.exit(f"not there: {', '.join(map(str, missing))}; say where with --bench-dir and --real-dir")
    columns = "median s", "p95 s", "load s", "M bars/s", "decisions/s", "peak MB", "final equity"
    print(f"{'replay':<20}{'runs':>5}" + "".join(f"{one:>13}" for one in columns))
    for workload in asked.workloads:
        for setting in asked.settings:
            for lane in asked.lanes:
                show((workload, setting, lane), asked)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", nargs="*", default=list(WORKLOADS), choices=WORKLOADS)
    parser.add_argument("--settings", nargs="*", default=["plain", "full"], choices=["plain", "full"])
    parser.add_argument("--lanes", nargs="*", default=[lane.value for lane in Lane], choices=[lane.value for lane in Lane])
    parser.add_argument("--runs", type=int, default=20, help="runs of the auto lane")
    parser.add_argument("--engine-runs", type=int, default=3, help="runs of the engine lane, which takes seconds")
    parser.add_argument("--bench-dir", type=Path, default=SHARED / "bench", help="folder of the decisions tapes")
    parser.add_argument("--real-dir", type=Path, default=SHARED / "real", help="folder that holds market/candles_1m.parquet")
    parser.add_argument("--one", nargs=3, metavar=("WORKLOAD", "SETTING", "LANE"), help="one line, as JSON")
    return parser.parse_args()


def needed(asked: argparse.Namespace) -> list[Path]:
    """Files without which nothing can be measured."""
    market = asked.real_dir / "market"
    return [market / "candles_1m.parquet", market / "funding_8h.parquet", *(tape(asked, name) for name in asked.workloads)]


def tape(asked: argparse.Namespace, workload: str) -> Path:
    """Where the decisions of a workload are."""
    path: Path = asked.bench_dir / f"tape_{workload}.parquet"
    return path


def show(one: tuple[str, str, str], asked: argparse.Namespace) -> None:
    """One line of the table, measured in a process of its own."""
    command = [sys.executable, __file__, "--one", *one, "--runs", str(asked.runs), "--engine-runs", str(asked.engine_runs)]
    folders = ["--bench-dir", str(asked.bench_dir), "--real-dir", str(asked.real_dir)]
    done = subprocess.run([*command, *folders], check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    workload, setting, _ = one
    remark = ""
    if setting == "plain":
        remark = "  as the others" if round(Decimal(found["equity"]), 2) == Decimal(PLAIN_EQUITY[workload]) else "  DIFFERS from the others"
    median = found["median"]
    seconds = f"{median:>13.4f}{found['p95']:>13.4f}{found['load']:>13.3f}"
    rates = f"{found['bars'] / median / 1e6:>13.2f}{found['decisions'] / median:>13.0f}"
    print(f"{' '.join(one):<20}{found['runs']:>5}{seconds}{rates}{found['peak']:>13.0f}{Decimal(found['equity']):>13.2f}{remark}")


def measured(one: list[str], asked: argparse.Namespace) -> dict[str, object]:
    """Seconds, counts, memory and equity of one line. A bar is counted once for each account whose symbols it belongs to."""
    workload, setting, lane = one[0], one[1], Lane(one[2])
    started = time.perf_counter()
    candles, funding = read_market(asked.real_dir / "market")
    decisions = read_decisions(tape(asked, workload))
    load = time.perf_counter() - started
    terms = plain_terms() if setting == "plain" else full_terms()
    settlements = funding if setting == "full" else None
    runs = asked.runs if lane is Lane.AUTO else asked.engine_runs
    seconds, result = timed(lambda: replay(candles, decisions, terms, funding=settlements, lane=lane), runs)
    symbols = pc.unique(decisions["symbol"])
    minutes = pc.sum(pc.is_in(candles["symbol"].cast("string"), symbols.cast("string"))).as_py()
    return {
        "runs": runs,
        "median": statistics.median(seconds),
        "p95": percentile(seconds, 95),
        "load": load,
        "bars": minutes * result.accounts.num_rows,
        "decisions": decisions.num_rows,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
        "equity": str(sum(result.accounts["equity"].to_pylist())),
    }


def timed(work: Callable[[], Any], runs: int) -> tuple[list[float], Any]:
    """Seconds of each of `runs` runs after one that doesn't count, and the last result."""
    result = work()
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - started)
    return seconds, result


def percentile(values: list[float], share: int) -> float:
    """The smallest value that `share` percent of them don't exceed."""
    return sorted(values)[-(-len(values) * share // 100) - 1]


def plain_terms() -> Terms:
    """Quantities to 1e-8, prices as the tape has them, nothing refused, no tiers to be liquidated by, no slippage."""
    return Terms({name: plain_contract(name) for name in CONTRACTS}, Rules(slippage=Decimal(0)))


def plain_contract(name: str) -> Instrument:
    """The tick divides every price and level of the tapes."""
    tick, lot = Decimal("0.00001"), Decimal("0.00000001")
    return Instrument(name, tick, lot, Decimal(0), Decimal(0), None, TAKER_FEE, MAKER_FEE, 125, 8, Decimal(1), ())


def full_terms() -> Terms:
    """The sandbox's contracts, which have the size of real ones."""
    return Terms({name: full_contract(one) for name, one in CONTRACTS.items()})


def full_contract(one: Contract) -> Instrument:
    """A contract of the sandbox as the engine takes it."""
    lot = Decimal(1).scaleb(-one.lot_places)
    lowers = [0, *(tier.upper for tier in one.tiers)]
    tiers = tuple(
        LeverageTier(level, Decimal(lower), Decimal(tier.upper), tier.leverage, tier.rate)
        for level, (lower, tier) in enumerate(zip(lowers, one.tiers, strict=False), start=1)
    )
    tick, largest, band = Decimal(1).scaleb(-one.price_places), one.max_market_lots * lot, Decimal("0.05")
    return Instrument(one.symbol, tick, lot, lot, MIN_NOTIONAL, largest, TAKER_FEE, MAKER_FEE, one.max_leverage, 8, band, tiers)


def show_step() -> None:
    """One live step: a close, a change of levels and an add on an account that holds six positions, with books of fifty levels a side."""
    market = deep_market()
    opens = [OpenOrder(name, Side.LONG, Decimal(1000), 10, mark * Decimal("0.95")) for name, mark in market.marks.items()]
    account = apply(Account("bench", Decimal(10_000)), market, opens, NOON).account
    assert len(account.positions) == POSITIONS
    first, second, third = list(market.marks)[:3]
    levels = market.marks[second] * Decimal("0.9"), market.marks[second] * Decimal("1.1")
    orders: list[Order] = [CloseOrder(first), StopsOrder(second, *levels), OpenOrder(third, Side.LONG, Decimal(500), 10)]
    seconds, outcome = timed(lambda: apply(account, market, orders, NOON), STEPS)
    assert len(outcome.facts) == len(orders)
    micros = [one * 1e6 for one in seconds]
    print(f"one live account step (3 orders, 6 positions): median {statistics.median(micros):.0f} µs, p95 {percentile(micros, 95):.0f} µs")


def deep_market() -> Market:
    """All six contracts with marks of about their size, and full books."""
    terms = full_terms()
    prices = ("100000", "4000", "150", "700", "2.5", "0.2")
    marks = {name: Decimal(price).quantize(terms.instruments[name].tick) for name, price in zip(terms.instruments, prices, strict=True)}

    def side(name: str, step: int) -> tuple[Level, ...]:
        size = (Decimal(200) / marks[name]).quantize(terms.instruments[name].lot) or terms.instruments[name].lot
        return tuple(Level(marks[name] + terms.instruments[name].tick * step * place, size) for place in range(1, DEPTH + 1))

    books = {name: Book(name, NOON, side(name, -1), side(name, 1)) for name in marks}
    return Market(terms.instruments, marks, books, rules=replace(Rules(), max_leverage=20))


if __name__ == "__main__":
    main()
