import json

import pytest

from app.llm.event_stream import EVENT_BYTES_MAX, LINES_MAX, EventReader, EventTooLargeError
from app.llm.profiles import COMPATIBLE
from app.llm.transcript import is_stream, read_wire
from tests.llm.hosts import USAGE_CHUNK, chunk, stream

TEXT = b"\xef: odd\n: comment\ndata: one\n\ndata:two\ndata: lines\r\nid: 7\r\n\r\nevent: x\nretry: 5\n\n\n\ndata\n\ndata: last\n\n"
EVENTS = [b"one", b"two\nlines", b"", b"last"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_are_the_same_however_the_bytes_are_cut(size):
    reader = EventReader()
    found = [event for start in range(0, len(TEXT), size) for event in reader.feed(TEXT[start : start + size])]
    assert found == EVENTS


def test_what_stands_at_the_end_without_a_blank_line_is_an_event_once_the_stream_is_closed():
    reader = EventReader()
    assert list(reader.feed(b"data: a\n\ndata: b")) == [b"a"]
    assert list(reader.close()) == [b"b"]


@pytest.mark.parametrize("piece", [b"data: " + b"x" * EVENT_BYTES_MAX, b"data: x\n" * (EVENT_BYTES_MAX // 6), b"x" * (EVENT_BYTES_MAX + 1)])
def test_an_event_without_end_is_given_up(piece):
    reader = EventReader()
    pieces = [piece[start : start + 65_536] for start in range(0, len(piece), 65_536)]
    with pytest.raises(EventTooLargeError):
        _ = [event for one in pieces for event in reader.feed(one)]


def test_a_flood_of_blank_lines_is_given_up():
    reader, piece = EventReader(), b"\n" * 65_536
    with pytest.raises(EventTooLargeError):
        _ = [event for _ in range(LINES_MAX // len(piece) + 1) for event in reader.feed(piece)]


def test_comments_between_events_may_go_on_for_hours():
    reader = EventReader()
    assert [event for _ in range(200_000) for event in reader.feed(b": keep-alive\n\n")] == []


def test_a_stored_stream_that_breaks_off_gives_what_had_come():
    body = stream(chunk("half an "), chunk("answer"), chunk("", "stop"), USAGE_CHUNK).partition(b"\r\n\r\n")[2]
    cut = body.index(b'"answer"')
    assert read_wire(body[:cut], COMPATIBLE, streamed=True).text == "half an "
    assert read_wire(body, COMPATIBLE, streamed=True).text == "half an answer"


@pytest.mark.parametrize(
    "received",
    [b"", b"<html>", b"[1]", b'{"error": {"message": "no"}}', b"\x1f\x8bnot gzip", b"[" * 100_000, b"data: {\n\n", b"\xff\xfe\x00"],
)
@pytest.mark.parametrize("streamed", [True, False])
def test_stored_bytes_that_are_no_reply_give_an_empty_one(received, streamed):
    reply = read_wire(received, COMPATIBLE, streamed=streamed)
    assert (reply.text, reply.reasoning, reply.tool_calls, dict(reply.usage)) == ("", "", (), {})


def test_unknown_fields_survive_in_the_usage():
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "vendor": {"tier": ["x"]}, "cost": 0.1}
    body = json.dumps({"choices": [{"message": {"content": "a", "audio": None}, "finish_reason": "stop", "odd": 1}], "usage": usage})
    assert read_wire(body.encode(), COMPATIBLE, streamed=False).usage == usage


@pytest.mark.parametrize(
    ("content_type", "asked_for", "streamed"),
    [
        ("text/event-stream; charset=utf-8", False, True),
        ("application/json", True, False),
        ("application/json", False, False),
        (None, True, True),
        (None, False, False),
        ("text/plain", True, True),
    ],
)
def test_what_an_answer_calls_itself_decides_how_it_is_read(content_type, asked_for, streamed):
    assert is_stream(content_type, asked_for=asked_for) is streamed
