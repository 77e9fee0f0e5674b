"""What was changed of a reply is an event, counted once, and the rates follow from the events and outcomes of turns."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.store import contestant_events, tables, turns
from app.store.contestant_events import ConductTotals, EventKind, NewEvent
from tests.engine.markets import NOON
from tests.store.stage import begin, claim, findings


def happened(cycle_id, kind=EventKind.REPAIR, contestant="qwen3", **changes):
    about = {
        "at": NOON,
        "contestant_id": contestant,
        "cycle_id": cycle_id,
        "kind": kind,
        "code": "FENCE",
        "subject": "reply",
        "message": "a fence",
    }
    return NewEvent(**{**about, **changes})


async def turn(database, season_id, index, outcome, *kinds, after=()):
    """One turn of qwen3 with events before and after its settlement."""
    cycle_id = await claim(database, season_id, due_at=NOON + timedelta(minutes=5 * index))
    async with database.writing() as connection:
        await turns.start_turns(connection, cycle_id, ["qwen3"], started_at=NOON, asked_at=NOON)
        await contestant_events.save_events(connection, [happened(cycle_id, kind) for kind in kinds])
        await turns.settle_turn(connection, cycle_id, "qwen3", outcome=outcome, detail=None, settled_at=NOON)
        await contestant_events.save_events(connection, [happened(cycle_id, kind) for kind in after])
    return cycle_id


async def conduct(database, season_id, name="qwen3"):
    async with database.reading() as connection:
        return (await contestant_events.counts(connection, season_id))[name]


@pytest.mark.parametrize(
    ("outcome", "kinds", "expected"),
    [
        ("traded", (), ConductTotals(turns=1, as_written=1)),
        ("held", ("remark",), ConductTotals(turns=1, as_written=1)),
        ("traded", ("repair", "repair", "clamp"), ConductTotals(turns=1, interventions=1, repairs=2, clamps=1)),
        ("held", ("refusal",), ConductTotals(turns=1, interventions=1, refusals=1)),
        ("traded", ("partial",), ConductTotals(turns=1, as_written=1, interventions=1)),
        ("late", ("late",), ConductTotals(turns=1, interventions=1, late=1)),
        ("failed", (), ConductTotals(turns=1, interventions=1, failed=1)),
        ("refused", ("reask", "refusal"), ConductTotals(turns=1, interventions=1, failed=1, refusals=1)),
        ("interrupted", ("repair",), ConductTotals(repairs=1)),
    ],
)
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
async def test_a_turn_counts_by_its_outcome_and_events_whichever_is_saved_first(database, outcome, kinds, expected, late):
    season_id = await begin(database)
    await turn(database, season_id, 0, outcome, *(() if late else kinds), after=kinds if late else ())
    assert await conduct(database, season_id) == expected
    assert await conduct(database, season_id, "kimi") == ConductTotals()
    assert await findings(database) == []


async def test_turns_add_up_and_events_outside_of_turns_change_no_rate(database):
    season_id = await begin(database)
    await turn(database, season_id, 0, "traded")
    cycle_id = await turn(database, season_id, 1, "traded", "repair", after=("forced_exit", "repair"))
    async with database.writing() as connection:
        await contestant_events.save_events(connection, [happened(None, "forced_exit"), happened(cycle_id, "paused", "kimi")])
        await contestant_events.save_events(connection, [])
    assert await conduct(database, season_id) == ConductTotals(turns=2, as_written=1, interventions=1, repairs=2)
    assert await findings(database) == []


async def test_turns_cut_off_and_turns_nobody_was_asked_in_count_in_no_rate(database):
    season_id = await begin(database)
    cycle_id = await claim(database, season_id)
    async with database.writing() as connection:
        await turns.start_turns(connection, cycle_id, ["qwen3", "kimi"], started_at=NOON, asked_at=NOON)
        assert await turns.close_open_turns(connection, cycle_id, outcome="interrupted", detail="killed", settled_at=NOON) == 2
        await connection.execute(update(tables.cycles).values(kind="operator", due_at=NOON + timedelta(1)))
        by_hand = await turns.turns_of(connection, cycle_id)
    other = await claim(database, season_id)
    async with database.writing() as connection:
        await connection.execute(update(tables.cycles).where(tables.cycles.c.id == other).values(kind="operator"))
        await turns.start_turns(connection, other, ["kimi"], started_at=NOON)
        await contestant_events.save_events(connection, [happened(other, "forced_exit", "kimi")])
        await turns.settle_turn(connection, other, "kimi", outcome="traded", detail=None, settled_at=NOON)
    assert [one.outcome for one in by_hand] == ["interrupted"] * 2
    assert await conduct(database, season_id, "kimi") == ConductTotals()
    assert await findings(database) == []


async def test_events_are_found_by_cycle_by_contestant_and_by_kind(database):
    season_id = await begin(database)
    one = await claim(database, season_id)
    two = await claim(database, season_id, due_at=NOON + timedelta(minutes=5))
    async with database.writing() as connection:
        await contestant_events.save_events(
            connection, [happened(one), happened(one, "clamp", before="50", after="20"), happened(two, "clamp", "kimi")]
        )
        of_cycle = await contestant_events.events_of_cycle(connection, one)
        clamps = await contestant_events.list_events(connection, contestant="qwen3", kind="clamp")
        newest = await contestant_events.list_events(connection, limit=1)
    assert [event.kind for event in of_cycle] == ["repair", "clamp"]
    assert [(event.before, event.after) for event in clamps] == [("50", "20")]
    assert [event.contestant_id for event in newest] == ["kimi"]
