import json

import pytest

from app.llm.failures import Host, kind_of, refused, retry_after, spoken
from app.llm.outcome import MESSAGE_CHARACTERS_MAX, FailureKind
from app.llm.profiles import DEEPSEEK, GEMINI, KIMI, OPENAI, OPENROUTER, PROFILES, QWEN, XAI
from app.llm.redaction import redacted


@pytest.mark.parametrize(
    ("profile", "status", "said", "kind"),
    [
        (DEEPSEEK, 402, "Insufficient Balance", FailureKind.PAYMENT),
        (QWEN, 400, "Arrearage: Access denied, please make sure your account is in good standing.", FailureKind.PAYMENT),
        (QWEN, 400, "DataInspectionFailed: Output data may contain inappropriate content.", FailureKind.CONTENT_FILTER),
        (QWEN, 429, "insufficient_quota: allocated quota exceeded", FailureKind.RATE_LIMITED),
        (QWEN, 401, "Incorrect API key provided.", FailureKind.AUTH),
        (QWEN, 403, "AccessDenied: Model access denied.", FailureKind.FORBIDDEN),
        (QWEN, 404, "ModelNotFound", FailureKind.NOT_FOUND),
        (KIMI, 403, "Your account balance is not enough", FailureKind.PAYMENT),
        (KIMI, 429, "exceeded_current_quota_error: please check your plan and billing", FailureKind.PAYMENT),
        (KIMI, 429, "The engine is currently overloaded", FailureKind.OVERLOADED),
        (KIMI, 400, "invalid temperature: only 1 is allowed for this model", FailureKind.BAD_REQUEST),
        (OPENAI, 429, "insufficient_quota: You exceeded your current quota", FailureKind.PAYMENT),
        (OPENAI, 429, "Rate limit reached for requests", FailureKind.RATE_LIMITED),
        (OPENROUTER, 402, "in_flight_budget_exhausted", FailureKind.RATE_LIMITED),
        (XAI, 403, "Your team has used all available credits", FailureKind.PAYMENT),
        (GEMINI, 400, "API key not valid. Please pass a valid API key.", FailureKind.AUTH),
        (GEMINI, 503, "The model is overloaded.", FailureKind.OVERLOADED),
        (OPENAI, 418, "teapot", FailureKind.BAD_REQUEST),
    ],
)
def test_status_and_body_together_tell_the_kind(profile, status, said, kind):
    assert kind_of(status, json.dumps({"error": {"message": said}}), profile) is kind


@pytest.mark.parametrize(
    ("profile", "asked", "other"),
    [
        (QWEN, QWEN.base_url, "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"),
        (QWEN, "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "https://dashscope.aliyuncs.com/compatible-mode/v1"),
        (KIMI, KIMI.base_url, "https://api.moonshot.ai/v1"),
    ],
)
def test_a_key_of_the_other_region_is_advised_the_other_regions_address(profile, asked, other):
    advice = refused(Host(profile, asked, "m"), 401, "", {}).advice
    assert other in advice
    assert asked not in advice
    assert profile.key_env in advice


def test_every_kind_has_advice_for_every_provider():
    for profile in PROFILES.values():
        host = Host(profile, profile.base_url, profile.default_model)
        for kind in FailureKind:
            advice = host.failure(kind, "x").advice
            assert advice.endswith(".")
            assert "{" not in advice


def test_profiles_are_named_by_their_key_and_ask_for_enough_output():
    for name, profile in PROFILES.items():
        assert profile.name == name
        assert profile.max_output_tokens >= 16_384
        assert profile.base_url.startswith(("https://", "http://localhost", "http://127.0.0.1"))


def test_a_long_error_page_is_shortened():
    failure = refused(Host(OPENAI, OPENAI.base_url, "m"), 500, "<html>" + "x" * 9_000, {})
    assert len(failure.message) == MESSAGE_CHARACTERS_MAX


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{"error": {"message": "no", "code": "c"}}', "no (c)"),
        ('{"error": {"message": "no", "type": "t"}}', "no (t)"),
        ('{"code": "Arrearage", "message": "pay"}', "pay (Arrearage)"),
        ('{"error": "plain"}', "plain"),
        ('["odd"]', "['odd']"),
        ("Bad\n  Gateway", "Bad Gateway"),
        ("", ""),
    ],
)
def test_an_error_body_is_read_for_its_words(body, text):
    assert spoken(body) == text


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "Wed, 25 Nov 2026 08:00:30 GMT", "date": "Wed, 25 Nov 2026 08:00:00 GMT"}, 30.0),
        ({"retry-after": "Wed, 25 Nov 2026 08:00:00 GMT", "date": "Wed, 25 Nov 2026 08:00:30 GMT"}, 0.0),
        ({"retry-after": "Wed, 25 Nov 2026 08:00:00 GMT"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_or_nothing(headers, seconds):
    assert retry_after(headers) == seconds


def test_keys_and_bearer_headers_are_taken_out_of_texts():
    text = redacted("key k-123456 sent as Bearer abc.def, not sk-abcdef123456", "k-123456")
    assert text == "key [key] sent as Bearer [key], not [key]"


def test_a_stand_in_for_a_key_leaves_texts_alone():
    assert redacted("none of it", "none") == "none of it"


def test_a_host_is_shown_without_its_key():
    assert "secret-key-1" not in repr(Host(OPENAI, "https://x", "m", "secret-key-1"))


@pytest.mark.parametrize(
    ("said", "first"), [("Insufficient Balance", "DeepSeek answered 402: Insufficient Balance. Top up"), ("No.", ": No. Top up")]
)
def test_what_happened_and_what_to_do_are_sentences_of_their_own(said, first):
    assert first in refused(Host(DEEPSEEK, "https://x", "m"), 402, json.dumps({"error": {"message": said}}), {}).sentences
