"""A stored response read again: what was thought and said is in the bytes, so that nothing of it needs to be stored twice. Pure."""

from app.llm.draft import MalformedReplyError
from app.llm.intake import ErrorEventError, Intake, is_stream
from app.llm.outcome import Reply
from app.llm.profile import Profile

__all__ = ["is_stream", "read_wire"]

PIECE_BYTES = 65_536


def read_wire(received: bytes, profile: Profile, *, streamed: bool) -> Reply:
    """Text, thinking, tool calls and usage out of a response body; what can't be read stays empty. `is_stream` tells `streamed`.

    Never raises: a body that breaks off gives what had come by then, an error answer gives an empty reply.
    """
    intake = Intake(profile, streamed=streamed)
    try:
        for start in range(0, len(received), PIECE_BYTES):
            intake.take(received[start : start + PIECE_BYTES])
        intake.finish()
    except (MalformedReplyError, ErrorEventError, ValueError, RecursionError):
        return intake.draft.reply()
    return intake.draft.reply()
