"""Replays: the same decisions over the same prices give the same books, with a database (`stored`) or without one (`replay`).

The library's names are loaded when they are asked for: Arrow is heavy, and a stored replay needs none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.replay.inputs import ReplayInputError, read_decisions, read_market
    from app.replay.run import Lane, replay
    from app.replay.stage import Terms
    from app.replay.tables import ReplayTables

__all__ = ["Lane", "ReplayInputError", "ReplayTables", "Terms", "read_decisions", "read_market", "replay"]

_HOMES = {
    "Lane": "run",
    "ReplayInputError": "inputs",
    "ReplayTables": "tables",
    "Terms": "stage",
    "read_decisions": "inputs",
    "read_market": "inputs",
    "replay": "run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
