"""From what went over the wire to what is stored of it: every call with its exact bytes, its tokens and its price."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from app.agents.template import Prompt
from app.cycle.parts import Contestant, Parts
from app.cycle.table import Table
from app.llm.outcome import Answer, Call, Failure
from app.llm.usage import Tokens, tokens_of
from app.store.blobs import hash_of
from app.store.calls import NewCall
from app.store.conversations import Answered, NewConversation

BASELINE = "baseline"


def conversation(table: Table, contestant: Contestant, prompt: Prompt, answer: Answered, asked_at: datetime) -> NewConversation:
    """The conversation as it is stored: what was sent, and how the answer stands."""
    fixed = contestant.baseline
    return NewConversation(
        reply=answer.reply,
        finish_reason=answer.finish_reason,
        usage=answer.usage,
        latency_ms=answer.latency_ms,
        http_status=answer.http_status,
        error_kind=answer.error_kind,
        error=answer.error,
        request_id=answer.request_id,
        answered_at=answer.answered_at,
        verdict=answer.verdict,
        code=answer.code,
        cycle_id=table.cycle_id,
        contestant_id=contestant.id,
        created_at=asked_at,
        provider=contestant.provider,
        model=contestant.model,
        family=contestant.template.family if fixed is None else BASELINE,
        version=str(contestant.template.version) if fixed is None else fixed.value,
        system=prompt.system,
        market=prompt.market or None,
        user=prompt.account,
        template=contestant.template.name if fixed is None else f"{BASELINE}:{fixed.value}",
        template_hash=contestant.template.fingerprint if fixed is None else hash_of(prompt.system.encode()),
        asked_at=asked_at,
        deadline_at=table.deadline_at,
    )


def answered(answer: Answer | Failure, *, at: datetime, latency_ms: int, verdict: str | None, code: str | None) -> Answered:
    """How the answer stands."""
    said, failed = answer.reply, isinstance(answer, Failure)
    return Answered(
        reply=said.text or None,
        finish_reason=said.finish_reason,
        usage=said.usage,
        latency_ms=latency_ms,
        http_status=answer.http_status if isinstance(answer, Failure) else said.http_status,
        error_kind=answer.kind.value if isinstance(answer, Failure) else None,
        error=answer.sentences if isinstance(answer, Failure) else None,
        request_id=said.request_id,
        answered_at=at,
        verdict=None if failed else verdict,
        code=code,
    )


def calls_made(
    parts: Parts, contestant: Contestant, prompt: Prompt, answer: Answer | Failure, asked_at: datetime, *, made_before: int = 0
) -> list[NewCall]:
    """Every attempt of one question in order. `made_before` is how many calls an earlier question took. Times are on the market clock."""
    first = "ask" if made_before == 0 else "reask"
    return [
        _call(parts, contestant, prompt, call, made_before + place, first if place == 1 else "retry", asked_at)
        for place, call in enumerate(answer.calls, start=1)
    ]


def _call(parts: Parts, contestant: Contestant, prompt: Prompt, call: Call, number: int, purpose: str, asked_at: datetime) -> NewCall:
    started_at = asked_at + timedelta(milliseconds=call.started_ms) * parts.clock.speed
    tokens = tokens_of(call.usage, contestant.profile) if contestant.profile is not None else None
    usd, price_id = _cost(parts, contestant, tokens, started_at)
    return NewCall(
        number=number,
        purpose=purpose,
        started_at=started_at,
        first_byte_ms=None if call.first_byte_ms is None else call.first_byte_ms - call.started_ms,
        ended_ms=call.ended_ms - call.started_ms,
        http_status=call.http_status,
        content_type=call.content_type,
        request_id=call.request_id,
        finish_reason=call.finish_reason,
        model=call.model,
        error_kind=None if call.failure is None else call.failure.value,
        error=call.message,
        usage=call.usage or None,
        input_tokens=tokens.input if tokens else None,
        cached_tokens=tokens.cached if tokens else None,
        cache_write_tokens=tokens.cache_write if tokens else None,
        output_tokens=tokens.output if tokens else None,
        reasoning_tokens=tokens.reasoning if tokens else None,
        price_id=price_id,
        cost_usd=usd,
        sent=call.sent,
        received=call.received,
        shared=tuple(_shared(prompt)),
    )


def _shared(prompt: Prompt) -> Iterator[str]:
    """The texts of the request that others send too."""
    return (text for text in (prompt.system, prompt.market) if text)


def _cost(parts: Parts, contestant: Contestant, tokens: Tokens | None, at: datetime) -> tuple[Decimal | None, str | None]:
    if tokens is None or contestant.profile is None:
        return None, None
    cost = parts.price_book.cost(contestant.profile.price_provider, contestant.model, tokens, at)
    return (cost.usd, cost.price_id) if cost is not None else (None, None)
