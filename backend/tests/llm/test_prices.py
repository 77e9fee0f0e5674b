from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from app.llm.price_list import SCRIPTED_MODELS
from app.llm.prices import SEED_ROWS, PriceBook, read_price
from app.llm.profiles import PROFILES
from app.llm.usage import Tokens
from app.sandbox.models.traders import SECONDS

BOOK = PriceBook()
TUESDAY_NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
OWN = {"provider": "qwen", "model": "qwen3.8-max", "input": "1", "output": 2}


def usd(provider, model, tokens, at=TUESDAY_NOON, book=BOOK):
    cost = book.cost(provider, model, tokens, at)
    return None if cost is None else cost.usd


def test_misses_hits_writes_and_output_have_prices_of_their_own():
    tokens = Tokens(input=1_000_000, cached=400_000, cache_write=100_000, output=10_000, reasoning=9_000)
    # sol: 500k fresh at 2, 400k cached at 0.1, 100k written at 2.5, 10k out at 10
    assert usd("openai", "gpt-6.1-sol", tokens) == Decimal("1.0") + Decimal("0.04") + Decimal("0.25") + Decimal("0.1")


def test_unreported_hits_cost_the_full_price_and_a_row_without_a_cache_price_too():
    assert usd("qwen", "qwen3.8-max", Tokens(input=1_000_000, output=0)) == 2
    assert usd("gemini", "gemini-3.8-flash", Tokens(input=1_000_000, cached=1_000_000, output=0)) == Decimal("1.5")


@pytest.mark.parametrize(
    ("at", "price"),
    [
        (datetime(2026, 11, 23, 0, 59, 59, tzinfo=UTC), "0.66"),
        (datetime(2026, 11, 23, 1, 0, tzinfo=UTC), "1.32"),
        (datetime(2026, 11, 23, 3, 59, 59, tzinfo=UTC), "1.32"),
        (datetime(2026, 11, 23, 4, 0, tzinfo=UTC), "0.66"),
        (datetime(2026, 11, 23, 6, 0, tzinfo=UTC), "1.32"),
        (datetime(2026, 11, 23, 10, 0, tzinfo=UTC), "0.66"),
        (datetime(2026, 11, 27, 9, 59, tzinfo=UTC), "1.32"),
        (datetime(2026, 11, 28, 9, 59, tzinfo=UTC), "0.66"),
        (datetime(2026, 11, 29, 2, 0, tzinfo=UTC), "0.66"),
        (datetime(2026, 11, 23, 10, 30, tzinfo=timezone(timedelta(hours=8))), "1.32"),
    ],
)
def test_deepseek_costs_twice_as_much_at_its_peak_hours_in_utc(at, price):
    assert usd("deepseek", "deepseek-v4-pro", Tokens(input=1_000_000, output=0), at) == Decimal(price)


@pytest.mark.parametrize(
    ("prompt", "price"), [(0, "1.2"), (32_000, "1.2"), (32_001, "2.4"), (128_000, "2.4"), (128_001, "3"), (252_000, "3"), (252_001, None)]
)
def test_qwens_tier_is_that_of_the_prompt_and_beyond_the_last_there_is_no_price(prompt, price):
    row = BOOK.find("qwen", "qwen3-max", prompt, TUESDAY_NOON)
    assert (row and row.input) == (price and Decimal(price))


def test_the_tier_holds_for_the_whole_request():
    assert usd("qwen", "qwen3-max", Tokens(input=50_000, output=0)) == Decimal("0.12")


def test_a_model_without_a_row_has_no_price():
    tokens = Tokens(input=10, output=10)
    assert usd("openai", "gpt-7", tokens) is None
    assert usd("openai-compatible", "qwen3.8-max", tokens) is None
    assert usd("openai", "gpt-6.1-sol", None) is None


@pytest.mark.parametrize("provider", ["ollama", "vllm", "llamacpp", "baseline"])
def test_what_runs_on_ones_own_machine_costs_nothing(provider):
    assert usd(provider, "anything", Tokens(input=10, output=10)) == 0


def test_unknown_or_doubtful_tokens_have_no_price():
    assert usd("openai", "gpt-6.1-sol", Tokens(input=10)) is None
    assert usd("openai", "gpt-6.1-sol", Tokens(output=10)) is None
    assert usd("openai", "gpt-6.1-sol", Tokens(input=10, output=10, doubt="odd")) is None


def test_a_scripted_model_costs_a_little_under_every_profile():
    assert set(SCRIPTED_MODELS) == set(SECONDS)
    for provider in ("qwen", "deepseek", "kimi", "sandbox"):
        assert usd(provider, "trend-rider", Tokens(input=1_000_000, cached=0, output=0)) == Decimal("0.5")


def test_an_operators_row_goes_before_the_arenas():
    book = PriceBook([*SEED_ROWS, read_price(OWN)])
    cost = book.cost("qwen", "qwen3.8-max", Tokens(input=1_000_000, output=1_000_000), TUESDAY_NOON)
    assert cost.usd == 3
    assert book.row(cost.price_id).source == "the operator"
    anything = PriceBook([*SEED_ROWS, read_price({**OWN, "model": "*"})])
    assert usd("qwen", "qwen3.8-flash", Tokens(input=1_000_000, output=0), book=anything) == 1


def test_what_a_host_reports_stands_before_the_arenas_rows_and_behind_the_operators():
    tokens = Tokens(input=10, output=10, reported_usd=Decimal("0.7"))
    cost = BOOK.cost("openrouter", "qwen/qwen3.8-max", tokens, TUESDAY_NOON)
    assert (cost.usd, cost.price_id) == (Decimal("0.7"), "openrouter:reported")
    own = PriceBook([*SEED_ROWS, read_price({**OWN, "provider": "openrouter", "model": "qwen/qwen3.8-max"})])
    assert usd("openrouter", "qwen/qwen3.8-max", tokens, book=own) == Decimal("0.00003")


def test_rows_begin_and_end_at_their_times_and_the_newer_wins():
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    dated = read_price({**OWN, "input": 5, "valid_from": start, "valid_until": end})
    book = PriceBook([read_price(OWN), dated])
    moments = (start - timedelta(seconds=1), start, end - timedelta(seconds=1), end)
    assert [usd("qwen", "qwen3.8-max", Tokens(input=1_000_000, output=0), at, book) for at in moments] == [1, 5, 5, 1]


def test_an_id_is_of_what_the_row_says_and_leads_back_to_it():
    ids = [row.id for row in SEED_ROWS]
    assert len(set(ids)) == len(ids)
    assert [PriceBook(reversed(SEED_ROWS)).row(one) for one in ids] == list(SEED_ROWS)
    assert replace(SEED_ROWS[0], input=Decimal(9)).id != SEED_ROWS[0].id
    assert BOOK.row("gone") is None


def test_every_row_has_a_date_and_a_source_and_belongs_to_a_profile():
    for row in SEED_ROWS:
        assert row.source
        assert row.dated == date(2026, 11, 24)
        assert row.provider in {*PROFILES, "*", "baseline"}
    hosted = set(PROFILES) - {"openrouter", "openai-compatible"}
    assert {profile.price_provider for name, profile in PROFILES.items() if name in hosted} <= {row.provider for row in SEED_ROWS}
    for name in hosted:
        assert usd(name, PROFILES[name].default_model, Tokens(input=10, output=10)) is not None


def test_a_row_of_the_operator_is_read_with_all_its_fields():
    row = read_price(
        {
            **OWN,
            "input": 0.1,
            "cached": "0.01",
            "cache_write": 0,
            "weekdays": [0, 6],
            "hours": [[1, 4], [6, 24]],
            "prompt_over": 5,
            "prompt_max": 9,
            "dated": date(2026, 11, 1),
            "source": "my contract",
        }
    )
    assert (row.input, row.cached, row.cache_write) == (Decimal("0.1"), Decimal("0.01"), Decimal(0))
    assert (row.weekdays, row.hours, row.prompt_over, row.prompt_max) == ((0, 6), ((1, 4), (6, 24)), 5, 9)
    assert (row.dated, row.source, row.by_operator) == (date(2026, 11, 1), "my contract", True)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"prise": 1}, "a price has no prise"),
        ({"input": None}, "needs"),
        ({"input": "dear"}, "input of a price must be USD per million tokens"),
        ({"input": True}, "input of a price"),
        ({"input": -1}, "input of a price"),
        ({"input": "NaN"}, "input of a price"),
        ({"provider": 5}, "provider of a price must be text"),
        ({"model": " "}, "model of a price must be text"),
        ({"weekdays": [7]}, "weekdays of a price must be a whole number from 0 to 6"),
        ({"weekdays": 1}, "weekdays of a price must be a list"),
        ({"hours": [[4, 1]]}, "hours of a price are pairs"),
        ({"hours": [5]}, "hours of a price are pairs"),
        ({"valid_from": TUESDAY_NOON.replace(tzinfo=None)}, "a time with its zone"),
        ({"dated": "soon"}, "a date like"),
        ({"prompt_max": -1}, "prompt_max of a price"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_in_a_sentence(wrong, says):
    given = {name: value for name, value in {**OWN, **wrong}.items() if value is not None}
    with pytest.raises(ValueError, match=says):
        read_price(given)
