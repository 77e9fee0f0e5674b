"""What differs between model providers, as data. Nothing about a provider is special-cased anywhere else.

Holds no key and reads no environment: `key_env` only names the variable. Facts are the providers' own documentation as of November 2026.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

OUTPUT_TOKENS_MAX = 16_384
"""Thinking counts as output: a smaller limit truncates the answer of models that think first."""

NO_BALANCE = ("insufficient balance", "insufficient_balance", "arrear", "overdue", "not enough balance", "balance is", "out of credits")
"""Words in an error body that mean: no money left, whatever the status says."""


class JsonMode(StrEnum):
    """What may be asked of the provider about the shape of the reply."""

    NONE = "none"
    OBJECT = "object"
    SCHEMA = "schema"


@dataclass(frozen=True, slots=True)
class Profile:
    """One provider's OpenAI-compatible endpoint and its quirks.

    `other_region` is the base URL a key of the other region belongs to; `payment_words` are lower-case marks in an error body that mean the
    account has no money; `reasoning_fields` are where the thinking arrives, first one wins.
    """

    name: str
    title: str
    base_url: str
    key_env: str | None
    default_model: str
    stream: bool = False
    json_mode: JsonMode = JsonMode.OBJECT
    send_temperature: bool = True
    extra_body: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    max_tokens_param: str = "max_tokens"
    max_output_tokens: int = OUTPUT_TOKENS_MAX
    reasoning_fields: tuple[str, ...] = ("reasoning_content", "reasoning")
    other_region: str | None = None
    payment_words: tuple[str, ...] = NO_BALANCE
    console: str | None = None


QWEN = Profile(
    name="qwen",
    title="Alibaba DashScope",
    base_url="https://dashscope.aliyuncs.com/compatible-mode/v1",
    key_env="QWEN_API_KEY",
    default_model="qwen3.8-max",
    # Thinking without streaming is answered 400, and JSON mode together with thinking is refused by some models.
    stream=True,
    json_mode=JsonMode.NONE,
    extra_body=MappingProxyType({"enable_thinking": True, "thinking_budget": 8192}),
    other_region="https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
    console="https://bailian.console.aliyun.com",
)

DEEPSEEK = Profile(
    name="deepseek",
    title="DeepSeek",
    base_url="https://api.deepseek.com",
    key_env="DEEPSEEK_API_KEY",
    default_model="deepseek-v4-pro",
    console="https://platform.deepseek.com",
)

KIMI = Profile(
    name="kimi",
    title="Moonshot Kimi",
    base_url="https://api.moonshot.cn/v1",
    key_env="KIMI_API_KEY",
    default_model="kimi-k3.1-pro",
    # Reasoning models answer any temperature but 1 with 400.
    send_temperature=False,
    # Unset means "max", which thinks past any deadline of a five-minute loop.
    extra_body=MappingProxyType({"reasoning_effort": "low"}),
    max_tokens_param="max_completion_tokens",
    max_output_tokens=32_768,
    other_region="https://api.moonshot.ai/v1",
    payment_words=(*NO_BALANCE, "exceeded_current_quota"),
    console="https://platform.moonshot.cn",
)

OPENAI = Profile(
    name="openai",
    title="OpenAI",
    base_url="https://api.openai.com/v1",
    key_env="OPENAI_API_KEY",
    default_model="gpt-6.1-terra",
    json_mode=JsonMode.SCHEMA,
    send_temperature=False,
    max_tokens_param="max_completion_tokens",
    # Alibaba uses the same code for a passing rate limit, so it stands here and not among the words for all.
    payment_words=(*NO_BALANCE, "insufficient_quota"),
    console="https://platform.openai.com",
)

OPENROUTER = Profile(
    name="openrouter",
    title="OpenRouter",
    base_url="https://openrouter.ai/api/v1",
    key_env="OPENROUTER_API_KEY",
    default_model="qwen/qwen3.8-max",
    reasoning_fields=("reasoning", "reasoning_content"),
    console="https://openrouter.ai/settings/credits",
)

XAI = Profile(
    name="xai",
    title="xAI",
    base_url="https://api.x.ai/v1",
    key_env="XAI_API_KEY",
    default_model="grok-4.7",
    payment_words=(*NO_BALANCE, "used all available credits", "spending limit"),
    console="https://console.x.ai",
)

GEMINI = Profile(
    name="gemini",
    title="Google Gemini",
    base_url="https://generativelanguage.googleapis.com/v1beta/openai",
    key_env="GEMINI_API_KEY",
    default_model="gemini-3.8-flash",
    console="https://aistudio.google.com",
)

OLLAMA = Profile(
    name="ollama",
    title="Ollama",
    base_url="http://localhost:11434/v1",
    key_env=None,
    default_model="qwen3",
    json_mode=JsonMode.SCHEMA,
)

COMPATIBLE = Profile(
    name="openai-compatible",
    title="OpenAI-compatible server",
    # llama.cpp's port; vLLM listens on 8000, which is this arena's own.
    base_url="http://localhost:8080/v1",
    key_env=None,
    default_model="default",
    # Servers of this kind differ most here: some answer 400 to any response_format.
    json_mode=JsonMode.NONE,
)

SANDBOX = Profile(
    name="sandbox",
    title="Sandbox",
    base_url="http://127.0.0.1/v1",
    key_env=None,
    default_model="trend-rider",
)

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {profile.name: profile for profile in (QWEN, DEEPSEEK, KIMI, OPENAI, OPENROUTER, XAI, GEMINI, OLLAMA, COMPATIBLE, SANDBOX)}
)
"""Every profile by the name that `provider` in `arena.toml` takes."""
