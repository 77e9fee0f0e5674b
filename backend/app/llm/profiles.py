"""What differs between model providers, as data. Nothing about a provider is special-cased anywhere else.

Holds no key and reads no environment: `key_env` only names the variable. Facts are the providers' own documentation as of November 2026.
"""

from collections.abc import Mapping
from types import MappingProxyType

from app.llm.profile import NO_BALANCE, JsonMode, Profile, UsageMap, with_changes

__all__ = ["ALIASES", "PROFILES", "JsonMode", "Profile", "UnknownProfileError", "UsageMap", "find_profile", "with_changes"]

SAMPLING = ("temperature", "top_p", "n", "presence_penalty", "frequency_penalty")

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
    note="Context 991 808 tokens. A prefix of 1024 tokens and more may be cached at a fifth of the price. Limits are per account.",
)

DEEPSEEK = Profile(
    name="deepseek",
    title="DeepSeek",
    base_url="https://api.deepseek.com",
    key_env="DEEPSEEK_API_KEY",
    default_model="deepseek-v4-pro",
    console="https://platform.deepseek.com",
    usage_map=UsageMap(cached=("prompt_cache_hit_tokens", "prompt_tokens_details.cached_tokens")),
    note="Context 1M tokens; thinks by default. In JSON mode a reply that is no JSON comes as blanks. Twice the price at peak hours.",
)

KIMI = Profile(
    name="kimi",
    title="Moonshot Kimi",
    base_url="https://api.moonshot.cn/v1",
    key_env="KIMI_API_KEY",
    default_model="kimi-k3.1-pro",
    # Reasoning models answer any temperature but 1 with 400; the others are fixed.
    refused_params=SAMPLING,
    # The smallest account has one place; a larger one is told in the limits.
    concurrency=1,
    # Unset means "max", which thinks past any deadline of a five-minute loop.
    extra_body=MappingProxyType({"reasoning_effort": "low"}),
    max_tokens_param="max_completion_tokens",
    max_output_tokens=32_768,
    other_region="https://api.moonshot.ai/v1",
    payment_words=(*NO_BALANCE, "exceeded_current_quota"),
    console="https://platform.moonshot.cn",
    usage_map=UsageMap(cached=("cached_tokens", "prompt_tokens_details.cached_tokens")),
    note="Context 1 048 576 tokens; K3 always thinks.",
)

OPENAI = Profile(
    name="openai",
    title="OpenAI",
    base_url="https://api.openai.com/v1",
    key_env="OPENAI_API_KEY",
    default_model="gpt-6.1-terra",
    json_mode=JsonMode.SCHEMA,
    refused_params=SAMPLING,
    max_tokens_param="max_completion_tokens",
    # Alibaba uses the same code for a passing rate limit, so it stands here and not among the words for all.
    payment_words=(*NO_BALANCE, "insufficient_quota"),
    console="https://platform.openai.com",
    note="A prefix of 1024 tokens and more is cached; writing it costs 1.25 times the input from the 5.6 family on.",
)

OPENROUTER = Profile(
    name="openrouter",
    title="OpenRouter",
    base_url="https://openrouter.ai/api/v1",
    key_env="OPENROUTER_API_KEY",
    default_model="qwen/qwen3.8-max",
    reasoning_fields=("reasoning", "reasoning_content"),
    console="https://openrouter.ai/settings/credits",
    usage_map=UsageMap(cost_usd="cost"),
    note="Reports the cost of every call itself, which stands where the operator has no price row.",
)

XAI = Profile(
    name="xai",
    title="xAI",
    base_url="https://api.x.ai/v1",
    key_env="XAI_API_KEY",
    default_model="grok-4.7",
    payment_words=(*NO_BALANCE, "used all available credits", "spending limit"),
    console="https://console.x.ai",
    note="Counts the thinking beside the completion, in the total.",
)

GEMINI = Profile(
    name="gemini",
    title="Google Gemini",
    base_url="https://generativelanguage.googleapis.com/v1beta/openai",
    key_env="GEMINI_API_KEY",
    default_model="gemini-3.8-flash",
    console="https://aistudio.google.com",
    usage_map=UsageMap(thinking_in_total=True),
    note="The compatible endpoint is a beta; some models refuse some values of reasoning_effort.",
)

OLLAMA = Profile(
    name="ollama",
    title="Ollama",
    base_url="http://localhost:11434/v1",
    key_env=None,
    default_model="qwen3",
    json_mode=JsonMode.SCHEMA,
    note="Cuts prompts over num_ctx off without a word: set it on the server. Its cloud takes the schema and doesn't enforce it.",
)

ANTHROPIC = Profile(
    name="anthropic",
    title="Anthropic",
    base_url="https://api.anthropic.com/v1",
    key_env="ANTHROPIC_API_KEY",
    default_model="claude-sonnet-5-5",
    # The compatible endpoint ignores response_format.
    json_mode=JsonMode.NONE,
    # The newer models answer any sampling parameter but the default with 400.
    refused_params=(*SAMPLING, "top_k"),
    payment_words=(*NO_BALANCE, "credit balance is too low"),
    console="https://console.anthropic.com",
    note="The OpenAI-compatible endpoint is meant for comparing models: no prompt caching, and the thinking is not returned.",
)

VLLM = Profile(
    name="vllm",
    title="vLLM",
    # vLLM's own default is 8000, where this arena listens.
    base_url="http://localhost:8001/v1",
    key_env=None,
    default_model="default",
    json_mode=JsonMode.SCHEMA,
    reasoning_fields=("reasoning", "reasoning_content"),
    note="Start it with --reasoning-parser, else the thinking stands in the reply, and --enable-prompt-tokens-details to see cache hits.",
)

LLAMACPP = Profile(
    name="llamacpp",
    title="llama.cpp",
    base_url="http://localhost:8080/v1",
    key_env=None,
    default_model="default",
    # Some builds answer 400 to a schema ("Either json_schema or grammar").
    json_mode=JsonMode.OBJECT,
    note="Contestants wait for each other where llama-server has fewer slots (--parallel) than there are contestants.",
)

COMPATIBLE = Profile(
    name="openai-compatible",
    title="OpenAI-compatible server",
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
    {
        profile.name: profile
        for profile in (
            QWEN,
            DEEPSEEK,
            KIMI,
            OPENAI,
            ANTHROPIC,
            GEMINI,
            XAI,
            OPENROUTER,
            OLLAMA,
            VLLM,
            LLAMACPP,
            COMPATIBLE,
            SANDBOX,
        )
    }
)
"""Every profile by the name that `provider` in `arena.toml` takes."""

ALIASES: Mapping[str, str] = MappingProxyType({"dashscope": "qwen", "moonshot": "kimi", "llama.cpp": "llamacpp"})
"""Other names that people use for the same providers."""


class UnknownProfileError(ValueError):
    """No such profile; the text names those there are."""


def find_profile(name: str, own: Mapping[str, Profile] = MappingProxyType({})) -> Profile:
    """The profile of a name or alias, the operator's `own` before the arena's. Raises UnknownProfileError."""
    known = {**PROFILES, **own}
    found = known.get(name) or known.get(ALIASES.get(name, ""))
    if found is None:
        raise UnknownProfileError(f"unknown provider {name!r}; known: {', '.join(sorted(known))}")
    return found
