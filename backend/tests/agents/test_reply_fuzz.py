"""Mutated and hostile replies: reading never raises, never makes up an action, and costs about the same whatever is written.

REPLY_FUZZ_EXAMPLES (default 300) says how many mutations are tried; `pytest -s` prints the slowest of them and of the hostile replies.
"""

import itertools
import json
import os
import re
import sys
import time
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.agents import synonyms
from app.agents.alpha_arena_reply import read_alpha_arena
from app.agents.codes import CODES
from app.agents.decision import Action
from app.agents.reading import DECLARED_TOOL, Spoken, ToolCall, Verdict
from app.agents.reply_document import REPLY_BYTES_MAX
from app.agents.tiltyard_reply import read_tiltyard
from tests.agents.replies import CLOSE, OPEN, SHOWN, reply
from tests.reference_data import REFERENCE_DIR

EXAMPLES = int(os.environ.get("REPLY_FUZZ_EXAMPLES", "300"))
READERS = (read_tiltyard, read_alpha_arena)
SIGNAL = {
    "coin": "ETH",
    "signal": "buy_to_enter",
    "quantity": 0.5,
    "profit_target": 4300,
    "stop_loss": 3900,
    "leverage": 10,
    "confidence": 0.7,
}
GOOD = reply(OPEN, CLOSE | {"close_fraction": 0.5}, {"action": "set_stops", "symbol": "SOLUSDT", "stop_loss": 200, "take_profit": 150})
BASES = [
    GOOD,
    f"<think>maybe {reply(CLOSE)}</think>\n```json\n{GOOD}\n```",
    GOOD.replace('"', "'"),
    json.dumps({"ETH": SIGNAL, "BTC": {"trade_signal_args": {"coin": "BTC", "signal": "close_position", "quantity": 1}}}),
    json.dumps({"name": DECLARED_TOOL, "arguments": json.loads(GOOD)}),
]
FRAGMENTS = [
    *"{}[],:\"'\\/<>`*#%$~+-0123456789.eExX \n\t\r\0“”｛｝［］：，１０\u200b\ufeff\u3000é多",
    *(
        "//",
        "/*",
        "*/",
        "```",
        "```json\n",
        "<think>",
        "</think>",
        "<tool_call>",
        "null",
        "true",
        "NaN",
        "Infinity",
        "-Infinity",
        "None",
        "1e999",
    ),
    *(
        '"leverage": 50,',
        '"actions": [',
        '{"actions": []}',
        '"action": "close"',
        "\\u0000",
        '\\"',
        "0x1F",
        "1,000",
        "ALL",
        "ЕTHUSDT",
        "开空",
        "buy",
    ),
    *(
        '"as_of": "2020-01-01T00:00:00Z",',
        '"symbol": "DOGE",',
        '"quantity": 3,',
        "I can't help with that.",
        "[" * 9,
        '{"a":' * 9,
        "9" * 400,
    ),
]


def recorded():
    path = REFERENCE_DIR / "bad_replies.jsonl"
    return [json.loads(line)["raw"] for line in path.read_text(encoding="utf-8").splitlines()[1:]] if path.is_file() else []


SEEDS = BASES + recorded()


@st.composite
def mutated(draw):
    text = draw(st.sampled_from(BASES) | st.sampled_from(SEEDS))
    for _ in range(draw(st.sampled_from((0, 1, 1, 1, 2, 2, 3, 5)))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        match draw(st.sampled_from(("insert", "insert", "replace", "replace", "delete", "double", "splice", "cut"))):
            case "insert":
                text = text[:start] + draw(st.sampled_from(FRAGMENTS)) + text[start:]
            case "replace":
                text = text[:start] + draw(st.sampled_from(FRAGMENTS) | st.text(max_size=3)) + text[start + 1 :]
            case "delete":
                text = text[:start] + text[end:]
            case "double":
                text = text[:end] + text[start:end] + text[end:]
            case "splice":
                other = draw(st.sampled_from(SEEDS))
                text = text[:start] + other[draw(st.integers(0, len(other))) :]
            case "cut":
                text = text[:start]
    if draw(st.integers(0, 9)) == 0:
        return Spoken("", "tool_calls", (ToolCall(DECLARED_TOOL, text),))
    return Spoken(text, draw(st.sampled_from(("stop",) * 12 + ("length", None))))


WORDS = {
    Action.OPEN_LONG: {
        "open_long",
        "buy",
        "long",
        "买入",
        *(word for word, action in (synonyms._ENGLISH | synonyms._CHINESE).items() if action is Action.OPEN_LONG),
    },
    Action.OPEN_SHORT: {
        "open_short",
        "sell",
        "short",
        "卖出",
        *(word for word, action in (synonyms._ENGLISH | synonyms._CHINESE).items() if action is Action.OPEN_SHORT),
    },
    Action.CLOSE: {"close", "exit", "平仓", "平多", "平空", "全部平仓"},
    Action.SET_STOPS: {"stop", "止损"},
}
NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")


def numbers_in(text):
    numbers = {Decimal(found) for found in NUMBER.findall(unicodedata.normalize("NFKC", text))}
    return {one for one in numbers if -20 < one.adjusted() < 20}  # others are no size, price or leverage of any action


def check_nothing_is_made_up(decision, text, reader):
    """Every part of an action that is carried out stands in the text."""
    flat = re.sub(r"[\s_-]+", "_", text.lower())
    assert any(word in flat for word in WORDS[decision.action])
    assert decision.symbol.removesuffix("USDT").lower() in text.lower()
    written = numbers_in(text)
    if decision.notional is not None:
        sizes = written if reader is read_tiltyard else {one * SHOWN.marks[decision.symbol] for one in written}
        assert any(0 <= one - decision.notional <= Decimal("0.00000001") for one in sizes)
        assert any(
            one // 1 == decision.leverage or (one > SHOWN.max_leverage and decision.leverage == SHOWN.max_leverage) for one in written
        )
    for level in (decision.stop_loss, decision.take_profit):
        assert level is None or any(abs(one - level) < SHOWN.ticks[decision.symbol] for one in written)
    assert decision.close_fraction in {None, Decimal(1)} | written
    assert decision.confidence is None or {decision.confidence, decision.confidence * 100} & written


def timed(reader, spoken):
    """Seconds of this thread's own work: what else the machine does is not the reader's."""
    begin = time.thread_time()
    reader(spoken, SHOWN)
    return time.thread_time() - begin


def check(spoken):
    text = spoken.tool_calls[0].arguments if spoken.tool_calls else spoken.text
    seconds = 0.0
    for reader in READERS:
        reading = reader(spoken, SHOWN)
        seconds = max(seconds, min(timed(reader, spoken) for _ in range(2)))
        assert reading.code in CODES
        assert reading.verdict in set(Verdict)
        assert len(reading.decisions) <= 12
        assert (reading.verdict is Verdict.REJECT_WHOLE) <= (not reading.decisions and reading.document is None)
        assert (reading.verdict is Verdict.REJECT_ACTION) == bool(reading.refused)
        for decision in reading.decisions:
            if decision.order is not None:
                check_nothing_is_made_up(decision, text, reader)
        assert reader(spoken, SHOWN) == reading, "the same words are read the same"
    return seconds


def test_mutated_replies_never_raise_and_never_yield_an_action_that_is_not_in_the_text():
    slowest = 0.0
    tried = standing = 0

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(mutated())
    def run(spoken):
        nonlocal slowest, tried, standing
        tried += 1
        slowest = max(slowest, check(spoken))
        standing += any(decision.order for decision in read_tiltyard(spoken, SHOWN).decisions)

    run()
    assert standing, "mutations that leave nothing to read test nothing"
    sys.stdout.write(f"\n{tried} mutated replies, {standing} with an order that stands; slowest {slowest * 1000:.2f} ms\n")


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.text(max_size=200) | st.text(alphabet="{}[]\",:'\\/<>think`. 01e-\n", max_size=200))
def test_any_text_at_all_is_read_or_refused_by_name(text):
    check(Spoken(text))


def filled(unit, head="", tail=""):
    """A reply of the largest size that is read."""
    return head + unit * ((REPLY_BYTES_MAX - len((head + tail).encode())) // len(unit.encode())) + tail


HEAD, TAIL = '{"summary": "s", "actions": [', "]}"


def with_field(name, value):
    return HEAD + json.dumps(OPEN).replace(json.dumps(OPEN[name]), value) + TAIL


HOSTILE = {
    "open brackets": filled("["),
    "open braces": filled("{"),
    "nested keys": filled('{"a":'),
    "empty objects": filled("{}"),
    "objects in quotation marks": filled('"{"a":1}" '),
    "objects in quoted lines": filled('> {"a":1}\n'),
    "lists of objects": filled("[{}]"),
    "brackets inside": filled("[]", HEAD, TAIL),
    "full-width brackets": filled("［］", HEAD, TAIL),
    "quotes": filled('"', HEAD),
    "escaped quotes": filled('\\"', f'{HEAD}"'),
    "backslashes": filled("\\", f'{HEAD}"'),
    "single quotes": filled("'", HEAD),
    "full-width quotes": filled("“", HEAD),
    "digits": with_field("notional_usdt", "9" * 60_000),
    "decimal places": with_field("notional_usdt", "1000." + "1" * 60_000),
    "decimal places of a stop": with_field("stop_loss", "3900." + "1" * 60_000),
    "an exponent": with_field("notional_usdt", "1e" + "9" * 60_000),
    "digits in quotes": with_field("notional_usdt", '"' + "1" * 60_000 + '"'),
    "full-width digits": filled("１", HEAD + '{"leverage":', "}]}"),
    "numbers": HEAD + "1," * 3_900 + "1" + TAIL,
    "too many numbers": filled("1,", HEAD, "1]}"),
    "actions": HEAD + ",".join(["{}"] * 900) + TAIL,
    "keys": HEAD + "{" + ",".join(f'"k{index}": 1' for index in range(900)) + "}]}",
    "doubled keys": HEAD + "{" + ",".join(['"k": 1'] * 900) + "}]}",
    "unquoted keys": HEAD + "{" + "a:1," * 300 + "b:1}]}",
    "words": filled("a ", HEAD, TAIL),
    "colons": filled(":", HEAD, TAIL),
    "commas": filled(",", HEAD, TAIL),
    "spaces": filled(" ", HEAD, TAIL),
    "invisible characters": filled("\u200b", HEAD, TAIL),
    "comment openings": filled("/*", HEAD),
    "comments": filled("/**/", HEAD, TAIL),
    "slashes": filled("/", HEAD, TAIL),
    "line breaks in a text": with_field("reason", '"' + "\n" * 60_000 + '"'),
    "control characters in a text": with_field("reason", '"' + "".join(map(chr, range(1, 32))) * 1_900 + '"'),
    "bad escapes": with_field("reason", '"' + "\\x" * 30_000 + '"'),
    "a text in single quotes": with_field("reason", '"' + "z" * 60_000 + '"').replace('"', "'"),
    "markup": HEAD + ",".join([json.dumps(OPEN | {"reason": "<a ignore drop ' ; flat " * 200})] * 12) + TAIL,
    "half instructions": HEAD + ",".join([json.dumps(OPEN | {"reason": "ignore all the " * 320})] * 12) + TAIL,
    "thinking never closed": filled("<think>"),
    "thinking": filled("<think></think>"),
    "thinking closed": filled("</think>"),
    "angle brackets": filled("<"),
    "fences": filled("```"),
    "a fence and spaces": "```" + " " * 60_000 + ". " + GOOD,
    "prose": filled("I hold now. ", "", GOOD),
    "half a refusal": filled("I can't aaaa ", "", GOOD),
    "half a preamble": filled("as an ai ", "", GOOD),
    "half an object": filled("{a "),
    "a long key": '{"' + "k" * 60_000 + '": 1, "actions": []}',
    "a long symbol": with_field("symbol", '"' + "E" * 60_000 + '"'),
    "a long action": with_field("action", '"' + "e " * 30_000 + '"'),
    "a tool call in quotes": json.dumps({"name": DECLARED_TOOL, "arguments": '"' * 30_000}),
    "coins": "{" + ",".join(f'"c{index}": {{}}' for index in range(900)) + ',"BTC": {}}',
    "names of one coin": json.dumps({"".join(name): SIGNAL for name in itertools.product("bB", "tT", "cC", "uU", "sS", "dD", "tT")}),
    "blank": filled(" "),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_reply_of_64_kb_is_answered_with_a_name(name):
    text = HOSTILE[name]
    assert len(text.encode()) <= REPLY_BYTES_MAX
    best = min(check(Spoken(text)) for _ in range(3))
    sys.stdout.write(f"\n{name}: {len(text.encode())} bytes, {best * 1000:.2f} ms, {read_tiltyard(Spoken(text), SHOWN).code}\n")
