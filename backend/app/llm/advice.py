"""One sentence for the operator per kind of failure: what to do, with the provider's own names in it."""

from collections.abc import Mapping
from types import MappingProxyType

from app.llm.outcome import FailureKind
from app.llm.profile import Profile

_SENTENCES: Mapping[FailureKind, str] = MappingProxyType(
    {
        FailureKind.AUTH: "Check {key}: {title} does not accept this key{console}.{region}",
        FailureKind.PAYMENT: "Top up the {title} account{console}; the contestant holds until it has money.",
        FailureKind.FORBIDDEN: "Check that the {title} account may use {model}, and that this machine's country and address are allowed.",
        FailureKind.RATE_LIMITED: "Raise the {title} account's rate limit or run fewer contestants on this key; the next cycle asks again.",
        FailureKind.OVERLOADED: "Nothing to do: {title} has trouble of its own; the next cycle asks again.",
        FailureKind.TIMEOUT: "If it stays: give more time (limits.deadline_seconds) or choose a faster model than {model}.",
        FailureKind.UNREACHABLE: "Check that {url} is right and can be reached from this machine (network, DNS, proxy, firewall).",
        FailureKind.CUT: "If it stays: look for a proxy or firewall that closes long connections; the next cycle asks again.",
        FailureKind.BAD_REQUEST: "Compare what {title} says with the contestant's model ({model}) and params: it refuses this request.",
        FailureKind.NOT_FOUND: "Correct the contestant's model ({model}) or base_url ({url}): {title} does not know it.",
        FailureKind.CONTENT_FILTER: "Nothing to do: {title} withheld the reply; if it stays, choose another model or prompt.",
        FailureKind.BLANK: "If it stays: choose another model or turn JSON mode off; the model answered with nothing.",
        FailureKind.TRUNCATED: "Raise the output limit ({limit}) or lower the model's thinking effort.",
        FailureKind.PROMPT_TOO_LARGE: "Trade fewer symbols or choose a shorter prompt; the limit is the profile's prompt_bytes_max.",
        FailureKind.MALFORMED: "Check that {url} is an OpenAI-compatible chat-completions address.",
    }
)


def advice(kind: FailureKind, profile: Profile, base_url: str, model: str) -> str:
    """What the operator should do about a failure of this kind with this provider."""
    return _SENTENCES[kind].format(
        title=profile.title,
        key=profile.key_env or "the contestant's api_key_env",
        console=f" ({profile.console})" if profile.console else "",
        region=_region(profile, base_url),
        url=base_url,
        model=model,
        limit=profile.max_tokens_param,
    )


def _region(profile: Profile, base_url: str) -> str:
    if profile.other_region is None:
        return ""
    others = [url for url in (profile.base_url, profile.other_region) if url != base_url]
    return f" Keys are per region: if yours belongs to another one, set base_url to {' or '.join(others)}."
