"""The prices the arena comes with, in USD per million tokens, as found on 2026-11-24. They were not checked against an invoice.

Where two sources disagree the higher price stands, and the row says so. The arena's operator can put own rows before these.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from app.llm.price_row import ANY, PriceRow

AS_OF = date(2026, 11, 24)

_LITELLM = "litellm 1.106.2 price map"
_GENAI = "genai-prices 0.2.3"
_DEEPSEEK = "api-docs.deepseek.com/quick_start/pricing and litellm 1.106.2; twice as much Mon-Fri 01-04 and 06-10 UTC"
_HOLIDAYS = "; Chinese public holidays are off-peak and not known here, so that the peak price stands on them"
_ALIBABA = f"{_LITELLM} (international region; the region of China has prices of its own)"
_QWEN3_MAX = f"{_ALIBABA}; the size of the prompt sets the tier of the whole request; cached at 20%, alibabacloud.com context-cache"
_MOONSHOT = f"platform.kimi.ai and {_LITELLM} (USD platform; platform.moonshot.cn bills in CNY)"
_OPENAI = f"{_GENAI}; cache writes at 1.25 times the input, learn.microsoft.com"
_ANTHROPIC = f"{_GENAI} and projects that read platform.claude.com in October 2026; the compatible endpoint has no prompt caching"
_HAIKU = f"{_ANTHROPIC}; the size of the prompt sets the tier of the whole request"
_GEMINI = f"{_GENAI}: 1.5 and 7.5; {_LITELLM} says 0.75 and 3.75: they disagree and the higher stands"
_DEMO = "the demo's own: no money is paid to a scripted model"

PEAK = {"weekdays": (0, 1, 2, 3, 4), "hours": ((1, 4), (6, 10))}
"""DeepSeek's busy hours, UTC."""

SCRIPTED_MODELS = (
    "trend-rider",
    "mean-reverter",
    "breakout-scout",
    "dip-buyer",
    "patient-holder",
    "coin-flipper",
    "hold-only",
    "instant",
    "rambler",
)
"""The sandbox's traders; they cost a little, so that a demo has costs to show."""


def _row(provider: str, model: str, prices: str, source: str, **more: Any) -> PriceRow:
    """`prices` are input, cached ("-" where it costs as much as input) and output, as the lists write them."""
    fresh, cached, output = prices.split()
    hit = None if cached == "-" else Decimal(cached)
    return PriceRow(provider, model, Decimal(fresh), Decimal(output), source, AS_OF, cached=hit, **more)


def _deepseek(model: str, normal: str, peak: str) -> tuple[PriceRow, PriceRow]:
    return _row("deepseek", model, normal, _DEEPSEEK), _row("deepseek", model, peak, _DEEPSEEK + _HOLIDAYS, **PEAK)


def _qwen_tier(prices: str, over: int, most: int) -> PriceRow:
    return _row("qwen", "qwen3-max", prices, _QWEN3_MAX, prompt_over=over, prompt_max=most)


def _free(provider: str) -> PriceRow:
    return _row(provider, ANY, "0 0 0", "runs on your own machine: no API to pay")


SEED_ROWS: tuple[PriceRow, ...] = (
    *_deepseek("deepseek-flash", "0.15 0.003 0.60", "0.30 0.006 1.20"),
    *_deepseek("deepseek-v4-flash", "0.15 0.003 0.60", "0.30 0.006 1.20"),
    *_deepseek("deepseek-v4-pro", "0.66 0.022 1.98", "1.32 0.044 3.96"),
    _row("qwen", "qwen3.8-max", "2 0.25 6", _ALIBABA),
    _row("qwen", "qwen3.8-flash", "0.15 0.016 0.47", _ALIBABA),
    _row("qwen", "qwen3.7-max", "2.5 0.5 7.5", _ALIBABA),
    _row("qwen", "qwen3.7-plus", "0.4 0.08 1.6", _ALIBABA, prompt_max=256_000),
    _qwen_tier("1.2 0.24 6", 0, 32_000),
    _qwen_tier("2.4 0.48 12", 32_000, 128_000),
    _qwen_tier("3 0.6 15", 128_000, 252_000),
    _row("kimi", "kimi-k3.1-pro", "2 0.2 10", _MOONSHOT),
    _row("kimi", "kimi-k3.1-pro-highspeed", "4 0.2 20", _MOONSHOT),
    _row("kimi", "kimi-k3", "3 0.3 15", _MOONSHOT),
    _row("kimi", "kimi-k2.6", "0.95 0.16 4", _MOONSHOT),
    _row("openai", "gpt-6.1-sol", "2 0.1 10", _OPENAI, cache_write=Decimal("2.5")),
    _row("openai", "gpt-6.1-terra", "1 0.05 5", _OPENAI, cache_write=Decimal("1.25")),
    _row("openai", "gpt-6-luna", "0.1 0.01 0.5", _OPENAI, cache_write=Decimal("0.125")),
    _row("anthropic", "claude-opus-5-5", "4 0.2 20", _ANTHROPIC),
    _row("anthropic", "claude-sonnet-5-5", "2 0.1 10", _ANTHROPIC),
    _row("anthropic", "claude-haiku-5-5", "0.1 0.01 0.5", _HAIKU, prompt_max=100_000),
    _row("anthropic", "claude-haiku-5-5", "0.5 0.05 2.5", _HAIKU, prompt_over=100_000),
    _row("gemini", "gemini-3.8-flash", "1.5 - 7.5", _GEMINI),
    _row("xai", "grok-4.7", "2 0.5 6", f"docs.x.ai and {_LITELLM}"),
    *(_row(ANY, model, "0.5 0.05 2", _DEMO) for model in SCRIPTED_MODELS),
    *(_free(provider) for provider in ("ollama", "vllm", "llamacpp", "sandbox", "baseline")),
)
"""Every row the arena comes with."""
