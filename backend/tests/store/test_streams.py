"""Folded streams come back byte for byte, whatever a host sends, and take little room."""

import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.store.blobs import Packing, hash_of, pack, unpack
from app.store.streams import EVENTS_MAX, NotFoldedError, fold, unfold

WORDS = "The market pulled back after the funding reset and momentum on the four hour chart is still positive while open interest falls "


def event(delta, created=1767614400, **more):
    chunk = {"id": "chatcmpl-8f2", "object": "chat.completion.chunk", "created": created, "model": "m", "system_fingerprint": "fp_1"}
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
    return "data: " + json.dumps({**chunk, "choices": [choice], **more}, ensure_ascii=False, separators=(",", ":"))


def stream(thoughts, words=(), *, ending="\n\n", done=True, **more):
    events = [event({"role": "assistant", "content": ""}, **more)]
    events += [event({"content": None, "reasoning_content": one}, created=1767614400 + at // 40, **more) for at, one in enumerate(thoughts)]
    events += [event({"content": one, "reasoning_content": None}, **more) for one in words]
    return (ending.join([*events, *(["data: [DONE]"] if done else [])]) + ending).encode()


def thinking(tokens):
    """Prose of about that many tokens that does not repeat itself word for word."""
    words = [word + ("." if at % 11 == 0 else "") for at, word in enumerate(WORDS.split() * (tokens // 20))]
    return " ".join(f"{word} {at * 7919 % 97_003}" if at % 5 == 0 else word for at, word in enumerate(words))[: tokens * 4]


TEXTS = st.lists(st.text(max_size=20), max_size=60)


@given(thoughts=TEXTS, words=TEXTS, ending=st.sampled_from(["\n\n", "\r\n\r\n", "\n", "\r\r"]), done=st.booleans(), cut=st.integers(0, 400))
@settings(max_examples=200, deadline=None)
def test_any_stream_comes_back_exactly_wherever_it_was_cut(thoughts, words, ending, done, cut):
    body = stream(thoughts, words, ending=ending, done=done)
    body = body[: len(body) - cut]
    folded = fold(body)
    assert folded is None or unfold(folded) == body


@given(
    parts=st.lists(
        st.sampled_from([b"\n\n", b"\r\n\r\n", b": keep-alive\n\n", b"data: ", b'"', b'{"a":"', b'"}', b"\xe5", b"\xff\x00", b"x" * 300]),
        max_size=200,
    )
)
@settings(max_examples=200, deadline=None)
def test_anything_else_comes_back_exactly_or_is_not_folded(parts):
    body = b"".join(parts)
    folded = fold(body)
    assert folded is None or unfold(folded) == body
    packed = pack(body, streamed=True)
    assert unpack(packed.packing, packed.content) == body
    assert (packed.hash, packed.size) == (hash_of(body), len(body))


@pytest.mark.parametrize("ending", ["\n\n", "\r\n\r\n"])
def test_keep_alives_and_comments_between_events_come_back_where_they_were(ending):
    body = stream(["one", "two"] * 20, ending=f"{ending}: keep-alive{ending}{ending}").replace(b"two", b"zw\xc3")
    assert unfold(fold(body)) == body


def test_a_long_thought_takes_little_more_room_than_its_words():
    text = thinking(5_000)
    body = stream(re.findall(r".{1,13}", text, re.DOTALL), ["{", "}"])
    packed = pack(body, streamed=True)
    assert body.count(b"data:") > 1_500
    assert packed.packing is Packing.STREAM
    assert len(packed.content) < len(pack(text.encode()).content) + 1_800
    assert len(packed.content) < len(pack(body).content) / 1.5


def test_usage_that_counts_up_in_every_event_still_folds():
    body = b"\n\n".join(stream(["so"], usage={"completion_tokens": at}) for at in range(50))
    assert unfold(fold(body)) == body


def test_a_flood_of_empty_events_is_compressed_as_it_is():
    body = b": k\n\n" * 2_000_000
    assert pack(body[: 5 * EVENTS_MAX], streamed=True).packing is Packing.ZLIB
    started = time.perf_counter()
    packed = pack(body, streamed=True)
    assert time.perf_counter() - started < 2
    assert unpack(packed.packing, packed.content) == body


def test_a_short_body_is_compressed_as_it_is():
    packed = pack(b'{"choices":[]}', streamed=True)
    assert packed.packing is Packing.ZLIB
    assert unpack(packed.packing, packed.content) == b'{"choices":[]}'


@given(body=st.binary(max_size=200))
def test_bytes_that_are_no_folded_stream_are_refused_by_name(body):
    with pytest.raises(NotFoldedError):
        unfold(body)
