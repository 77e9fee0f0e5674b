"""A request body cut into pieces is the same body when joined; what others send too is named, not repeated."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from app.store.blobs import hash_of
from app.store.wire import cut, joined, named

SYSTEM = 'You trade "perpetuals".\nAnswer in JSON. ' * 20
MARKET = "BTC 市场 97,000 → 98,000 🚀\t" * 40


def request(system, user, *, ascii_only=False, **more):
    body = {"messages": [{"role": "system", "content": system}, {"role": "user", "content": user}], "model": "m", **more}
    return json.dumps(body, ensure_ascii=ascii_only, separators=(",", ":")).encode("utf-8", "surrogatepass")


def back(parts):
    return joined(parts.pieces, parts.shared | parts.own)


@given(
    texts=st.lists(st.text(min_size=0, max_size=400), max_size=4),
    shared=st.lists(st.integers(0, 3), max_size=4),
    ascii_only=st.booleans(),
    noise=st.binary(max_size=300),
)
@settings(max_examples=200, deadline=None)
def test_any_body_with_any_shared_texts_is_joined_exactly(texts, shared, ascii_only, noise):
    body = request("".join(texts[:1]), "".join(texts[1:]), ascii_only=ascii_only) + noise
    assert back(cut(body, tuple(texts[place] for place in shared if place < len(texts)))) == body


def test_texts_of_others_are_named_and_the_rest_is_small():
    body = request(SYSTEM, MARKET + "own part")
    parts = cut(body, (SYSTEM, MARKET))
    assert set(parts.shared) == {hash_of(SYSTEM.encode()), hash_of(MARKET.encode())}
    assert set(named(parts.pieces)) == set(parts.shared)
    assert sum(len(piece.get("text", "")) for piece in parts.pieces) < 200
    assert back(parts) == body


def test_a_body_escaped_to_ascii_shares_the_same_texts():
    parts = cut(request(SYSTEM, MARKET, ascii_only=True), (SYSTEM, MARKET))
    assert {hash_of(MARKET.encode())} < set(parts.shared)
    assert [form for piece in parts.pieces for form in piece if form.startswith("json")] == ["json", "json_ascii"]


def test_a_text_that_is_not_in_the_body_or_has_no_bytes_is_not_named():
    body = request("short", "short")
    parts = cut(body, ("something else " * 40, "\ud83d" * 200, ""))
    assert parts.shared == {}
    assert back(parts) == body


def test_overlapping_texts_are_cut_once():
    parts = cut(request(MARKET, "x"), (MARKET, MARKET[4:], MARKET[:-4]))
    assert len(parts.shared) == 1
    assert back(parts) == request(MARKET, "x")


def test_a_long_piece_of_its_own_is_a_blob_that_comes_back_every_cycle():
    schema = {"name": "reply", "schema": {"x": "y" * 500}}
    one, other = (cut(request(SYSTEM, f"cycle {at}", response_format=schema), (SYSTEM,)) for at in (1, 2))
    assert len(set(one.own) | set(other.own)) == 2
    one, other = (cut(request(SYSTEM, MARKET * at, response_format=schema), (SYSTEM, MARKET * at)) for at in (1, 2))
    assert set(one.own) == set(other.own) != set()
