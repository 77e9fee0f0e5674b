"""Every fault of a model host in turn, through the whole arena: a season in which one contestant is struck in every cycle, held against the
same season without faults. What the others sent, received, decided, filled and own is the same to the byte.
"""

import asyncio
import json
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from sqlalchemy import select

from app.agents.baselines import Baseline
from app.agents.templates import find_template
from app.cycle.operate import resume
from app.cycle.parts import Contestant, FillTiming
from app.llm.client import ChatClient
from app.llm.event_stream import LINES_MAX
from app.llm.pool import ConnectionPool
from app.llm.prices import PriceBook, PriceRow
from app.llm.profiles import SANDBOX
from app.sandbox.faults import CONTENT_KINDS, FaultKind
from app.sandbox.models.traders import decide
from app.sandbox.prices.chance import uniforms
from app.store import calls, contestants, cycles, tables
from app.store.database import Database
from tests.conftest import free_port
from tests.cycle.stage import BEGIN, FIVE, staged
from tests.llm.hosts import HANG, RESET, host
from tests.llm.hosts import stream as stream_of

pytestmark = pytest.mark.timeout(240)

STRUCK, MODEL = "struck", "coin-flipper"
SPARED = ("spared", "elder", "holder")
SHORT, LONG = 1.0, 8.0
"""Deadlines, real seconds: nobody is asked again with less than five left."""
TWICE = 5.3
"""A deadline that passes while the second question is out."""
PRICES = PriceBook(
    (PriceRow("sandbox", "*", Decimal(2), Decimal(8), "test", date(2026, 1, 1), Decimal("0.5")),),
)


@dataclass(frozen=True)
class Case:
    """One cycle's fault and what is expected of the struck one. `at` is where its requests go instead: a host that hangs, for one."""

    name: str
    outcome: str
    code: str
    purposes: str
    rules: tuple = ()
    at: str | None = None
    deadline: float = LONG


def case(name, outcome, code, purposes="ask", *, deadline=LONG, at=None, also=(), **rule):
    mine = {"route": "model.chat", "kind": name, "model": MODEL, **rule}
    rules = () if at else (*({"route": "model.chat", "model": MODEL, **one} for one in also), mine)
    return Case(name, outcome, code, purposes, rules, at, deadline)


def striking(pattern):
    """A rule's chance under which it strikes those of the first requests that have an x."""
    wanted = [mark == "x" for mark in pattern]
    seeds = (seed for seed in range(10_000) if [hits(seed, place) for place in range(1, len(pattern) + 1)] == wanted)
    return {"probability": 0.5, "seed": next(seeds)}


def hits(seed, place):
    return float(uniforms(1, seed, "fault", place)[0]) < 0.5


READ = "read"
"""The reply counts: what it says is what is done."""

# Never three failures in a row: from then on it may only close, which is another test's matter.
CASES = (
    case("delay", "late", "LATE", seconds=SHORT + 0.5, deadline=SHORT),
    case("server_error", "failed", "HTML_BODY", "ask retry retry"),
    case("fenced", READ, "FENCED"),
    case("rate_limit", "failed", "RATE_LIMITED", "ask retry retry", retry_after=0),
    case("cut", "failed", "STREAM_CUT"),
    case("think_tags", READ, "THINK_TAGS"),
    case("wrong_json", "failed", "MALFORMED"),
    case("blank", "failed", "BLANK", "ask retry retry"),
    case("tool_calls", READ, "OK"),
    case("auth", "failed", "AUTH"),
    case("payment", "failed", "BALANCE"),
    replace(case("rate_limit", READ, "OK", "ask retry", retry_after=1, count=1), name="rate_limit once"),
    case("forbidden", "failed", "FORBIDDEN"),
    case("finish_length", "failed", "TRUNCATED"),
    replace(case("server_error", READ, "OK", "ask retry retry", status=503, count=2), name="server_error twice"),
    case("prose", "refused", "NOT_JSON", "ask reask"),
    case("truncated_json", "refused", "NOT_JSON", "ask reask"),
    replace(case("blank", READ, "OK", "ask retry", count=1), name="blank once"),
    case("duplicate_keys", "refused", "DUPLICATE_KEY", "ask reask"),
    case("two_objects", "refused", "MULTIPLE_OBJECTS", "ask reask"),
    replace(case("prose", READ, "OK", "ask reask", count=1), name="prose once"),
    case("nan", READ, "CONFIDENCE_INVALID"),
    case("html", "failed", "HTML_BODY"),
    replace(
        case("prose", READ, "OK", "ask reask retry", count=1, also=({"kind": "server_error", **striking(".x.")},)),
        name="prose once, then server_error once",
    ),
    replace(case("rate_limit", "failed", "RATE_LIMITED", retry_after=60), name="rate_limit beyond the deadline"),
    case("hanging", "late", "LATE", at="hanging", deadline=SHORT),
    replace(case("think_tags", READ, "THINK_TAGS"), name="well again"),
    case("trickling", "late", "LATE", at="trickling", deadline=SHORT),
    case("resetting", "failed", "UNREACHABLE", "ask retry retry", at="resetting"),
    replace(case("fenced", READ, "FENCED"), name="well once more"),
    case("closed", "failed", "UNREACHABLE", "ask retry retry", at="closed"),
    case("flooding", "failed", "MALFORMED", at="flooding"),
    replace(case("tool_calls", READ, "OK"), name="well at last"),
)
LONGER = (
    replace(
        case("prose", "late", "LATE", "ask reask", count=1, deadline=TWICE, also=({"kind": "delay", "seconds": 7, **striking(".x")},)),
        name="prose once, then a delay beyond the deadline",
    ),
)
"""Takes as long as a second question must have left."""

NOT_STREAMED = frozenset(
    {"delay", "server_error", "rate_limit", "auth", "payment", "forbidden", "hanging", "resetting", "closed", "think_tags"}
)
"""Looks the same whether a stream was asked for or not."""

ON_ANSWER = tuple(one for one in CASES if one.name in {"server_error", "fenced", "prose once", "nan", "hanging", "forbidden"})
"""Filled on their own answers, the others must not even wait for the struck one."""


@dataclass
class Line:
    """A real client to a host whose address is known once the stage stands, and may be another in one cycle."""

    profile: object
    model: str
    clients: dict = field(default_factory=dict)
    at: str | None = None

    def connect(self, pool, **urls):
        self.clients = {
            name: ChatClient(
                self.profile,
                pool,
                api_key="sk-sandbox-key",
                chance=random.Random(1),
                base_url=url,
                model=self.model,
                first_pause_seconds=0.01,
            )
            for name, url in urls.items()
        }

    async def ask(self, messages, deadline_seconds):
        return await self.clients[self.at or "sandbox"].ask(messages, deadline_seconds)


@dataclass
class Season:
    """All that was stored of a season, by table and contestant in the order of writing; the calls with their bytes, the cycles' timings."""

    rows: dict
    calls: dict
    timings: dict
    asked: list
    """Requests for a completion that the sandbox counted, by cycle."""
    findings: list
    differences: tuple

    def of(self, table, name, cycle_id):
        return [row for row in self.rows[table, name] if row["cycle_id"] == cycle_id]


def contestant(name, model, *, stream, template="tiltyard@1"):
    profile = replace(SANDBOX, stream=stream)
    return Contestant(name, name, "sandbox", model, "en", Line(profile, model), find_template(template), profile=profile)


def line_up(*, stream):
    return {
        STRUCK: contestant(STRUCK, MODEL, stream=stream),
        "spared": contestant("spared", "trend-rider", stream=stream),
        "elder": contestant("elder", "mean-reverter", stream=not stream, template="alpha-arena-s1@1"),
        "holder": Contestant("holder", "holder", "baseline", "random", "en", None, baseline=Baseline.RANDOM, seed=3),
    }


async def season(folder, cases, *, stream, faults, timing=FillTiming.COMMON):
    """Play one cycle a case, with or without the faults; the clock's hand moves alike."""
    database = await Database.open(f"sqlite:///{folder / f'{faults}.db'}")
    await database.migrate()
    players, pool = line_up(stream=stream), ConnectionPool()
    async with (
        staged(database, players, price_book=PRICES, fill_timing=timing) as stage,
        host(HANG) as hanging,
        host(RESET) as resetting,
        host(stream_of("\n" * LINES_MAX)) as flooding,
        trickling() as trickle,
    ):
        urls = {
            "hanging": hanging.url,
            "resetting": resetting.url,
            "trickling": trickle,
            "flooding": flooding.url,
            "closed": f"http://127.0.0.1:{free_port()}/v1",
        }
        for one in players.values():
            if one.host is not None:
                one.host.connect(pool, sandbox=stage.sandbox.models_url, **urls)
        asked = [await played(stage, place, one, faults=faults) for place, one in enumerate(cases)]
        told = await stored(database, asked, stage)
        await pool.aclose()
    await database.close()
    return told


async def played(stage, place, one, *, faults):
    """A cycle; how many requests the sandbox's host had in it."""
    parts = stage.parts = replace(stage.parts, deadline_seconds=one.deadline)
    if faults:
        stage.sandbox.fail(*one.rules)
        parts.contestants[0].host.at = one.at
    before = stage.sandbox.requests("model.chat")
    await stage.cycle(BEGIN + place * FIVE)
    stage.sandbox.heal()
    if faults and one.code in PAUSING:
        await resume(stage.parts, STRUCK)
    return stage.sandbox.requests("model.chat") - before


@asynccontextmanager
async def trickling():
    """A host that keeps the line open with comments and never says anything."""

    async def serve(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        while not writer.is_closing() and not reader.at_eof():
            writer.write(b": keep-alive\n\n")
            await asyncio.sleep(0.02)  # the host's own pace
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


async def stored(database, asked, stage):
    async with database.reading() as connection:
        rows = {
            (table.name, name): await table_rows(connection, table, name)
            for table in tables.metadata.sorted_tables
            for name in (STRUCK, *SPARED)
            if "contestant_id" in table.c and table.name != "system_logs"
        }
        talks = {row["id"]: row for name in (STRUCK, *SPARED) for row in rows["conversations", name]}
        made = {key: await with_bytes(connection, key) for key in talks}
        ids = sorted({row["cycle_id"] for row in talks.values()})
        timings = {key: (await cycles.get_cycle(connection, key)).timings for key in ids}
        rows["contestants", STRUCK] = [await contestants.get_contestant(connection, STRUCK)]
    by_turn = {(row["contestant_id"], row["cycle_id"]): made[key] for key, row in talks.items()}
    return Season(rows, by_turn, timings, asked, await stage.findings(), await stage.differences())


async def table_rows(connection, table, name):
    order = [table.c.id] if "id" in table.c else list(table.primary_key)
    found = await connection.execute(select(table).where(table.c.contestant_id == name).order_by(*order))
    return [dict(row) for row in found.mappings()]


async def with_bytes(connection, conversation_id):
    made = await calls.calls_of(connection, conversation_id)
    return [(one, await calls.sent_bytes(connection, one), await calls.received_bytes(connection, one)) for one in made]


PAUSING = {"AUTH", "BALANCE", "FORBIDDEN"}
MEASURED = {"first_byte_ms", "ended_ms", "latency_ms"}
"""Real milliseconds; a call's start on the market clock is made of them."""


def told(row, table):
    """A row without what names rows and what is measured."""
    dropped = MEASURED | {"id", "posting", "opened_by", "closed_by"} | ({"started_at"} if table == "calls" else set())
    return {key: value for key, value in row.items() if key not in dropped and (not key.endswith("_id") or key == "cycle_id")}


@pytest.fixture(scope="module", params=["whole", "stream", "on_answer"])
def seasons(request, tmp_path_factory):
    """(cases, with faults, without) of one way to play."""
    folder, on_answer = tmp_path_factory.mktemp("seasons"), request.param == "on_answer"
    streamed = tuple(one for one in CASES if " " not in one.name and one.name not in NOT_STREAMED)
    cases = {"whole": (*CASES, *LONGER), "stream": streamed, "on_answer": ON_ANSWER}[request.param]
    how = {"stream": request.param == "stream", "timing": FillTiming.ON_ANSWER if on_answer else FillTiming.COMMON}
    with_faults = asyncio.run(season(folder, cases, faults=True, **how))
    return cases, with_faults, asyncio.run(season(folder, cases, faults=False, **how))


def test_every_fault_that_can_strike_a_model_is_in_the_season():
    assert {FaultKind(rule["kind"]) for one in CASES for rule in one.rules} == set(FaultKind) - CONTENT_KINDS


@pytest.mark.parametrize("name", SPARED)
def test_nothing_of_another_contestant_differs_from_a_season_without_faults(seasons, name):
    cases, faulty, calm = seasons
    for (table, whose), rows in calm.rows.items():
        if whose != name:
            continue
        assert [told(row, table) for row in faulty.rows[table, name]] == [told(row, table) for row in rows], table
    for key, made in calm.calls.items():
        if key[0] == name:
            assert [one[1:] for one in faulty.calls[key]] == [one[1:] for one in made]
    assert len(calm.rows["turns", name]) == len(cases)
    assert calm.rows["fills", name]


def test_the_books_are_sound_and_a_replay_finds_the_same(seasons):
    _, faulty, calm = seasons
    assert faulty.findings == calm.findings == []
    assert faulty.differences == calm.differences == ()


def test_the_struck_one_ends_each_turn_as_its_fault_says(seasons):
    cases, faulty, _ = seasons
    found = [(one.name, *ended(faulty, place)) for place, one in enumerate(cases, start=1)]
    assert found == [(one.name, one.outcome, one.code, one.purposes) for one in cases]


def ended(faulty, cycle_id):
    (turn,) = faulty.of("turns", STRUCK, cycle_id)
    outcome = READ if turn["outcome"] in {"traded", "held"} else turn["outcome"]
    return outcome, turn["code"], " ".join(one.purpose for one, _, _ in faulty.calls[STRUCK, cycle_id])


def test_a_fault_leaves_the_struck_ones_books_alone_and_a_readable_reply_is_carried_out(seasons):
    cases, faulty, _ = seasons
    for place, one in enumerate(cases, start=1):
        rows = faulty.of("decisions", STRUCK, place)
        carried = [row["decision_id"] for row in faulty.of("orders", STRUCK, place) if row["source"] == "decision"]
        assert sorted(carried) == [row["id"] for row in rows if row["verdict"] == "accepted"], one.name
        if one.outcome == READ:
            assert [(row["action"], row["symbol"]) for row in rows] == said(faulty.calls[STRUCK, place]), one.name
        else:
            assert ([row["action"] for row in rows], carried) == (["hold"], []), one.name


def said(made):
    """What the scripted model answered to the last question: the actions, before any spoiling."""
    messages = json.loads(made[-1][1])["messages"]
    reply = json.loads(decide(MODEL, "\n".join(one["content"] for one in messages)).text)
    return [(one["action"], one["symbol"]) for one in reply["actions"]]


def test_every_request_that_the_host_counted_is_stored_once(seasons):
    cases, faulty, _ = seasons
    for place, (one, counted) in enumerate(zip(cases, faulty.asked, strict=True), start=1):
        made = {name: faulty.calls.get((name, place), []) for name in (STRUCK, *SPARED)}
        if one.at is not None:
            made.pop(STRUCK)
        assert counted == sum(len(calls) for calls in made.values()), one.name
        for numbered in made.values():
            assert [call.number for call, _, _ in numbered] == list(range(1, len(numbered) + 1))


def test_a_retry_sends_the_same_bytes_again(seasons):
    _, faulty, _ = seasons
    for made in faulty.calls.values():
        for (_, earlier, _), (call, later, _) in pairwise(made):
            assert (earlier == later) is (call.purpose == "retry")


def test_each_call_is_priced_at_most_once_and_a_turn_costs_the_sum_of_its_calls(seasons):
    _, faulty, _ = seasons
    for name in (STRUCK, *SPARED):
        spent = Decimal(0)
        for row in faulty.rows["conversations", name]:
            made = [call for call, _, _ in faulty.calls[name, row["cycle_id"]]]
            assert all((call.cost_usd is None) is (not call.usage) for call in made)
            assert all(call.cost_usd == price(call.usage) for call in made if call.usage)
            assert (row["cost_usd"] or 0) == sum(call.cost_usd or 0 for call in made)
            assert row["calls"] == len(made)
            spent += row["cost_usd"] or 0
        (totals,) = faulty.rows["contestant_totals", name]
        assert totals["cost_usd"] == spent
    assert spent == 0  # a baseline costs nothing
    assert faulty.rows["contestant_totals", STRUCK][0]["cost_usd"] > 0


def price(usage):
    cached = usage["prompt_tokens_details"]["cached_tokens"]
    return (2 * (usage["prompt_tokens"] - cached) + Decimal("0.5") * cached + 8 * usage["completion_tokens"]) / Decimal(1_000_000)


def test_no_fault_holds_up_the_asking_beyond_the_deadline(seasons):
    cases, faulty, _ = seasons
    late = {one.name: faulty.timings[place]["ask"] for place, one in enumerate(cases, start=1)}
    assert {one.name for one in cases if late[one.name] > (one.deadline + 1) * 1000} == set()


def test_a_refused_key_paused_the_struck_one_each_time_with_an_instruction(seasons):
    cases, faulty, _ = seasons
    events = [(row["cycle_id"], row["code"]) for row in faulty.rows["contestant_events", STRUCK] if row["kind"] == "paused"]
    assert events == [(place, one.code) for place, one in enumerate(cases, start=1) if one.code in PAUSING]
    assert faulty.rows["contestants", STRUCK][0].state == "active"
